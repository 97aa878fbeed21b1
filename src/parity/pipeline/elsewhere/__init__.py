"""One build on another machine: what goes there, what comes back, and what is checked of it."""
