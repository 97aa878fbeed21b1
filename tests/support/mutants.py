"""Hostile wheels at random: places put together from what attacks want, texts, flipped bytes."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence

from tests.support.entry_texts import random_text
from tests.support.evil_wheel import FILENAME, Hostile, evil
from tests.support.hostile_places import RUNS

_MINOR = ".".join(map(str, sys.version_info[:2]))
_ROOTS = (
    "",
    "",
    "evil/",
    "evil-1.0.dist-info/",
    "evil-1.0.data/",
    "evil-1.0.data/purelib/",
    "evil-1.0.data/platlib/",
    "evil-1.0.data/scripts/",
    "evil-1.0.data/headers/",
    *("evil-1.0.data/data/",) * 5,
)
_FOLDERS = (
    "bin",
    "lib",
    "lib64",
    "local",
    "local/lib",
    "include",
    "share",
    "etc",
    "files",
    "Lib",
    "usr/lib",
    f"python{_MINOR}",
    "python3",
    f"lib/python{_MINOR}",
    f"lib/python{_MINOR}/site-packages",
    f"lib64/python{_MINOR}/site-packages",
    f"lib/python{_MINOR}/lib-dynload",
    "site-packages",
    "dist-packages",
    "encodings",
    "__pycache__",
    "sitecustomize",
    "usercustomize",
    "_distutils_hack",
    "pip",
    "other-1.dist-info",
    ".",
    "..",
)
_LEAVES = (
    "x.py",
    "x.txt",
    "tool",
    "sitecustomize.py",
    "usercustomize.py",
    f"sitecustomize.cpython-{_MINOR.replace('.', '')}.pyc",
    "sitecustomize.pyc",
    "x.pth",
    "x.start",
    "os.py",
    "json.py",
    "site.py",
    "__init__.py",
    "pyvenv.cfg",
    "python._pth",
    f"python{_MINOR}._pth",
    "pybuilddir.txt",
    "python",
    "python3",
    f"python{_MINOR}",
    "pip",
    "activate",
    "METADATA",
    "entry_points.txt",
    "direct_url.json",
    ".parity-record",
    "parity-receipt.json",
    "lib",
    "lib64",
    f"python{_MINOR.replace('.', '')}.zip",
    f"libpython{_MINOR}.so.1.0",
)
_CONTENTS = {  # what would be seen if the interpreter read it
    ".pth": b"import sys; sys.evil = True\n/tmp\n",
    ".start": b"evil:main\n",
    ".cfg": b"home = /nowhere\n",
    "._pth": b"/nowhere\n",
}


def mutant(dice: random.Random, corpus: Sequence[Hostile], number: int) -> Hostile:
    """One wheel at random; the same dice give the same wheel."""
    way = dice.random()
    if way < 0.25:
        return _flipped(dice, dice.choice(corpus))
    files = {_path(dice): b"" for _ in range(dice.randint(1, 2))}
    files = {path: _contents(path) for path in files}
    text = random_text(dice, number) if way > 0.7 else ""
    return Hostile(f"{number}: {' '.join(files)!a}"[:160], "mutant", evil(files, entry_points=text).data())


def _contents(path: str) -> bytes:
    return next((data for end, data in _CONTENTS.items() if path.lower().endswith(end)), RUNS)


def _path(dice: random.Random) -> str:
    """A path: mostly well-formed, sometimes in odd case or with a sign too many."""
    parts = [*dice.choices(_FOLDERS, k=dice.choice((0, 0, 1, 1, 2))), dice.choice(_LEAVES)]
    path = "/".join(parts)
    chance = dice.random()
    if chance < 0.08:
        path = "".join(dice.choice((sign.upper(), sign)) for sign in path)
    elif chance < 0.16:
        at = dice.randrange(len(path) + 1)
        path = (
            path[:at]
            + dice.choice(("/", ".", " ", "\\", "\t", "-", "_", "\u0131", "\u212a", "s"))
            + path[at:]
        )
    return dice.choice(_ROOTS) + path


def _flipped(dice: random.Random, hostile: Hostile) -> Hostile:
    data = bytearray(hostile.data or b"PK")
    for _ in range(dice.choice((1, 1, 2, 5))):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return Hostile(f"flipped: {hostile.what}", "flipped", bytes(data), FILENAME)
