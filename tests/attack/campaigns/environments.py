"""Hostile environments of a process: it installs as in a clean one, or is refused with a reason."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.attack.outcome import Outcome
from tests.attack.scene import Scene, carry_here
from tests.attack.trial import Piece, many, scratch
from tests.attack.trial import run as command
from tests.support.cli import written_environment

from parity.pack.singlefile import NAME

TITLE = "variables, umasks, closed streams, limits, folders that are gone"
CODES = (0, *range(60, 80))
EVIL = "EVIL"
"""Stands for a folder of modules and programs that would leave a mark."""

ENVIRONMENTS: Mapping[str, str] = {
    "nothing at all": "env -i @",
    "no HOME": "unset HOME; @",
    "a HOME that is none": "HOME=/proc/none @",
    "no PATH": "unset PATH; @",
    "a PATH of odd folders": "PATH=:.::EVIL:/proc:$PATH @",
    "a PYTHONPATH": "PYTHONPATH=EVIL @",
    "a PYTHONHOME": "PYTHONHOME=EVIL @ -E",
    "a PYTHONSTARTUP and PYTHONINSPECT": "PYTHONSTARTUP=EVIL/json.py PYTHONINSPECT=1 @ -E",
    "warnings as errors": "PYTHONWARNINGS=error PYTHONOPTIMIZE=2 PYTHONDEVMODE=1 @",
    "a PYTHONBREAKPOINT and no bytecode": "PYTHONBREAKPOINT=json.x PYTHONDONTWRITEBYTECODE=1 @",
    "a PYTHONPYCACHEPREFIX": "PYTHONPYCACHEPREFIX=EVIL @",
    "settings of pip": "PIP_TARGET=EVIL PIP_INDEX_URL=http://127.0.0.1:9 PIP_USER=1 PIP_NO_BINARY=x @",
    "settings of uv": "UV_TARGET=EVIL UV_INDEX_URL=http://127.0.0.1:9 UV_PYTHON=2 UV_CACHE_DIR=EVIL @",
    "another environment is active": "VIRTUAL_ENV=EVIL CONDA_PREFIX=EVIL @",
    "proxies": "http_proxy=http://127.0.0.1:9 HTTPS_PROXY=x ALL_PROXY=socks5://x @",
    "libraries to load that are none": "LD_PRELOAD=EVIL/none.so LD_LIBRARY_PATH=EVIL LD_AUDIT=EVIL/x @",
    "a locale without letters": "LC_ALL=POSIX LANG= PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 @",
    "a locale that is none": "LC_ALL=xx_XX.UTF-77 LANGUAGE=xx PYTHONIOENCODING=latin-1:strict @",
    "a TMPDIR that is none": "TMPDIR=/proc/none TEMP=/nowhere TMP= @",
    "a TMPDIR that is a file": "TMPDIR=/etc/passwd @",
    "a umask of 777": "umask 777; @",
    "a umask of 0": "umask 0; @",
    "stdin, stdout and stderr closed": "exec 0<&- 1>&- 2>&-; @",
    "streams that are full": "exec >/dev/full 2>/dev/full; @",
    "a current folder that is gone": "mkdir EVIL/gone; cd EVIL/gone; rmdir EVIL/gone; @",
    "few open files": "ulimit -n 12; @",
    "small files only": "ulimit -f 8; @",
    "little memory": "ulimit -v 60000; @",
    "signals ignored": "trap '' HUP INT TERM PIPE CHLD; @",
    "openssl led astray": "OPENSSL_CONF=EVIL/json.py OPENSSL_MODULES=EVIL OPENSSL_ENGINES=EVIL @",
    "a huge variable": "A=$(head -c 100000 /dev/zero | tr '\\0' x) @",
    "letters that are none in variables": "A=$(printf '\\377\\376') LC_ALL=C.UTF-8 @",
}
MUTE, UNSAID = "streams that are full", 120
"""Who cannot say how it ended: done or not, the interpreter's own code tells that words were lost."""


def run(scale: float) -> Iterator[Outcome]:
    """Each environment once, or a share of them."""
    step = max(1, round(1 / scale)) if scale < 1 else 1
    pieces = [Piece(name, n, n + 1) for n, name in enumerate(ENVIRONMENTS) if n % step == 0]
    with scratch("environments") as folder:
        carry_here(folder)
        yield from many(partial(_tried, folder), pieces)


def _tried(folder: Path, piece: Piece) -> list[Outcome]:
    place = folder / str(piece.first)
    place.mkdir()
    evil = _evil(place / "evil folder")
    scene = Scene(folder, place)
    words = scene.begin("update")
    line = f"{ENVIRONMENTS[piece.kind]} {shlex.join([str(folder / NAME), *words])}"
    line = line.replace("@", shlex.quote(sys.executable)).replace(EVIL, shlex.quote(str(evil)))
    clean = {key: word for key, word in written_environment(place).items() if key != "PYTHONPATH"}
    done = command("sh", "-c", line, cwd=place, env=clean)
    codes = (*CODES, UNSAID) if piece.kind == MUTE else CODES
    wrong, state, half = done.faults(codes), scene.seen(), scene.half()
    if state not in ("1.0", "2.0") or (done.code != UNSAID and (state == "2.0") != (done.code == 0)):
        wrong = wrong or f"ended with {done.code}, but is {state[:200]}: {done.output[-200:]}"
    marks = [
        *place.rglob("MARK*"),
        *(path for path in evil.rglob("*") if path.is_file() and _unasked(path, evil)),
    ]
    if half or marks:
        wrong = wrong or f"left {half} {marks}"
    if done.code != 0 and scene.run(words).code != 0:
        wrong = wrong or "nothing installs there any more"
    return [Outcome("environment", piece.kind, not wrong, wrong or f"ended with {done.code}")]


def _unasked(path: Path, evil: Path) -> bool:
    """Whether nobody asked for a file: neither this trial, nor who wants an interpreter's byte code there."""
    own = any(path.is_relative_to(evil / prefix[1:]) for prefix in (sys.base_prefix, sys.prefix))
    return path.suffix not in (".py", ".so", "") and not (own and path.suffix == ".pyc")


def _evil(folder: Path) -> Path:
    """Modules and programs that leave a mark where they are taken for others."""
    folder.mkdir()
    mark = shlex.quote(str(folder.parent / "MARK"))
    for name in ("json", "argparse", "farside", "pip", "zipfile", "subprocess", "tempfile", "hashlib"):
        (folder / f"{name}.py").write_text(f"open({str(folder.parent / 'MARK')!r} + {name!r}, 'w')\n")
    for name in ("uv", "pip", "python3", "sh"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {mark}-{name}\nexit 0\n")
        (folder / name).chmod(0o755)
    return folder
