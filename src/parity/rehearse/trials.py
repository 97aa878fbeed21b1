"""What is tried after the imports: the profile's commands, and uv in the carried project."""

from __future__ import annotations

from collections.abc import Sequence

from parity.engine.events import Tail
from parity.portable.ruby.gems import FOLDER
from parity.rehearse import users
from parity.rehearse.check import Case, Check, CheckVerdict, when_due
from parity.rehearse.room import CARRY, COMMANDS, Carried, Room, bare, environment
from parity.wire.rehearsing import CommandSeen, ProjectSeen, SyncedJob, SyncJob
from parity.wire.tasks import SYNC, SYNCED

CHECKOUT = "checkout"
_TAIL = 8000
# Both streams in one, in a folder of their own that is not that of the file with the words.
_SHELL = 'exec 2>&1; mkdir -p "$HOME" {0}/empty && cd {0}/empty && exec sh -c "$1"'


def run_commands(room: Room, prefix: str, *, gems: bool = False) -> list[CommandSeen]:
    """The profile's commands, one after the other; the engine tells how each ended.

    They share a user and what they may write; of a command's processes none lives on into the next. With
    `gems`, they see those that the bundle carries.
    """
    told = []
    for number, line in enumerate(room.plan.commands):
        if number:
            room.end_leftovers(users.COMMANDS)
        told.append(_command(room, prefix, line, gems=gems))
    return told


def _command(room: Room, prefix: str, line: str, *, gems: bool) -> CommandSeen:
    own = environment(prefix, f"{COMMANDS}/home", "/tmp")  # noqa: S108 - inside the container
    # As whoever uses the release has to say it, and README.txt tells.
    if gems:
        home = f"{prefix}/{FOLDER}"
        own |= {"GEM_HOME": home, "PATH": f"{home}/bin:{own['PATH']}"}
    words = {**own, **dict(room.plan.environment)}
    output = Tail(_TAIL)
    done = room.container.exec(
        [*bare(words), "sh", "-c", _SHELL.format(COMMANDS), "sh", line],
        user=users.spelled(users.COMMANDS),
        timeout=room.left,
        on_stdout=output.feed,
        on_stderr=output.feed,
    )
    return {"command": line, "exit_code": done.exit_code, "output": output.text.rstrip()}


def sync_project(room: Room, carried: Carried, bundle: str, options: list[str]) -> ProjectSeen:
    """Try uv in a checkout of the carried project; what it installed is read by another user."""
    job: SyncJob = {
        "do": "sync",
        "bundle": bundle,
        "checkout": f"{CARRY}/{CHECKOUT}" if carried.checkout else "",
        "work": room.own("project"),
        "python": room.python,
        "install_options": options,
        "timeout": room.plan.timeout,
        "alone": True,
    }
    synced = room.ask(SYNC, job, users.PROJECT)
    installed: list[tuple[str, str]] = []
    if synced["exit_code"] == 0:
        listing: SyncedJob = {"do": "list", "folder": synced["folder"]}
        installed = room.ask(SYNCED, listing, users.JUDGE)["installed"]
    return {
        "step": synced["step"],
        "exit_code": synced["exit_code"],
        "said": synced["said"],
        "installed": installed,
    }


def _judge_commands(rows: Sequence[CommandSeen], _case: Case) -> CheckVerdict:
    reasons: list[str] = []
    for each in rows:
        if each["exit_code"] != 0:
            reasons.append(f"command {each['command']!r} ended with exit code {each['exit_code']}")
            reasons.extend(f"  {line}" for line in each["output"].splitlines()[-6:])
    told = [{"command": each["command"], "exit_code": each["exit_code"]} for each in rows]
    return CheckVerdict({"commands": told}, reasons)


def _judge_project(project: ProjectSeen, _case: Case) -> CheckVerdict:
    synced = [{"name": name, "version": version} for name, version in project["installed"]]
    document = {"project": {"synced": synced}}
    if project["exit_code"] == 0:
        return CheckVerdict(document)
    lines = [line for line in project["said"].splitlines() if line.strip()]
    reasons = [f"project: {project['step']} failed", *(f"  {line}" for line in lines[-8:])]
    return CheckVerdict(document, reasons, "uv cannot sync the project from what the bundle carries")


COMMANDS_CHECK = Check(
    name="commands",
    step="running the profile's commands",
    kind=list[CommandSeen],
    begin=when_due(
        lambda installed: run_commands(installed.room, installed.prefix, gems=bool(installed.found["gems"]))
    ),
    judge=_judge_commands,
    failed=lambda rows: any(row["exit_code"] for row in rows),
)
PROJECT_CHECK = Check(
    name="project",
    step="trying uv in the carried project",
    kind=ProjectSeen,
    begin=when_due(
        lambda installed: sync_project(installed.room, installed.carried, installed.bundle, installed.options)
    ),
    judge=_judge_project,
    wanted=lambda installed: installed.found["project"] and installed.carried.sync,
    failed=lambda project: project["exit_code"] != 0,
)
