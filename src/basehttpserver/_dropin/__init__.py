"""The modules that stand in place of ``http.server`` and of Python 2's, one file for each.

`basehttpserver.dropin` executes them under the names of those whose place they take.
"""
