#!/usr/bin/env python3
"""Installs the bundle in this folder: `python3 install.py PREFIX`. See README.txt."""

import posix
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("install.py needs Python 3.6 or later; this is Python %d.%d\n" % sys.version_info[:2])
    sys.exit(62)

# Start over, out of reach of PYTHONPATH and of what lies beside this file. Until then nothing is imported
# but what is built into the interpreter: not even `__future__` or `os`, which `python3 -S` would take from
# this folder. Without a PATH, Python does not know where it lies itself; the kernel does.
if not (sys.flags.isolated and sys.executable):
    program = sys.executable or posix.readlink("/proc/self/exe")
    again = [program, "-I", "-B", __file__]
    posix.execv(program, again + sys.argv[1:])

import os

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True


def main():  # type: () -> int
    """Run the command line of the far side's code in this folder."""
    import runpy  # noqa: PLC0415 - after the line above

    start = runpy.run_path(os.path.join(HERE, "farside", "farside", "__main__.py"))["run"]
    return int(start(HERE))


if __name__ == "__main__":
    sys.exit(main())
