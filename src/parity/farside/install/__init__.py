"""Releases below a prefix: planned, made, swapped, recorded."""
