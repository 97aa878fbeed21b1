"""One module for each job that `run_guest` can ask for."""
