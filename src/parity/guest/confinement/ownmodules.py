"""Which modules a guest script is made of: its own and the standard library's, never an environment's.

A Python may lack a part of its standard library (`_bz2`, `_ctypes`), and parts of it try what is there on
other systems alone (`org.python`, `msvcrt`). A package that has a module of that name would run in the
process that speaks for all packages.
"""

import os
import sys
from typing import List

_everything: List[str] = []


def alone() -> None:
    """Look for modules nowhere else from now on; to be called before anything else is imported."""
    _everything[:] = sys.path
    parts = ("lib-dynload", "python%d%d.zip" % sys.version_info[:2])
    library = os.path.dirname(os.__file__)
    # The first entry is the folder of the guest scripts themselves.
    sys.path[1:] = [each for each in sys.path[1:] if each == library or os.path.basename(each) in parts]


def with_all() -> None:
    """Look for them wherever this interpreter does by itself."""
    sys.path[:] = _everything or sys.path
