"""Scripts that run inside a target's own Python: standard library, Python 3.6 and later."""
