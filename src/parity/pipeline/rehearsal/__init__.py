"""The rehearsal, what it searches for, and what is remembered of it."""
