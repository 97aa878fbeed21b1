"""The campaigns of `make attack`, one file each; see `tests.attack.__main__`."""
