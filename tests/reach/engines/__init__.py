"""Engines that `make reach` brings up for itself, each below .state/reach, and takes down afterwards."""
