"""The distribution's packages, asked of its own managers."""
