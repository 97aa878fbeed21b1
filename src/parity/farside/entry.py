"""How to start this code under another interpreter. Standard library only, Python 3.6 and later."""

import os
import sys
from typing import List


def command(python: str) -> List[str]:
    """The words that start this code's command line under an interpreter, shielded from the caller.

    What is started is `__main__.py` beside this module or, where all of it was loaded from the single
    file, that file, which says so in the package's SCRIPT.
    """
    package = sys.modules[__package__ or ""]
    script = getattr(package, "SCRIPT", "")
    if not script:  # modules of the single file have no `__file__`
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    return [python, "-I", "-B", script]
