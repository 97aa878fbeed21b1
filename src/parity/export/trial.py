"""The very image, tried without network by a user who may write nothing: imports and commands."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from parity.engine import Container, ContainerSpec, Network
from parity.engine.events import Tail
from parity.engine.together import Together
from parity.errors import NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.export.python_archive import FOLDER as FOLDER_OF_PYTHON
from parity.export.trial_script import TRY
from parity.model import RehearsalPlan
from parity.portable.ruby.gems import FOLDER
from parity.portable.texts import printable
from parity.wire.shapes import Malformed, read

_REQUIRE = "require ARGV.fetch(0)"
_FIND = "import shutil, sys; sys.exit(shutil.which(sys.argv[1]) is None)"
_HOME = "/tmp/parity"  # noqa: S108 - inside the container
TMP = {"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1g"}  # noqa: S108 - inside the container


class _TrialSeen(TypedDict):
    seen: dict[str, bool]
    errors: dict[str, str]


@dataclass(frozen=True)
class ExportTrial:
    """What is tried.

    Attributes:
        platform: of the image.
        prefix: of the environment in it.
        user: the image's own, `uid:gid`.
        modules: they could be imported when the bundle was made; package by module.
        plan: the profile's commands and limits.
        features: what could be required of the gems that were asked for; None where no gems are carried.
        hidden: the image's interpreter, which is hidden as the environment brings its own; empty where it
            is used.
        starts: the program of the image's entry point; empty where it has none of its own.
        in_memory: whether a tar is unpacked into memory.
    """

    platform: str
    prefix: str
    user: str
    modules: Mapping[str, str]
    plan: RehearsalPlan
    features: tuple[str, ...] | None = None
    hidden: str = ""
    starts: str = ""
    in_memory: bool = False

    @property
    def gem_home(self) -> str:
        """Where its gems lie."""
        return f"{self.prefix}/{FOLDER}"


def try_image(together: Together, image_id: str, trial: ExportTrial) -> None:
    """Run an image as it will run there, and see whether it does what the proof says.

    Raises:
        NotIsolated: the container was less cut off than it must be.
        RehearsalFailed, RehearsalTimeout: an import or a command fails in it, or takes too long.
    """
    spec = ContainerSpec(
        image=image_id,
        network=Network.NONE,
        purpose="trial",
        platform=trial.platform,
        user="",  # the image's own
        read_only=True,
        tmpfs=TMP,
        memory=trial.plan.memory,
        pids=512,
        lifetime=trial.plan.timeout + 600,
    )
    with together.started(spec) as container:
        demand_all(container, trial, "the image", user="")
        _demand_start(container, trial)


def demand_all(container: Container, trial: ExportTrial, what: str, *, user: str) -> None:
    """Imports and commands, as a user; with the image's own user and PATH where that is empty.

    Args:
        container: started; the environment lies in it.
        trial: what must work.
        what: what the environment is called in an error.
        user: `uid:gid`, or empty.

    Raises:
        NotIsolated, RehearsalFailed, RehearsalTimeout: as `try_image`.
    """
    try:
        _imports(container, trial, what, user)
        _features(container, trial, what, user)
        failed = [why for line in trial.plan.commands for why in _command(container, trial, line, user)]
    except TimeoutError as error:
        raise RehearsalTimeout(f"trying {what}: {error}") from None
    if failed:
        raise RehearsalFailed(f"{what} does not do what the proof says", details=tuple(failed))


def _demand_start(container: Container, trial: ExportTrial) -> None:
    """What the image starts is there, and its user may run it."""
    if not trial.starts:
        return
    command = [f"{trial.prefix}/bin/python", "-I", "-B", "-c", _FIND, trial.starts]
    try:
        found = container.exec(command, timeout=60)
    except TimeoutError as error:
        raise RehearsalTimeout(f"looking for the image's program: {error}") from None
    if found.exit_code:
        raise RehearsalFailed(
            f"the image cannot start: there is no program {printable(trial.starts)} in it",
            remedy="name a command that a package of the bundle brings, or the path of one in the image",
        )


def _imports(container: Container, trial: ExportTrial, what: str, user: str) -> None:
    # On stdin, so that what a module prints is not taken for the result.
    mark = secrets.token_hex(16)
    job = {
        "mark": mark,
        "prefix": trial.prefix,
        "user": int(trial.user.partition(":")[0]),
        "modules": list(trial.modules),
        "hidden": trial.hidden,
        "own": f"{trial.prefix}/{FOLDER_OF_PYTHON}/",
    }
    own = _words(trial.plan.environment)
    command = ["env", *own, f"{trial.prefix}/bin/python", "-I", "-B", "-c", TRY]
    given = json.dumps(job).encode()
    done = container.exec(command, stdin=given, user=user, timeout=trial.plan.timeout)
    told = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line.startswith(mark)]
    try:
        found = read(_TrialSeen, json.loads(told[0][len(mark) :]))
    except (IndexError, ValueError, Malformed) as error:
        said = printable(done.stderr.decode("utf-8", "replace")[-400:])
        how = f"exit code {done.exit_code}: {said}"
        raise RehearsalFailed(f"{what}'s Python does not work: {how}") from error
    broken = sorted(name for name, holds in found["seen"].items() if not holds)
    if broken:
        raise NotIsolated(f"the container of {what} is not as asked: {', '.join(broken)} does not hold")
    errors = {module: found["errors"].get(module, "it was not tried") for module in trial.modules}
    failed = [f"{trial.modules[module]}: import {module}: {why}" for module, why in errors.items() if why]
    if failed:
        raise RehearsalFailed(
            f"imports that worked when the bundle was made fail in {what}",
            details=tuple(printable(line) for line in failed),
        )


def _features(container: Container, trial: ExportTrial, what: str, user: str) -> None:
    # Each in a Ruby of its own: what one gem loads must not help the next one.
    failed: list[str] = []
    for feature in trial.features or ():
        said = Tail(4000)
        words = [f"GEM_HOME={trial.gem_home}", f"HOME={_HOME}", *_words(trial.plan.environment)]
        done = container.exec(
            ["env", *words, "ruby", "-e", _REQUIRE, feature],
            user=user,
            timeout=trial.plan.timeout,
            on_stdout=said.feed,
            on_stderr=said.feed,
        )
        if done.exit_code:
            failed += [
                f"require {feature!r} ended with exit code {done.exit_code}",
                f"  {printable(said.text)}",
            ]
    if failed:
        raise RehearsalFailed(
            f"gems that worked when the bundle was made fail in {what}", details=tuple(failed)
        )


def _command(container: Container, trial: ExportTrial, line: str, user: str) -> list[str]:
    said = Tail(8000)
    begin = f'exec 2>&1; mkdir -p {_HOME}/empty && cd {_HOME}/empty && exec sh -c "$1"'
    gems = [] if trial.features is None else [f"GEM_HOME={trial.gem_home}"]
    first = f"{trial.gem_home}/bin:" if gems else ""
    path = f"PATH={first}{trial.prefix}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    own = [*([path] if user else []), *gems, f"HOME={_HOME}", *_words(trial.plan.environment)]
    done = container.exec(
        ["env", *own, "sh", "-c", begin, "sh", line],
        user=user,
        timeout=trial.plan.timeout,
        on_stdout=said.feed,
        on_stderr=said.feed,
    )
    if not done.exit_code:
        return []
    last = [f"  {printable(each)}" for each in said.text.splitlines()[-6:]]
    return [f"command {line!r} ended with exit code {done.exit_code}", *last]


def _words(environment: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name}={value}" for name, value in environment]
