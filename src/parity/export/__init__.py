"""What is made from a finished bundle: a container image, the finished environment."""
