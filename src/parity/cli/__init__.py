"""Words on the command line to calls; the only room that prints and exits."""


def main() -> None:
    """Run the command line."""
