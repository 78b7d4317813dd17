"""How Hypothesis runs here: the same examples each time, and few enough for every run."""

from hypothesis import settings

quick = settings(derandomize=True, max_examples=300, deadline=None, database=None)
slow = settings(derandomize=True, max_examples=100, deadline=None, database=None)
