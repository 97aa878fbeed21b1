"""The story, told by one function; it does nothing to the world by itself."""
