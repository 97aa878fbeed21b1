"""The lock to a wheel set in the engine's store."""
