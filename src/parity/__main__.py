"""`python -m parity` is the command `parity`."""

import signal


def main() -> None:
    """Run the command line and exit, see `parity.cli`."""
    # Imports take a while: until our own handler is there, Ctrl-C ends this as it ends any other program.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from parity.cli import main as run  # noqa: PLC0415

    run()


if __name__ == "__main__":
    main()
