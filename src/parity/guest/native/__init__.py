"""Native libraries: what needs what, and who brings it."""
