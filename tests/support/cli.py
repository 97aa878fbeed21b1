"""The real command as a child process: an environment we wrote, a home of its own, nothing shared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.engine import ROOT, docker_client
from tests.support.unpacked import uv_wheel

from parity.docker_engine.owner import OWNER

_PASSED = (
    "COVERAGE_",
    "PIP_",
    "SSL_",
    "DOCKER_",
    "REQUESTS_",
    "HTTP_",
    "HTTPS_",
    "NO_PROXY",
    "http_",
    "https_",
    "no_proxy",
)
"""How this machine reaches its engine and its index: the only variables that children inherit."""

ESCAPE = "\x1b"


def written_environment(home: Path) -> dict[str, str]:
    """An environment without anything of the caller's but the way to engine and index."""
    passed = {key: value for key, value in os.environ.items() if key.startswith(_PASSED)}
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    ours = {"LC_ALL": "C.UTF-8", "COLUMNS": "100", "PYTHONPATH": str(ROOT / "src")}
    return {**passed, **kept, **ours, "PARITY_HOME": str(home)}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str
    pid: int

    @property
    def document(self) -> dict[str, Any]:
        """What --json printed: stdout has this one document and nothing else."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def error(self) -> dict[str, Any]:
        """The error that --json printed, its exit code compared with the process's own."""
        error: dict[str, Any] = self.document["error"]
        assert error["exit_code"] == self.code
        return error

    @property
    def bundle(self) -> dict[str, Any]:
        """The one bundle that a build with --json tells of."""
        assert self.code == 0, self.stdout + self.stderr
        (bundle,) = self.document["bundles"]
        return dict(bundle)


@dataclass(frozen=True)
class Parity:
    """The command with a home of its own; `with_uv` makes one that need not fetch uv again."""

    home: Path

    @classmethod
    def with_uv(cls, home: Path) -> Parity:
        """A fresh home in whose cache uv's wheel lies already."""
        tools = home / "cache" / "tools"
        tools.mkdir(parents=True)
        shutil.copy(uv_wheel(), tools)
        return cls(home)

    def run(
        self,
        *words: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        through: tuple[str, ...] = (),
        umask: int = -1,
        timeout: float = 300,
    ) -> Done:
        """Run `parity WORDS`; `through` is a command that starts it (such as setpriv)."""
        command = [*through, sys.executable, "-m", "parity", *[str(word) for word in words]]
        environment = {**written_environment(self.home), **(env or {})}
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd or self.home,
            umask=umask,
            encoding="utf-8",
        ) as process:
            stdout, stderr = process.communicate(timeout=timeout)
        return Done(process.returncode, stdout, stderr, process.pid)

    def build(self, profile: str | Path, output: Path, *words: str | Path, **how: Any) -> Done:
        """`parity build --json`, its lock in the output folder."""
        options: list[str | Path] = ["--json", "-o", output]
        if "--lock" not in words:
            options += ["--lock", output / "pylock.toml"]
        return self.run("build", profile, *options, *words, **how)


def write_profile(folder: Path, name: str, **parts: Any) -> Path:
    """A profile in JSON (which is YAML), by default for Debian 11; gives its path.

    Args:
        folder: where it goes.
        name: its file's stem.
        parts: top-level keys, `_` for `-`; `requirements` is short for install.requirements alone.
    """
    document = {"extends": "debian11-py39", "product": name}
    if "requirements" in parts:
        parts["install"] = {"requirements": parts.pop("requirements"), "files": []}
    document.update({key.replace("_", "-"): value for key, value in parts.items()})
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(document))
    return path


def containers_left_by(done: Done) -> list[str]:
    """Names of the containers that a finished command left at this machine's engine."""
    client = docker_client()
    try:
        found = client.containers(all=True, filters={"label": OWNER})
    finally:
        client.close()
    return [one["Names"][0] for one in found if one["Labels"][OWNER].split(":")[1] == str(done.pid)]
