"""What several commands use: the terminal, keys, the world that they work in."""
