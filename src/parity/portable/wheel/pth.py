"""`.pth` files whose every line is known and does no harm. Standard library only, Python 3.6 and later.

The interpreter runs each line that begins with `import` at every start (`site`). Packages built with
old setuptools carry one for namespace packages, setuptools and coverage carry one of their own; they are
so common, and so exactly alike, that they are known here by their text.
"""

import re
from typing import Match

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
_OF_ONE = {"setuptools": _SETUPTOOLS, "coverage": _COVERAGE}
# setuptools' `_nspkg_tmpl` (setuptools/namespaces.py): makes an empty package in site-packages.
_NAMESPACE = re.compile(
    r"import sys, types, os;has_mfs = sys\.version_info > \(3, 5\);"
    r"p = os\.path\.join\(sys\._getframe\(1\)\.f_locals\['sitedir'\], \*\((?P<path>(?:'\w+',? ?)+)\)\);"
    r"importlib = has_mfs and __import__\('importlib\.util'\);"
    r"has_mfs and __import__\('importlib\.machinery'\);"
    r"m = has_mfs and sys\.modules\.setdefault\('(?P<name>[\w.]+)', importlib\.util\.module_from_spec\("
    r"importlib\.machinery\.PathFinder\.find_spec\('(?P=name)', \[os\.path\.dirname\(p\)\]\)\)\);"
    r"m = m or sys\.modules\.setdefault\('(?P=name)', types\.ModuleType\('(?P=name)'\)\);"
    r"mp = \(m or \[\]\) and m\.__dict__\.setdefault\('__path__',\[\]\);\(p not in mp\) and mp\.append\(p\)"
    r"(?:;m and setattr\(sys\.modules\['(?P<parent>[\w.]+)'\], '(?P<child>\w+)', m\))?"
)
# A namespace of one of these names would stand in the standard library's place: the modules of CPython
# 3.6 to 3.15. No namespace begins with an underscore either.
_NAMES = """
    abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64
    bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop
    collections colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg
    crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis distutils doctest dummy_threading
    email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch formatter fractions
    ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html
    http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache
    locale logging lzma macpath macurl2path mailbox mailcap marshal math mimetypes mmap modulefinder msilib
    msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode operator optparse os
    ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath
    pprint profile profiling pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random
    re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal
    site sitecustomize smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants
    sre_parse ssl stat statistics string stringprep struct subprocess sunau symbol symtable sys sysconfig
    syslog tabnanny tarfile telnetlib tempfile termios test textwrap this threading time timeit tkinter
    token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing unicodedata
    unittest urllib usercustomize uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref
    xdrlib xml xmlrpc xxlimited xxsubtype zipapp zipfile zipimport zlib zoneinfo apport_python_hook
"""
_STANDARD = frozenset(_NAMES.split())


def is_known(raw: bytes, package: str) -> bool:
    """Whether every line of a `.pth` file is blank, a comment or one of the known ones.

    Args:
        raw: the file's bytes.
        package: the normalised name of the wheel's project: some lines are one project's alone.
    """
    try:
        lines = raw.decode("ascii").splitlines()
    except UnicodeDecodeError:
        return False
    return all(_is_known_line(line.rstrip(), package) for line in lines)


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
    if re.findall(r"\w+", namespace.group("path")) != parts or parts[0] in _STANDARD or parts[0][:1] in "_":
        return False
    return namespace.group("parent") is None or (
        [*namespace.group("parent").split("."), namespace.group("child")] == parts
    )
