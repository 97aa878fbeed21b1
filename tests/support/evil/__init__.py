"""Git repositories that mean harm, and odd ones that do not; made with git's own plumbing."""
