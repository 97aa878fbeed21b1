"""YAML to Profile: every problem at once, each with its line and a remedy."""
