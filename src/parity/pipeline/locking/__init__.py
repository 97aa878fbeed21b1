"""From requirements and projects to a lock."""
