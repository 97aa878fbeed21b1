"""`.pth` files whose every line is known and does no harm. Standard library only, Python 3.6 and later.

The interpreter runs each line that begins with `import` at every start (`site`). Packages built with
old setuptools carry one for namespace packages, and setuptools carries one of its own; both are so
common, and so exactly alike, that they are known here by their text.
"""

import re

# setuptools makes its own distutils importable; the module it imports comes from setuptools' wheel.
_SETUPTOOLS = re.compile(
    r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\)"
    r" == 'local'; enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;"
)
# setuptools' `_nspkg_tmpl` (setuptools/namespaces.py): makes an empty package in site-packages.
_NAMESPACE = re.compile(
    r"import sys, types, os;has_mfs = sys\.version_info > \(3, 5\);"
    r"p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\((?:'\w+',? ?)+\)\);"
    r"importlib = has_mfs and __import__\('importlib\.util'\);"
    r"has_mfs and __import__\('importlib\.machinery'\);"
    r"m = has_mfs and sys\.modules\.setdefault\('[\w.]+', importlib\.util\.module_from_spec\("
    r"importlib\.machinery\.PathFinder\.find_spec\('[\w.]+', \[os\.path\.dirname\(p\)\]\)\)\);"
    r"m = m or sys\.modules\.setdefault\('[\w.]+', types\.ModuleType\('[\w.]+'\)\);"
    r"mp = \(m or \[\]\) and m\.__dict__\.setdefault\('__path__',\[\]\);\(p not in mp\) and mp\.append\(p\)"
    r"(?:;m and setattr\(sys\.modules\['[\w.]+'\], '\w+', m\))?"
)


def is_known(raw: bytes, package: str) -> bool:
    """Whether every line of a `.pth` file is blank, a comment or one of the known ones.

    Args:
        raw: the file's bytes.
        package: the normalised name of the wheel's project: setuptools' line is its alone.
    """
    try:
        lines = raw.decode("ascii").splitlines()
    except UnicodeDecodeError:
        return False
    return all(_is_known_line(line.rstrip(), package) for line in lines)


def _is_known_line(line: str, package: str) -> bool:
    if not line or line.startswith("#") or _NAMESPACE.fullmatch(line):
        return True
    return package == "setuptools" and _SETUPTOOLS.fullmatch(line) is not None
