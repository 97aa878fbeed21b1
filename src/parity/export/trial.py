"""The very image or tar, tried without network by a user who may write nothing: imports and commands."""

from __future__ import annotations

import json
import posixpath
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from parity.engine import Container, ContainerSpec, Engine, Network
from parity.engine.events import Tail
from parity.engine.guests import folders_tar
from parity.errors import NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.export.environment import memory_options
from parity.export.python_archive import FOLDER as FOLDER_OF_PYTHON
from parity.model import RehearsalPlan
from parity.portable.ruby.gems import FOLDER
from parity.portable.texts import printable
from parity.wire.shapes import Malformed, read

_REQUIRE = "require ARGV.fetch(0)"
_FIND = "import shutil, sys; sys.exit(shutil.which(sys.argv[1]) is None)"
_ELSEWHERE, _ANOTHER = "/srv/parity-elsewhere", "/srv/parity-another"
_UNPACKS = "the environment cannot be unpacked in the target's image"
_UNPACK = 'mkdir -p "$1" && tar -xf /carried/environment.tar -C "$1" "$2"'
_HOME = "/tmp/parity"  # noqa: S108 - inside the container
_TMP = {"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=1g"}  # noqa: S108 - inside the container
# Whoever is root there removes every Python that a machine may have, and what an interpreter reads of it.
_HIDE = """
set -eu
real=$(readlink -f "$1")
for bin in "${1%/*}" "${real%/*}" /usr/local/bin /usr/local/sbin /usr/bin /usr/sbin /bin /sbin; do
    rm -f "$bin"/python "$bin"/python[0-9]* "$bin"/pypy*
done
for base in "${real%/*/*}" /usr/local /usr; do
    rm -rf "$base"/lib/python[0-9]* "$base"/lib64/python[0-9]*
    rm -f "$base"/lib*/libpython* "$base"/lib/*/libpython*
done
"""
# Two processes share the modules, as in the rehearsal; each is begun again where one of them ends it. What
# modules print goes nowhere.
_TRY = """
import errno, importlib, json, os, re, sys
job = json.load(sys.stdin)
out, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
for number in (1, 2):
    os.dup2(nowhere, number)
def refused(path):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        return False
    except OSError:
        return True
links = os.listdir("/sys/class/net") if os.path.isdir("/sys/class/net") else ["lo"]
seen = {
    "network": links == ["lo"],
    "environment": refused("/parity-trial") and refused(job["prefix"] + "/parity-trial"),
    "user": os.getuid() == job["user"] and os.getuid() != 0,
}
if job["hidden"]:
    folders = [each + "/" + name for each in ("/usr/local", "/usr", "") for name in ("bin", "sbin")]
    names = [name for each in folders if os.path.isdir(each) for name in os.listdir(each)]
    places = (sys.executable, sys.base_prefix + "/lib", os.__file__)
    seen["no other Python"] = (
        not os.path.lexists(job["hidden"])
        and not any(re.match(r"(python|pypy)[0-9.]*$", name) for name in names)
        and all(os.path.realpath(each).startswith(job["own"]) for each in places)
    )
# What they say goes into files: a process that a module leaves running would keep a pipe open.
def begin(names):
    path = "/tmp/parity-trial-%d" % os.getpid()
    said = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    os.unlink(path)
    child = os.fork()
    if not child:
        os.close(out)
        for name in names:
            os.write(said, ("begin " + json.dumps(name) + "\\n").encode())
            try:
                importlib.import_module(name)
                why = ""
            except BaseException as problem:
                why = type(problem).__name__ + ": " + str(problem).split("\\n")[0][:1000]
            os.write(said, ("ended " + json.dumps(why) + "\\n").encode())
        os._exit(0)
    return child, said
def ended(child, written):
    os.waitpid(child, 0)
    with os.fdopen(written, "rb") as file:
        file.seek(0)
        lines = file.read(1 << 24).decode("utf-8", "replace").splitlines()
    begun = [json.loads(line[6:]) for line in lines if line.startswith("begin ")]
    said = [json.loads(line[6:]) for line in lines if line.startswith("ended ")]
    return {name: said[number] if number < len(said) else "it ended the interpreter"
            for number, name in enumerate(begun)}
errors = {}
while True:
    left = [name for name in job["modules"] if name not in errors]
    if not left:
        break
    running = [begin(part) for part in (left[::2], left[1::2]) if part]
    found = [ended(*each) for each in running]
    if not all(found):
        errors[left[0]] = "the interpreter does not work"
        break
    for each in found:
        errors.update(each)
os.write(out, ("\\n" + job["mark"] + json.dumps({"seen": seen, "errors": errors}) + "\\n").encode())
os._exit(0)
"""


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
    def elsewhere(self) -> str:
        """A folder to move it into: neither below its prefix nor above it."""
        return _ANOTHER if self.prefix.startswith(_ELSEWHERE) else _ELSEWHERE

    @property
    def gem_home(self) -> str:
        """Where its gems lie."""
        return f"{self.prefix}/{FOLDER}"


