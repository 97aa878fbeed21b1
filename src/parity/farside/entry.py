"""How this code is started, here or under another interpreter. Python 3.6 and later."""

import importlib
import os
import sys
from typing import List

# As `WrongHost` in `errors`, which this Python may not be able to import.
_WRONG_HOST = 62


def start(folder: str = "") -> int:
    """Run the command line; gives the exit code, one of `errors` where this Python is not whole.

    Args:
        folder: see `cli.main.main`.
    """
    _open_standard_streams()
    try:
        main = importlib.import_module((__package__ or "") + ".cli.main").main
    except ModuleNotFoundError as error:  # python3-minimal of Debian; or built without zlib, say
        sys.stderr.write(
            f"parity: {sys.executable} has no module {error.name!r}: its standard library is not whole\n"
            "parity: what to do: install all of Python (python3, where there is only python3-minimal)\n"
        )
        return _WRONG_HOST
    return int(main(folder))


def _open_standard_streams() -> None:
    """Where the caller closed some, a file of ours would get such a number, and children write into it."""
    number = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    while number < 3:  # noqa: PLR2004
        os.set_inheritable(number, True)
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - until the end
    sys.stderr = sys.stderr or sys.stdout


def own_file() -> str:
    """The single file that all of this was loaded from; empty where it lies in a folder."""
    # Modules of the single file have no `__file__`; it leaves its name in the package.
    return str(getattr(sys.modules[__package__ or ""], "SCRIPT", ""))


def command(python: str) -> List[str]:
    """The words that start this code's command line under an interpreter, shielded from the caller.

    What is started is `__main__.py` beside this module or, where all of it was loaded from the single
    file, that file, which says so in the package's SCRIPT.
    """
    script = own_file() or os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    # -I: the caller's PYTHON* variables and its folder have no say; -B: nothing is written beside the
    # bundle's files.
    return [python, "-I", "-B", script]
