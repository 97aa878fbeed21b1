"""Where an environment's packages lie. Standard library only, Python 3.6 and later."""

import glob
import os
from typing import List

# CPython's, PyPy's, and PyPy's before Python 3.8.
_PATTERNS = ("lib/python3*/site-packages", "lib/pypy3*/site-packages", "site-packages")


def site_packages(environment: str) -> List[str]:
    """The folders `site-packages` of an environment: one, or none where it has none."""
    # A folder may be called `[x]`.
    root = glob.escape(environment)
    found = [path for pattern in _PATTERNS for path in glob.glob(os.path.join(root, pattern))]
    return [path for path in found if os.path.isdir(path)]


def dist_infos(environment: str) -> List[str]:
    """The folders `NAME-VERSION.dist-info` of an environment."""
    pattern = "*.dist-info"
    return [
        path
        for site in site_packages(environment)
        for path in glob.glob(os.path.join(glob.escape(site), pattern))
    ]
