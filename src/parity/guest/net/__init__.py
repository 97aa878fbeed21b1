"""Package indexes and downloads, as seen from inside the container."""
