"""The profile's image made present: local, pulled, built or bootstrapped."""
