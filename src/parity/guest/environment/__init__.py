"""Environments inside the container: made, shielded, looked into."""
