"""Sources to stored wheels."""
