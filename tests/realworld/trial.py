"""A case carried out: built here, carried into a container without network, installed and used there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.realworld.advice import followed
from tests.realworld.case import Case
from tests.realworld.row import Row, Verdict
from tests.support.cli import Done, Parity, write_profile
from tests.support.inside import Typed, fresh_room, inside, tar_of
from tests.support.projects import uv

from parity.docker_engine import DockerEngine
from parity.engine import Container
from parity.model import PinnedImage

PRELUDE = Path(__file__).with_name("prelude.sh").read_text(encoding="utf-8")
PATIENCE = 1800
"""Seconds after which a build is interrupted; its case is then not judged."""
_OUTSIDE = {"FetchFailed", "IndexFailed", "EngineLost", "ToolUnavailable", "Interrupted", "WriteFailed"}
"""Errors that tell of this machine's day rather than of the case."""
_AUTO: Mapping[str, Any] = {
    "install": {"requirements": [], "files": [], "build-from-source": "auto"},
    "builder": {"packages": "auto"},
    "system-packages": "auto",
}
_SHOWN = 400


class GoneWrong(Exception):
    """A step on the far side ended badly; says which and with what words."""


@dataclass
class Trial:
    """One case on its way.

    Attributes:
        parity: the command.
        engine: where the far side runs.
        case: what is tried.
        folder: ours, empty.
        log: everything that was said, for whoever looks into it.
        seconds: what the builds took so far.
    """

    parity: Parity
    engine: DockerEngine
    case: Case
    folder: Path
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def run(self, commit: str = "") -> Row:
        """Try it from build to use; whatever happens, there is a row."""
        verdict, reason = self._verdict()
        bundles = list(self.folder.glob("out/*.parity.tar"))
        size = sum(each.stat().st_size for each in bundles) / 1e6
        case = self.case
        told = " ".join(reason.split())[:_SHOWN]
        return Row(
            case.name, case.target, case.kind, verdict, round(self.seconds, 1), round(size, 1), told, commit
        )

    def _verdict(self) -> tuple[Verdict, str]:
        try:
            self._write()
        except subprocess.CalledProcessError as failed:
            return Verdict.NOT_JUDGED, f"uv locks nothing: {failed.stderr.decode(errors='replace')}"
        done, advice = self._built()
        if done.code != 0:
            return self._refused(done)
        if self.case.refused:
            return Verdict.BROKEN, f"was to be refused: {self.case.refused.kind}"
        try:
            self._said(done)
            self._far(Path(done.bundle["bundle"]))
        except GoneWrong as wrong:
            return Verdict.BROKEN, f"{warned(done, str(wrong))}{wrong}"
        return (Verdict.ONE_ADVICE, advice) if advice else (Verdict.FIRST_TRY, "")

    def _built(self) -> tuple[Done, str]:
        """How the build ended, and the error whose advice was followed; empty for none."""
        profile = _merged(_AUTO, self.case.profile)
        done = self._build(profile)
        error = _error(done)
        changed = followed(profile, error.get("remedy", "")) if error and not self.case.refused else None
        return (self._build(changed), _told(error)) if error and changed is not None else (done, "")

    def _write(self) -> None:
        case = self.case
        for name, text in case.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(case.encoding.get(name, "utf-8")))
        if case.lock:
            place = self.folder / case.lock
            which = ["--script", str(place)] if place.suffix == ".py" else ["--directory", str(place)]
            uv(self.folder, "lock", *which, env={"UV_NO_CONFIG": "0"})

    def _build(self, profile: Mapping[str, Any]) -> Done:
        """Build once more where the first time says nothing of the case."""
        done = self._build_once(profile)
        error = _error(done)
        return self._build_once(profile) if error and error.get("kind") in _OUTSIDE else done

    def _build_once(self, profile: Mapping[str, Any]) -> Done:
        path = write_profile(self.folder, "case", **{**profile, "extends": self.case.target})
        begin = time.monotonic()
        patient = ("timeout", "--signal=INT", "--kill-after=60", str(PATIENCE))
        done = self.parity.build(path, self.folder / "out", through=patient, timeout=PATIENCE + 120)
        self.seconds += time.monotonic() - begin
        self.log += [
            f"$ parity build {json.dumps(profile)}",
            done.stdout,
            done.stderr,
            f"exit code {done.code}",
        ]
        return done

    def _refused(self, done: Done) -> tuple[Verdict, str]:
        error, must = _error(done), self.case.refused
        if error is None or error.get("kind") in _OUTSIDE:
            return Verdict.NOT_JUDGED, _told(
                error
            ) if error else f"ended with {done.code}: {done.stderr[-200:]}"
        if must is None:
            return Verdict.REFUSED_WRONGLY, _told(error)
        text = json.dumps(error, ensure_ascii=False)
        lacking = [word for word in must.says if word not in text]
        if error["kind"] != must.kind or lacking:
            wanted = f"not as {must.kind}" if error["kind"] != must.kind else f"without {', '.join(lacking)}"
            return Verdict.REFUSED_WRONGLY, f"{wanted}: {_told(error)}"
        return Verdict.REFUSED_RIGHTLY, _told(error)

    def _said(self, done: Done) -> None:
        """Demand the words that the build had to say."""
        if lacking := [word for word in self.case.tells if word not in done.stdout + done.stderr]:
            raise GoneWrong(f"the build does not say: {', '.join(lacking)}")

    def _far(self, bundle: Path) -> None:
        found = self.engine.image(f"parity/{self.case.target}:latest")
        assert found, f"no image parity/{self.case.target} (make images)"
        image = PinnedImage(found.id, "", self.case.target, "linux/amd64", "local")
        with fresh_room(self.engine, image) as room:
            room.put("/", tar_of(bundle, "set.parity.tar"))
            self._type(
                room,
                "mkdir /media/set; tar xf /set.parity.tar -C /media/set --strip-components=1",
                "unpacking",
            )
            if self.case.checkout:
                self._set_up(room)
            else:
                words = " --with-system" if "system/" in self._listing(room) else ""
                self._type(room, f"sh /media/set/install.sh /opt/app{words}", "install.sh")
            self._type(room, f"{PRELUDE}\n{self.case.use}", "the first use")

    def _set_up(self, room: Container) -> None:
        """The project's folder as a checkout there."""
        archive = self.folder / "checkout.tar"
        subprocess.run(["tar", "cf", archive, "-C", self.folder / self.case.checkout, "."], check=True)
        room.put("/", tar_of(archive, "checkout.tar"))
        self._type(room, "mkdir /opt/checkout; tar xf /checkout.tar -C /opt/checkout", "unpacking")
        self._type(room, "sh /media/set/install.sh --project /opt/checkout", "install.sh")

    def _listing(self, room: Container) -> str:
        return self._type(room, "ls -p /media/set", "listing").output

    def _type(self, room: Container, lines: str, step: str) -> Typed:
        done = inside(room, lines)
        self.log += [f"there$ {lines}", done.output, f"exit code {done.code}"]
        if done.code != 0:
            raise GoneWrong(f"{step} ended with {done.code}: {done.output.strip()[-_SHOWN:]}")
        return done


def warned(done: Done, wrong: str) -> str:
    """A warning of the build that names the module for which it went wrong; empty where none does."""
    lacking = set(re.findall(r"No module named '([\w.]+)'", wrong))
    lines: list[str] = done.bundle.get("warnings", [])
    named = [line for line in lines if any(module in line for module in lacking)]
    return f"the build warned ({named[0]}), but: " if named else ""


def _error(done: Done) -> dict[str, Any] | None:
    """The error that a build told of; None where it told of none."""
    try:
        error: dict[str, Any] = done.document["error"]
    except (ValueError, KeyError):
        return None
    return error


def _told(error: Mapping[str, Any]) -> str:
    return f"{error['kind']}: {error.get('message', '')}"


def _merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another, key by key."""
    both = {
        key: _merged(base[key], more[key])
        for key in base
        if isinstance(more.get(key), dict) and isinstance(base[key], dict)
    }
    return {**base, **more, **both}


def remove(folder: Path) -> None:
    """Take a case's folder away."""
    shutil.rmtree(folder, ignore_errors=True)
