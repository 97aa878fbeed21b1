"""The example project of tests/data: beside a real git repository, locked by the real uv."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.cli import written_environment
from tests.support.threads import answering
from tests.support.unpacked import UV_VERSION, uv_wheel

DATA = Path(__file__).parents[1] / "data" / "project"
PLACEHOLDER = "GIT-ADDRESS"


@dataclass(frozen=True)
class ProjectTree:
    """A folder with `app`, `pathdep` and the bare repository `gitdep.git`."""

    folder: Path
    commit: str

    @property
    def app(self) -> Path:
        """The project."""
        return self.folder / "app"

    def lock(self) -> None:
        """Let uv write uv.lock."""
        uv(self.folder, "lock", "--directory", str(self.app))

    def digest(self) -> str:
        """Of every file of the project: who changed one?"""
        names = sorted(path for path in self.app.rglob("*") if path.is_file())
        parts = [f"{path.relative_to(self.app)}\0".encode() + path.read_bytes() for path in names]
        return hashlib.sha256(b"".join(parts)).hexdigest()


def make_project(folder: Path) -> ProjectTree:
    """The example, copied to where a test may change it, and locked."""
    for name in ("app", "pathdep"):
        shutil.copytree(DATA / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    commit = make_repository(DATA / "gitdep", folder / "gitdep.git", "v1.2.3")
    pyproject = folder / "app" / "pyproject.toml"
    address = (folder / "gitdep.git").as_uri()
    pyproject.write_text(pyproject.read_text().replace(PLACEHOLDER, address))
    tree = ProjectTree(folder, commit)
    tree.lock()
    return tree


def make_repository(source: Path, bare: Path, tag: str) -> str:
    """A bare repository with one tagged commit of these files; gives the commit."""
    work = bare.with_suffix(".work")
    shutil.copytree(source, work, ignore=shutil.ignore_patterns("__pycache__"))
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "All of it")
    git(work, "tag", tag)
    git(work, "clone", "--quiet", "--bare", ".", str(bare))
    commit = git(work, "rev-parse", "HEAD")
    shutil.rmtree(work)
    return commit


def git(folder: Path, *words: str) -> str:
    """Run git with an environment that we wrote."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }
    done = subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


def uv(home: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    """Run the pinned uv on this machine; it finds its own way to the index."""
    environment = {
        **written_environment(home),
        "UV_CACHE_DIR": str(home / "uv-cache"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        **(env or {}),
    }
    done = subprocess.run([uv_program(), *words], env=environment, check=True, capture_output=True)
    return done.stdout.decode()


@cache
def uv_program() -> str:
    """The program out of uv's wheel."""
    wheel = uv_wheel()
    program = wheel.with_name(f"uv-{UV_VERSION}")
    if not program.exists():
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
            partial = program.with_suffix(".partial")
            partial.write_bytes(archive.read(name))
        partial.chmod(stat.S_IRWXU)
        partial.rename(program)
    return str(program)


def newest_pip_for_39() -> Path:
    """The last pip that runs on Python 3.9, as a wheel; fetched once."""
    wheel = uv_wheel().with_name("pip-26.0.1-py3-none-any.whl")
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(wheel.parent)]
        subprocess.run([*command, "pip==26.0.1"], check=True)
    return wheel


def spoil(wheel: Path) -> None:
    """Give a wheel other code under the same name, a valid wheel for whoever does not look at its hash."""
    with zipfile.ZipFile(wheel) as before:
        content = {name: before.read(name) for name in before.namelist()}
    with zipfile.ZipFile(wheel, "w") as after:
        for name, data in content.items():
            after.writestr(name, data + b"\nEVIL = 1\n" if name.endswith(".py") else data)


@contextmanager
def private_git(folder: Path, login: str, password: str) -> Iterator[str]:
    """Serve the bare repositories of a folder on this machine alone, to whoever knows the password.

    Gives the address; the dumb protocol of git needs nothing but files.
    """
    for bare in folder.glob("*.git"):
        git(bare, "update-server-info")
    expected = "Basic " + b64encode(f"{login}:{password}".encode()).decode()
    handler = partial(_Private, expected=expected, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"


class _Private(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, expected: str, **named: Any) -> None:
        self._expected = expected
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        """Answer only who may know."""
        if self.headers.get("Authorization") == self._expected:
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
