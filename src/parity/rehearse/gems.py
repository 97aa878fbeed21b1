"""The check that gems can be required, each feature in a Ruby of its own."""

from __future__ import annotations

from parity.engine.events import Tail
from parity.portable.ruby.gems import FOLDER
from parity.portable.texts import printable
from parity.rehearse import users
from parity.rehearse.check import Case, Check, CheckVerdict, NewEnvironment, when_due
from parity.rehearse.room import COMMANDS, bare, environment
from parity.wire.gems import FeatureSeen, GemFound, GemsSeen

_TAIL = 4000
_LINES = 6
_TRY = "require ARGV.fetch(0)"
_SHELL = 'exec 2>&1; mkdir -p "$HOME" {0}/empty && cd {0}/empty && exec ruby -e "$1" "$2"'


def _run(installed: NewEnvironment) -> GemsSeen:
    gems = installed.found["gems"]
    rows = [_required(installed, gem, feature) for gem in gems for feature in gem["features"]]
    return {"installed": [(gem["name"], gem["version"]) for gem in gems], "rows": rows}


def _required(installed: NewEnvironment, gem: GemFound, feature: str) -> FeatureSeen:
    """Require it as the user of the commands; the engine tells how that ended, and nothing of it lives on."""
    room = installed.room
    # What a gem left running could answer for the next one.
    room.end_leftovers(users.COMMANDS)
    own = environment(installed.prefix, f"{COMMANDS}/home", "/tmp")  # noqa: S108 - inside the container
    words = {**own, **dict(room.plan.environment), "GEM_HOME": f"{installed.prefix}/{FOLDER}"}
    output = Tail(_TAIL)
    done = room.container.exec(
        [*bare(words), "sh", "-c", _SHELL.format(COMMANDS), "sh", _TRY, feature],
        user=users.spelled(users.COMMANDS),
        timeout=room.left,
        on_stdout=output.feed,
        on_stderr=output.feed,
    )
    return {
        "gem": gem["name"],
        "feature": feature,
        "requested": gem["requested"],
        "exit_code": done.exit_code,
        "output": output.text.rstrip(),
    }


def _judge(seen: GemsSeen, _case: Case) -> CheckVerdict:
    reasons: list[str] = []
    warnings: list[str] = []
    for row in seen["rows"]:
        if row["exit_code"] == 0:
            continue
        lines = [printable(line) for line in row["output"].splitlines() if line.strip()]
        told = f"{row['gem']}: require {row['feature']!r} ended with exit code {row['exit_code']}"
        # What came along may well need more than `require`; what was asked for by name must work.
        if row["requested"]:
            reasons += [told, *(f"  {line}" for line in lines[:_LINES])]
        else:
            warnings.append(f"{told}: {(lines or [''])[0]}")
    tried = {row["gem"] for row in seen["rows"]}
    warnings += [
        f"{name}: nothing is known that could be required of it (gems.require in the profile says what)"
        for name, _ in seen["installed"]
        if name not in tried
    ]
    told_rows = [
        {"gem": row["gem"], "feature": row["feature"], "works": row["exit_code"] == 0} for row in seen["rows"]
    ]
    installed = [{"name": name, "version": version} for name, version in seen["installed"]]
    return CheckVerdict(
        {"gems": {"installed": installed, "required": told_rows}},
        reasons,
        "a gem cannot be required" if reasons else "",
        warnings=warnings,
        remedy="carry what it lacks (system-packages), take another version, or say under gems.require what "
        "can be required of it"
        if reasons
        else "",
    )


GEMS = Check(
    name="gems",
    step="requiring the gems",
    kind=GemsSeen,
    begin=when_due(_run),
    judge=_judge,
    wanted=lambda installed: bool(installed.found["gems"]) and installed.room.plan.imports,
    failed=lambda seen: any(row["exit_code"] for row in seen["rows"]),
)
