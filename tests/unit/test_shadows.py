"""Modules that lie beside the installer or the single file, or on the caller's paths, are never run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.unpacked import unpacked

from parity.pack.singlefile import NAME, single_file

# Whatever is imported between the interpreter's start and its end.
SHADOWS = [
    "__future__",
    "__hello__",
    "_bootlocale",
    "_collections_abc",
    "_sitebuiltins",
    "_weakrefset",
    "abc",
    "argparse",
    "ast",
    "base64",
    "bisect",
    "calendar",
    "codecs",
    "collections",
    "contextlib",
    "copyreg",
    "ctypes",
    "datetime",
    "email",
    "encodings",
    "enum",
    "fcntl",
    "fnmatch",
    "functools",
    "genericpath",
    "glob",
    "hashlib",
    "heapq",
    "http",
    "importlib",
    "io",
    "json",
    "keyword",
    "linecache",
    "locale",
    "ntpath",
    "operator",
    "os",
    "pathlib",
    "pickle",
    "platform",
    "posix",
    "posixpath",
    "pwd",
    "re",
    "reprlib",
    "runpy",
    "secrets",
    "selectors",
    "shlex",
    "shutil",
    "signal",
    "site",
    "sitecustomize",
    "socket",
    "sre_compile",
    "ssl",
    "stat",
    "string",
    "struct",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "usercustomize",
    "warnings",
    "weakref",
    "zipfile",
    "zlib",
    "farside",
    "main",
    "entry",
]
RUN = "import sys; sys.stderr.write('SHADOW RAN: ' + __name__ + chr(10)); raise SystemExit(99)\n"


def shadow(folder: Path) -> None:
    for name in SHADOWS:
        if not (folder / name).exists():
            (folder / f"{name}.py").write_text(RUN)
    (folder / "_hashlib.so").write_bytes(b"")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked bundle with shadows beside its installer."""
    made = unpacked(tmp_path_factory.mktemp("bundle") / "b", [])
    shadow(made)
    return made


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The single file with shadows beside it."""
    folder = tmp_path_factory.mktemp("single")
    shadow(folder)
    (folder / NAME).write_text(single_file())
    return folder / NAME


def run(cwd: Path, *command: str | Path, **environment: str) -> str:
    every = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    done = subprocess.run(
        command, cwd=cwd, env=every, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("flags", [[], ["-S"], ["-E"], ["-s"], ["-B"], ["-O"], ["-S", "-E", "-s"]])
def test_nothing_beside_the_files_is_run(
    bundle: Path, single: Path, tmp_path: Path, flags: list[str]
) -> None:
    for cwd in (tmp_path, single.parent):
        said = run(cwd, sys.executable, *flags, single, "facts")
        assert "SHADOW" not in said
        assert "Python 3" in said
    for cwd in (tmp_path, bundle):
        said = run(cwd, sys.executable, *flags, bundle / "install.py", "facts")
        assert "SHADOW" not in said
        assert "Python 3" in said


def test_nor_by_the_shells_installer(bundle: Path, tmp_path: Path) -> None:
    for cwd in (tmp_path, bundle):
        said = run(cwd, "sh", bundle / "install.sh", "facts", PYTHONPATH=str(bundle), PYTHONHOME="/nowhere")
        assert "SHADOW" not in said
        assert "Python 3" in said


def test_what_the_callers_variables_bring_does_not_reach_the_far_side(single: Path, tmp_path: Path) -> None:
    """PYTHONPATH is in force before a line of ours: a module there must not last beyond the restart."""
    (tmp_path / "json.py").write_text(RUN)
    (tmp_path / "argparse.py").write_text(RUN)
    (tmp_path / "importlib").mkdir()
    (tmp_path / "importlib" / "__init__.py").write_text(RUN)
    (tmp_path / "start.py").write_text(RUN)
    site = tmp_path / "home" / ".local" / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    site.mkdir(parents=True)
    (site / "json.py").write_text(RUN)
    variables = {
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": str(tmp_path / "start.py"),
        "HOME": str(tmp_path / "home"),
        "PYTHONUSERBASE": str(tmp_path / "home" / ".local"),
    }
    said = run(tmp_path, sys.executable, single, "facts", **variables)
    assert "SHADOW" not in said
    assert "Python 3" in said


def test_a_path_that_reads_like_an_option_is_still_a_file(single: Path) -> None:
    link = single.parent / "-c"
    if not link.exists():
        link.symlink_to(single)
    assert "Python 3" in run(single.parent, sys.executable, "./-c", "facts")
