"""Bundles offered as a package index."""
