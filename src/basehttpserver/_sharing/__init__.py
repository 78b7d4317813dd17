"""What makes a served folder one that people share."""
