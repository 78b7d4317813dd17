"""What goes wrong with one server in one scenario: it is written down, and the run goes on."""


class MeasurementError(Exception):
    """A server does not start, answers wrongly, or cannot be measured; the text says which."""
