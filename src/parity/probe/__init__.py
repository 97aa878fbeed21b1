"""Facts measured inside the image, and the parity check against the profile."""
