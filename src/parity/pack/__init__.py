"""Canonical bytes, the manifest and the atomic write."""
