"""`.pth` files whose every line is known and does no harm. Standard library only, Python 3.6 and later.

The interpreter runs each line that begins with `import` at every start (`site`). Packages built with
old setuptools carry one for namespace packages; setuptools, coverage and pytest-cov carry one of their own.
They are so common, and so exactly alike, that they are known here by their text.
"""

import re
from typing import Collection, List, Match, Optional

from .modules import is_reserved, module_of
from .ownlines import uses_only_own
from .pathlines import folder_of, is_own_folder

# setuptools makes its own distutils importable; the module it imports comes from setuptools' wheel.
_SETUPTOOLS = re.compile(
    r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\)"
    r" == 'local'; enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;"
)
# coverage measures child processes where its variables ask for it; the module comes from its own wheel.
_COVERAGE = re.compile(
    r"import sys; exec\('import os\\n\\nif os\.getenv\(\"COVERAGE_PROCESS_START\"\)"
    r" or os\.getenv\(\"COVERAGE_PROCESS_CONFIG\"\):\\n try:\\n  import coverage\\n except:\\n  pass\\n"
    r" else:\\n  coverage\.process_startup\((?:slug=\"pth\")?\)'\)"
)
# pytest-cov up to 6.3 does the same, and says why where it cannot.
_PYTEST_COV = re.compile(
    re.escape(
        r"""import os, sys;exec('if \'COV_CORE_SOURCE\' in os.environ:\n try:\n  from pytest_cov.emb"""
        r"""ed import init\n  init()\n except Exception as exc:\n  sys.stderr.write(\n   "pytest-cov"""
        r""": Failed to setup subprocess coverage. "\n   "Environ: {0!r} "\n   "Exception: {1!r}\\n"""
        r"""".format(\n    dict((k, v) for k, v in os.environ.items() if k.startswith(\'COV_CORE\')),"""
        r"""\n    exc\n   )\n  )\n')"""
    )
)
_OF_ONE = {"pytest-cov": _PYTEST_COV, "setuptools": _SETUPTOOLS, "coverage": _COVERAGE}
# setuptools' `_nspkg_tmpl` (setuptools/namespaces.py), later without `has_mfs`: makes an empty package in
# site-packages.
_NAMESPACE = re.compile(
    r"import sys, types, os;(?P<old>has_mfs = sys\.version_info > \(3, 5\);)?"
    r"p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\((?P<path>(?:'\w+',? ?)+)\)\);"
    r"importlib = (?(old)has_mfs and )__import__\('importlib\.util'\);"
    r"(?(old)has_mfs and )__import__\('importlib\.machinery'\);"
    r"m = (?(old)has_mfs and )sys\.modules\.setdefault\('(?P<name>[\w.]+)', "
    r"importlib\.util\.module_from_spec\("
    r"importlib\.machinery\.PathFinder\.find_spec\('(?P=name)', \[os\.path\.dirname\(p\)\]\)\)\);"
    r"m = m or sys\.modules\.setdefault\('(?P=name)', types\.ModuleType\('(?P=name)'\)\);"
    r"mp = \(m or \[\]\) and m\.__dict__\.setdefault\('__path__',\[\]\);\(p not in mp\) and mp\.append\(p\)"
    r"(?:;m and setattr\(sys\.modules\['(?P<parent>[\w.]+)'\], '(?P<child>\w+)', m\))?"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HARMLESS, OWN, FURTHER = "harmless", "own", "further"


def reach(raw: bytes, package: str, paths: Collection[str]) -> str:
    """How far the lines of a `.pth` file reach.

    Args:
        raw: the file's bytes.
        package: the normalised name of the wheel's project: some lines are one project's alone.
        paths: of the wheel's files below site-packages.

    Returns:
        HARMLESS where every line is blank, a comment or one of the known ones, OWN where the others use
        what the wheel itself brings, else FURTHER.
    """
    others = _others(raw, package)
    if others is None:
        return FURTHER
    names = frozenset(name for name in map(module_of, paths) if name and not is_reserved(name))
    own = all(uses_only_own(line, names) or is_own_folder(line, package, paths) for line in others)
    return OWN if others and own else FURTHER if others else HARMLESS


def folders(raw: bytes, package: str, paths: Collection[str]) -> List[str]:
    """The wheel's own folders that its lines put on `sys.path`; arguments as in `reach`."""
    return [folder_of(line) for line in _others(raw, package) or () if is_own_folder(line, package, paths)]


def _others(raw: bytes, package: str) -> Optional[List[str]]:
    """The lines that are not known by their text; None where they cannot be told."""
    try:
        # ASCII alone: what `site` makes of other bytes depends on version and locale.
        lines = [line.rstrip() for line in raw.decode("ascii").splitlines()]
    except UnicodeDecodeError:
        return None
    if _CONTROL.search(raw):  # some Pythons end a line there, others do not
        return None
    return [line for line in lines if not _is_known_line(line, package)]


def _is_known_line(line: str, package: str) -> bool:
    if not line or line.startswith("#"):
        return True
    own, namespace = _OF_ONE.get(package), _NAMESPACE.fullmatch(line)
    if namespace:
        return _is_sound(namespace)
    return own is not None and own.fullmatch(line) is not None


def _is_sound(namespace: Match[str]) -> bool:
    """Whether the line speaks of one name throughout, and of none that is Python's own."""
    parts = namespace.group("name").split(".")
    # The line names the package three times; where they differ, it is none that setuptools wrote.
    if re.findall(r"\w+", namespace.group("path")) != parts or is_reserved(parts[0]):
        return False
    return namespace.group("parent") is None or (
        [*namespace.group("parent").split("."), namespace.group("child")] == parts
    )
