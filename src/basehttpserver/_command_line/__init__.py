"""What ``python -m basehttpserver`` is made of."""
