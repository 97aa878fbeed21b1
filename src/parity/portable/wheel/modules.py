"""Names of modules, and the files that are imported by them. Standard library only, Python 3.6 and later."""

import re
from typing import Tuple

# The modules of CPython 3.6 to 3.15 but those with an underscore in front, and what every tool imports.
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
_STANDARD = frozenset(_NAMES.lower().split())
_TOOLS = frozenset(("pip", "setuptools", "pkg_resources", "wheel"))
_RANKS = {"so": 1, "py": 2, "pyc": 3}
_MODULE = re.compile(r"([^/.]+)(?:\.pyc?|\.(?:[^/.]+\.)?so|/__init__\.[^/]+)")


def is_reserved(name: str) -> bool:
    """Whether a module of that name would stand for one of Python's own, or of the tools that install."""
    return name.startswith("_") or name.lower() in _STANDARD or name.lower() in _TOOLS


def module_of(path: str) -> str:
    """The module that is imported from this path below a folder of modules; empty for none.

    A package counts by its `__init__`: without one it is found only where nobody else has that name.
    """
    match = _MODULE.fullmatch(path)
    return match.group(1) if match else ""


def imported_as(path: str) -> Tuple[str, int]:
    """What a file below a folder of modules is imported as, its parts divided by slashes, and its rank.

    Of several files with one name the one with the lowest rank is imported (`importlib.machinery`'s order):
    a package before extension modules, sources and compiled ones. The name is empty for what nobody imports.
    """
    folder, _, file = path.rpartition("/")
    stem, _, kind = file.partition(".")
    # `.so` may have an ABI in front; other suffixes are whole.
    rank = _RANKS.get("so" if kind.endswith(".so") else kind, 0)
    if not rank:
        return "", 0
    return (folder, rank - len(_RANKS)) if stem == "__init__" else (path[: -len(kind) - 1], rank)
