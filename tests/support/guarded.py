"""An environment that tells whether installing something changed how its interpreter starts."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from parity.portable.wheel.install import InstallScheme, install_all
from parity.portable.wheel.wheelset import SetJudgement, WheelFile

_TELL = """
import sys
started = sorted(sys.modules)
import json
from importlib import metadata
said = [sys.path, sys.prefix, sys.base_prefix, sys.executable, list(sys.flags), hasattr(sys, "evil")]
known = sorted({d.metadata["Name"] or "?" for d in metadata.distributions()} - {"evil"})
print(json.dumps([started, said, known]))
"""
_WAYS: tuple[list[str], ...] = (["-I"], [])


class Guarded:
    """A fresh environment in a folder of its own, and what it looked like before."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.path = folder / "env"
        self._template = folder.with_name(folder.name + ".template")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.path)], check=True)
        minor = ".".join(map(str, sys.version_info[:2]))
        packages = self.path / "lib" / f"python{minor}" / "site-packages"
        headers = self.path / "include" / "site" / f"python{minor}"
        self.site = InstallScheme(str(self.path), str(packages), str(headers))
        self._own = self._files()
        shutil.copytree(self.path, self._template, symlinks=True)
        self._start = self._started()

    def renew(self) -> None:
        """Make it as it was at first."""
        shutil.rmtree(self.path)
        shutil.copytree(self._template, self.path, symlinks=True)

    def install(self, wheel: Path) -> SetJudgement:
        """Install by parity's own installer, judged and all.

        Raises:
            OSError: what an earlier wheel wrote stands in the way; renew it.
        """
        file = WheelFile(str(wheel), wheel.name, "evil", "1.0", "")
        return install_all([file], self.site, (), str(self.folder))

    def changed(self) -> str:
        """What is not as it was; empty where nothing is."""
        now = self._files()
        for path, digest in self._own.items():
            if now.get(path) != digest:
                return f"{path} was changed"
        if {path.name for path in self.folder.iterdir()} - {"env"}:
            return "something lies outside of the environment"
        started = self._started()
        return "" if started == self._start else f"the interpreter starts otherwise: {started}"

    def _files(self) -> dict[str, str]:
        """Every file and link of the environment with a word for what it is."""
        found = {}
        for parent, folders, names in os.walk(self.path):
            for name in [*folders, *names]:
                path = Path(parent, name)
                if path.is_symlink():
                    found[str(path.relative_to(self.path))] = f"link to {os.readlink(path)}"
                elif path.is_file():
                    found[str(path.relative_to(self.path))] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def _started(self) -> list[str]:
        """How the interpreter starts: modules, paths, flags, and the projects that it knows."""
        words = [[str(self.path / "bin" / "python"), *way, "-c", _TELL] for way in _WAYS]
        done = [
            subprocess.run(each, capture_output=True, text=True, check=False, cwd="/", env={"PATH": "/bin"})
            for each in words
        ]
        return [each.stdout + each.stderr for each in done]
