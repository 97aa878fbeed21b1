"""A carried project's checkout, synced."""