def try_image(engine: Engine, image_id: str, trial: ExportTrial) -> None:
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
        tmpfs=_TMP,
        memory=trial.plan.memory,
        pids=512,
        lifetime=trial.plan.timeout + 600,
    )
    with engine.container(spec) as container:
        container.start()
        _demand_all(container, trial, "the image", user="")
        _demand_start(container, trial)


def try_tar(engine: Engine, image_id: str, trial: ExportTrial, archive: Iterable[bytes], script: str) -> None:
    """Unpack an environment with tar alone, where it belongs, and see; then elsewhere, after its script.

    Args:
        engine: where.
        image_id: the target's image; nothing else is in the container, and its Python is hidden where the
            environment has its own.
        trial: what is tried.
        archive: a tar stream of one file, `environment.tar`.
        script: the name of what makes it work elsewhere, in the environment.

    Raises:
        NotIsolated, RehearsalFailed, RehearsalTimeout: as `try_image`.
    """
    spec = ContainerSpec(
        image=image_id,
        network=Network.NONE,
        purpose="trial",
        platform=trial.platform,
        tmpfs={**_TMP, **_memory(trial)},
        memory=trial.plan.memory,
        pids=512,
        lifetime=trial.plan.timeout + 600,
    )
    with engine.container(spec) as container:
        container.put("/", folders_tar({"carried": 0}))
        container.put("/carried", archive)
        container.start()
        if trial.hidden:
            _root(container, "the image's Python cannot be hidden", _HIDE, trial.hidden)
        _root(container, _UNPACKS, _UNPACK, *posixpath.split(trial.prefix))
        _demand_all(container, trial, "the environment", user=trial.user)
        # Commands say paths of the prefix that was asked for; imports must work anywhere.
        other = _moved(container, trial, script)
        _demand_all(container, other, "the environment that was moved", user=trial.user)


def _memory(trial: ExportTrial) -> dict[str, str]:
    """What is mounted where the environment will lie, first and then."""
    if not trial.in_memory:
        return {}
    return dict.fromkeys((trial.prefix, trial.elsewhere), memory_options(trial.plan))


def _moved(container: Container, trial: ExportTrial, script: str) -> ExportTrial:
    """Bring the environment elsewhere, so that nothing is left where it was; what is tried there."""
    name, elsewhere = posixpath.basename(trial.prefix), trial.elsewhere
    other = replace(trial, prefix=f"{elsewhere}/{name}", plan=replace(trial.plan, commands=()))
    moves = f"mv {trial.prefix} {elsewhere}/"
    if trial.in_memory:  # which nobody can move: it is emptied, then unpacked once more
        moves = f"rm -rf -- {trial.prefix}/* {trial.prefix}/.[!.]*\n{_UNPACK}"
    line = f"mkdir -p {elsewhere}\n{moves}\nsh {other.prefix}/{script}"
    _root(container, _UNPACKS, line, elsewhere, name)
    return other


def _root(container: Container, fault: str, line: str, *words: str) -> None:
    done = container.exec(["sh", "-e", "-c", line, "sh", *words], user="0:0", timeout=900)
    if done.exit_code:
        said = printable(done.stderr.decode("utf-8", "replace")[-800:])
        raise RehearsalFailed(f"{fault}: {said}")


def _demand_all(container: Container, trial: ExportTrial, what: str, *, user: str) -> None:
    """Imports and commands, as a user; with the image's own user and PATH where that is empty."""
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
    found = container.exec([f"{trial.prefix}/bin/python", "-I", "-B", "-c", _FIND, trial.starts], timeout=60)
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
    command = ["env", *own, f"{trial.prefix}/bin/python", "-I", "-B", "-c", _TRY]
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
