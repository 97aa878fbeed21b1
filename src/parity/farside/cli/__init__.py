"""The far side's command line."""
