"""Processes that run a package's code, and what keeps them from the guest's own."""
