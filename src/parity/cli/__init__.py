"""Words on the command line to calls; the only room that prints and exits."""

from __future__ import annotations

import sys

from parity.cli.app import app
from parity.cli.output import crash, fail
from parity.cli.signals import install_handlers
from parity.errors import ParityError
from parity.farside.errors import FarsideError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line and exit; see `parity.errors` for the exit codes."""
    install_handlers()
    try:
        app()
    except (ParityError, FarsideError) as error:
        sys.exit(fail(error))
    except BrokenPipeError:  # whoever read our output has seen enough
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:  # noqa: BLE001 - the last door: no traceback reaches the user unasked
        sys.exit(crash(error))
