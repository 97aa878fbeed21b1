#!/usr/bin/env python3
"""Installs the bundle in this folder: `python3 install.py PREFIX`. See README.txt."""

from __future__ import print_function

import os
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("install.py needs Python 3.6 or later; this is Python %d.%d\n" % sys.version_info[:2])
    sys.exit(62)

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
# What lies beside this file must not stand in for the standard library.
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != HERE]


def main():  # type: () -> int
    """Load the far side's package from this folder and nowhere else, and run its command line."""
    import importlib.util  # noqa: PLC0415 - Python 2.7, which gets a polite word, has none

    folder = os.path.join(HERE, "farside")
    spec = importlib.util.spec_from_file_location(
        "farside", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError("there is no farside folder beside install.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["farside"] = module
    spec.loader.exec_module(module)
    return int(importlib.import_module("farside.main").main(HERE))


if __name__ == "__main__":
    sys.exit(main())
