#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""parity's far side in one file: verifies bundles and installs them on a machine without a network.

    python3 parity-farside.py install BUNDLE --key SENDER.pub --prefix /opt/app
    python3 parity-farside.py --help

Carry this file and the sender's public key to the machine by another way than the bundles, once; compare
their SHA-256 digests with the sender's by telephone. It needs Python 3.6 or later and, for signatures, the
machine's own openssl (1.1.1 or later). It uses no network.

It can be read from top to bottom: below stand, between lines of dashes, the modules of `portable` and
`farside` exactly as parity has them; what comes after them loads and runs them.
"""

import posix
import sys

if sys.version_info < (3, 6):
    sys.stderr.write("this needs Python 3.6 or later; it was started with %d.%d\n" % sys.version_info[:2])
    sys.exit(62)

# Start over, out of reach of PYTHONPATH and of what lies beside this file. Until then nothing is imported
# but what is built into the interpreter: not even `__future__` or `os`, which `python3 -S` would take from
# this folder. Without a PATH, Python does not know where it lies itself; the kernel does.
if not (sys.flags.isolated and sys.executable):
    program = sys.executable or posix.readlink("/proc/self/exe")
    again = [program, "-I", "-B", __file__]
    posix.execv(program, again + sys.argv[1:])

import importlib.abc
import importlib.machinery
import importlib.util
import os
import types  # noqa: F401 - for a comment that tells a type

VERSION = "@VERSION@"
SOURCES = {}  # type: dict[str, str]
# @SOURCES@


class SourceFinder(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds parity's modules in SOURCES and nowhere else."""

    def find_spec(self, fullname, _path, _target=None):  # type: (str, object, object) -> importlib.machinery.ModuleSpec | None
        """Say where a module is, if it is one of ours."""
        if fullname not in SOURCES:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=self.is_package(fullname))

    def is_package(self, fullname):  # type: (str) -> bool
        """Whether modules lie below it."""
        return any(name.startswith(fullname + ".") for name in SOURCES)

    def get_source(self, fullname):  # type: (str) -> str
        """A module's text, without the newline that stands before it for readability."""
        return SOURCES[fullname][1:]

    def get_code(self, fullname):  # type: (str) -> types.CodeType
        """A module's code, under a name by which a traceback finds the text above."""
        name = os.path.join(os.path.abspath(__file__), fullname.replace(".", os.sep) + ".py")
        return self.source_to_code(self.get_source(fullname), name)


def main():  # type: () -> int
    """Run the command line."""
    sys.meta_path.insert(0, SourceFinder())
    package = importlib.import_module("parity.farside")
    setattr(package, "SCRIPT", os.path.abspath(__file__))  # noqa: B010
    return int(importlib.import_module("parity.farside.entry").start())


if __name__ == "__main__":
    sys.exit(main())
