"""The far side's story on one interpreter of this machine: check, install, update, refuse, join, index."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.signed import carry

from parity.pack.singlefile import NAME
from parity.portable.errors import BundleDamaged, OlderBundle


class Host:
    """This machine as a far side: its interpreter, and a folder with what was carried."""

    def __init__(self, python: Path, folder: Path) -> None:
        self._python = python
        self._media = folder / "media"
        self._folder = folder
        self._prefix = folder / "app"
        self._media.mkdir()

    def run(self, *words: str | Path, code: int = 0) -> str:
        """What the single file says; it must end with that exit code, and without a traceback."""
        command = [self._python, self._media / NAME, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder)
        if done.returncode != code or "Traceback" in done.stdout + done.stderr:
            raise AssertionError(f"{words}: {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
        return done.stdout

    def tell(self) -> None:
        """The whole story; AssertionError where it goes otherwise."""
        # The file alone, before there is a bundle for this machine: it measures what that must be for.
        carry(self._media, self._folder / "scrap", {})
        facts = json.loads(self.run("facts", "--json"))["facts"]
        aim = {
            **{key: facts[key] for key in ("os", "libc", "arch", "implementation")},
            "python": ".".join(facts["python"].split(".")[:2]),
        }
        for group, keys in (("os", ("id", "version")), ("libc", ("family", "version"))):
            aim[group] = {key: facts[group][key] for key in keys}
        carry(self._media, self._folder / "scrap", {"here": aim})
        chapters: list[Callable[[], None]] = [
            self._install,
            self._refuse,
            self._into,
            self._volumes,
            self._index,
        ]
        for chapter in chapters:
            chapter()

    @property
    def _key(self) -> tuple[str, Path]:
        return "--key", self._media / "sender.pub"

    def _bundle(self, serial: int) -> Path:
        return self._media / f"here-{serial}.parity.tar"

    def _install(self) -> None:
        assert "every byte as signed" in self.run("verify", self._bundle(1), *self._key)
        for serial in (1, 2):
            self.run("install", self._bundle(serial), *self._key, "--prefix", self._prefix)
            self._says(self._prefix / "current", f"{serial}.0")
        older = ("install", self._bundle(1), *self._key, "--prefix", self._prefix)
        self.run(*older, code=OlderBundle.exit_code)
        self.run("rollback", "--prefix", self._prefix)
        self._says(self._prefix / "current", "1.0")
        listed = json.loads(self.run("installed", "--prefix", self._prefix, "--json"))
        assert [row["current"] for row in listed["releases"]] == [True, False]

    def _says(self, environment: Path, version: str) -> None:
        done = subprocess.run([environment / "bin" / "alpha"], capture_output=True, text=True, check=True)
        assert done.stdout == f"{version}\n"

    def _refuse(self) -> None:
        cut = self._folder / "cut.parity.tar"
        cut.write_bytes(self._bundle(1).read_bytes()[:-1024])
        self.run("verify", cut, *self._key, code=BundleDamaged.exit_code)

    def _into(self) -> None:
        environment = self._folder / "venv"
        subprocess.run([self._python, "-m", "venv", "--without-pip", environment], check=True)
        self.run("install", self._bundle(1), *self._key, "--into", environment)
        self._says(environment, "1.0")

    def _volumes(self) -> None:
        """Cut by the near side, joined here."""
        media, back = self._folder / "volumes", self._folder / "back.parity.tar"
        near = [sys.executable, "-m", "parity", "split", str(self._bundle(2)), "--size", "4MiB"]
        near += ["-o", str(media)]
        subprocess.run(near, check=True, capture_output=True, cwd=self._folder)
        self.run("join", media, "-o", back)
        assert back.read_bytes() == self._bundle(2).read_bytes()

    def _index(self) -> None:
        self.run("index", self._bundle(1), self._folder / "index", *self._key)
        assert "alpha-1.0" in (self._folder / "index" / "simple" / "alpha" / "index.html").read_text()
