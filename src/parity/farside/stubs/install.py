#!/usr/bin/env python3
"""Installs the bundle in this folder: `python3 install.py PREFIX`. See README.txt."""

from __future__ import print_function

import os
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("install.py needs Python 3.6 or later; this is Python %d.%d\n" % sys.version_info[:2])
    sys.exit(62)

HERE = os.path.dirname(os.path.abspath(__file__))
# Start over, out of reach of PYTHONPATH and of what lies beside this file. Without a PATH, Python does
# not know where it lies itself; the kernel does.
if not (sys.flags.isolated and sys.executable):
    program = sys.executable or os.path.realpath("/proc/self/exe")
    again = [program, "-I", "-B", os.path.abspath(__file__)]
    os.execv(program, again + sys.argv[1:])  # noqa: S606
sys.dont_write_bytecode = True


def main():  # type: () -> int
    """Run the command line of the far side's code in this folder."""
    import runpy  # noqa: PLC0415 - after the line above

    start = runpy.run_path(os.path.join(HERE, "farside", "__main__.py"))["run"]
    return int(start(HERE))


if __name__ == "__main__":
    sys.exit(main())
