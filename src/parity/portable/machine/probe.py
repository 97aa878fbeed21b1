"""The command line of the carried probe (`parity probe --script`): facts to stdout or to a file.

Standard library only, Python 3.6 and later. Together with `platformtags` and `facts` it makes the
one file that `parity.probe.script` puts together.
"""

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, List, Optional

from . import facts

if TYPE_CHECKING:
    from ..documents.evidence import FactsDocument

_NOT_WRITTEN = 74
"""As `FileNotWritten` in `errors`, which would be the largest part of the carried file."""


def main(arguments: Optional[List[str]] = None) -> int:
    """Measure this machine with the interpreter that runs this; gives the exit code."""
    options = _parser().parse_args(arguments)
    text = render(facts.measure())
    if not options.output:
        sys.stdout.write(text)
        return 0
    try:
        _write(options.output, text)
    except OSError as error:
        sys.stderr.write(f"parity: cannot write {options.output!a}: {error.strerror or error}\n")
        sys.stderr.write("parity: what to do: name another file with -o, or leave -o out\n")
        return _NOT_WRITTEN
    return 0


def render(document: "FactsDocument") -> str:
    """Facts as text: JSON in ASCII, sorted keys, so that the same machine gives the same bytes."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _write(path: str, text: str) -> None:
    """Whole or not at all: an older file of that name stays until the new one is complete."""
    partial = path + ".partial"
    with open(partial, "w", encoding="ascii") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="probe.py",
        description="Measure this machine with the Python that runs this: OS release, C library, "
        "interpreter, wheel tags, pip. No network, no host name, nothing written but FILE. Run it with "
        "the interpreter that will run the software, such as: python3.9 probe.py -o facts.json",
    )
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="write there instead of stdout")
    return parser
