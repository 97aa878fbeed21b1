"""Wheels judged as files before anything of theirs runs."""
