"""The whole command line, for those who look at more than one command: help, man page, documentation."""

from parity.cli.table import command_line

app = command_line()
