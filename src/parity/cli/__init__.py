"""Words on the command line to calls; the only room that prints and exits."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Callable

from parity.cli.signals import Signals
from parity.errors import RootError

__all__ = ["main"]

_STDERR = 2
_ASK_INDEX = ("build", "lock", "plan", "outdated")
"""Commands that always want pip's settings."""


def main(load: Callable[[], Callable[[], object]] | None = None) -> None:
    """Run the command line and exit; see `parity.errors` for the exit codes.

    Args:
        load: gives what is run, if that is not the command line.
    """
    _open_standard_streams()
    for stream in (sys.stdout, sys.stderr):  # a terminal of few letters, a name of undecodable bytes
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signals = Signals()
    signals.install()
    try:
        app = (load or _imported)()
        signals.heed()
        _run(app)
    except RootError as error:
        from parity.cli.shared.output import fail  # noqa: PLC0415

        sys.exit(fail(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        # Else the interpreter would complain on its way out about output that it cannot write.
        sys.stderr.close()
        # 128 + SIGPIPE, as a program ends that does not catch it.
        sys.exit(141)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches the user unasked
        from parity.cli.shared.output import crash  # noqa: PLC0415

        sys.exit(crash(error))


def _open_standard_streams() -> None:
    """Give the streams that whoever started us has closed a place: the next file would get their numbers."""
    number = os.open(os.devnull, os.O_RDWR)
    while number <= _STDERR:
        os.set_inheritable(number, True)  # programs that we start expect the three, too
        number = os.dup(number)
    os.close(number)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 - as long as we run
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def _run(app: Callable[[], object]) -> None:
    """Run the command; what it said and cannot be written is its error, not one of the interpreter's end."""
    try:
        app()
    finally:
        sys.stdout.flush()


def _imported() -> Callable[[], object]:
    """The command line, imported late: it takes a quarter of a second, in which Ctrl-C may come already."""
    gc.disable()  # looking for garbage would take a fifth of that time, and there is none
    command = "".join(sys.argv[1:2])
    if command in _ASK_INDEX and not {"--help", "-h"} & {*sys.argv}:
        from parity.host import pipconf  # noqa: PLC0415

        pipconf.begin(os.environ)
    from parity.cli.table import command_line  # noqa: PLC0415

    app = command_line(command)
    # What was imported stays for good; the collector need not look at it again.
    gc.freeze()
    gc.enable()
    return app
