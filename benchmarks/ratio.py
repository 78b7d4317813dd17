"""How one rate compares with another."""


def divide(rate: float | None, by: float | None) -> float | None:
    """Return a ratio, or None where one of the two was not measured."""
    return round(rate / by, 4) if rate is not None and by else None
