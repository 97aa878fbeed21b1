"""Wheels: read, judged, installed."""
