"""What is tried after the imports: the profile's commands, and uv in the carried project."""

from __future__ import annotations

from parity.engine.events import Tail
from parity.errors import RehearsalFailed
from parity.rehearse import users
from parity.rehearse.room import CARRY, COMMANDS, Carried, Room, bare, environment
from parity.wire.rehearsing import CommandSeen, PeopleJob, PeopleResult, ProjectSeen, SyncedJob, SyncJob
from parity.wire.tasks import PEOPLE, SYNC, SYNCED

CHECKOUT = "checkout"
_TAIL = 8000
_TRIES = 5
# Both streams in one, in a folder of their own that is not that of the file with the words.
_SHELL = 'exec 2>&1; mkdir -p "$HOME" {0}/empty && cd {0}/empty && exec sh -c "$1"'


def run_commands(room: Room, prefix: str) -> list[CommandSeen]:
    """The profile's commands, one after the other; the engine tells how each ended.

    They share a user and what they may write; of a command's processes none lives on into the next.
    """
    told = []
    for number, line in enumerate(room.plan.commands):
        if number:
            _end_leftovers(room)
        told.append(_command(room, prefix, line))
    return told


def _command(room: Room, prefix: str, line: str) -> CommandSeen:
    words = environment(prefix, f"{COMMANDS}/home", "/tmp")  # noqa: S108 - inside the container
    output = Tail(_TAIL)
    done = room.container.exec(
        [*bare(words), "sh", "-c", _SHELL.format(COMMANDS), "sh", line],
        user=users.spelled(users.COMMANDS),
        timeout=room.left,
        on_stdout=output.feed,
        on_stderr=output.feed,
    )
    return {"command": line, "exit_code": done.exit_code, "output": output.text.rstrip()}


def _end_leftovers(room: Room) -> None:
    """End what a command left running; another user looks whether that was done."""
    for _ in range(_TRIES):
        if not people(room)["processes"]:
            return
        # It may be killed by whom it is to kill.
        room.end_all(users.COMMANDS)
    raise RehearsalFailed("a command left processes behind that do not end")


def people(room: Room) -> PeopleResult:
    """Whether commands run, and whether the kernel killed anybody; see `parity.guest.tasks.people`."""
    job: PeopleJob = {"user": users.COMMANDS}
    return room.ask(PEOPLE, job, users.JUDGE)


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
