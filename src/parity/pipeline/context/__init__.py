"""What one run is given: its request and its world."""
