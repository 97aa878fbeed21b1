"""Starts the far side's command line from this folder: `python3 -I -B farside WORDS`.

It loads its package, and `portable` beside it, from where it lies and from nowhere else, whatever is on
sys.path.
"""

import importlib
import importlib.util
import os
import sys

_NAME = "parity"


def run(folder: str = "") -> int:
    """Run the command line; gives its exit code.

    Args:
        folder: the unpacked bundle that an `install` without a bundle's name is about.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    # Not a plain import: another package called `parity` may be installed on the host.
    spec = importlib.util.spec_from_file_location(
        _NAME, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {_NAME} in {here}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[_NAME] = package
    spec.loader.exec_module(package)
    return int(importlib.import_module(_NAME + ".farside.entry").start(folder))


if __name__ == "__main__":
    sys.exit(run())
