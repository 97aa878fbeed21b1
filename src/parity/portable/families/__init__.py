"""The families of distributions, by the form of their packages: one module each, listed in `registry`."""
