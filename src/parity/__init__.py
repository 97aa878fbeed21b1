"""parity: Python environments for machines without a network, proved before they travel."""

__version__ = "0.1.0"
