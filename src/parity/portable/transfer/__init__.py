"""Bundles on their way: deltas and volumes."""
