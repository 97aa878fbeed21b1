"""The distribution's own packages, installed."""
