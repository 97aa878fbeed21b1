"""The groups of `make reach`, one module each."""
