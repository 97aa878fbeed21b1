"""The bundle's format: read, verified, unpacked."""
