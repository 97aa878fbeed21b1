"""What a package can say of others: nothing. All ways at once, in a real rehearsal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.forgers import FORGERS, Forger
from tests.support.rehearsals import facts_of, seen_of
from tests.support.wheels import make_wheel

from parity.docker_engine import DockerEngine
from parity.model import PinnedImage, RehearsalPlan
from parity.rehearse import import_workers, imports_of

pytestmark = pytest.mark.engine

Rehearsed = Callable[..., Any]


@pytest.fixture
def rehearsed(engine: DockerEngine, debian11: PinnedImage, monkeypatch: pytest.MonkeyPatch) -> Rehearsed:
    monkeypatch.setattr(import_workers, "_TIMEOUT", 20)
    monkeypatch.setattr(import_workers, "_PATIENCE", 5)
    facts = facts_of(engine, debian11)
    return lambda *words, **more: seen_of(engine, debian11, facts, *words, **more)


def hostile(folder: Path, forgers: Sequence[Forger]) -> list[Path]:
    """A wheel for each of them, and two whose imports end as everybody knows."""
    wheels = [
        make_wheel(folder, "honest", "1.0", {"honest.py": b"import time\ntime.sleep(0.2)\n"}),
        make_wheel(folder, "broken", "1.0", {"broken.py": b"raise ValueError('broken')\n"}),
    ]
    for number, forger in enumerate(forgers):
        files = {path.replace("evil/", f"evil{number}/"): data for path, data in forger.files.items()}
        wheels.append(make_wheel(folder, f"evil{number}", "1.0", files))
    return wheels


def test_no_package_says_anything_of_another(rehearsed: Rehearsed, tmp_path: Path) -> None:
    forgers = [each for each in FORGERS if not each.command and not each.may_fail]
    names = [f"evil{number}" for number in range(len(forgers))]
    plan = RehearsalPlan(commands=("exit 3",))
    seen = rehearsed(tmp_path / "bundle", hostile(tmp_path, forgers), plan=plan, requested=[*names, "broken"])
    assert {name for name, _ in seen["environment"]} == {"honest", "broken", *names}
    imports = {row["module"]: row["error"] for row in imports_of(seen)}
    assert set(imports) == {"honest", "broken", *names}
    assert (imports["honest"], imports["broken"]) == ("", "ValueError: broken")
    ended = {forger.kind: imports[name] for name, forger in zip(names, forgers, strict=True)}
    killed = "Crash: the import ended the processes around it (exit code 137)"
    assert (ended["its parent killed"], ended["kill -1"], ended["its parent stopped"]) == (killed,) * 3
    assert seen["memory_kills"] == 0
    assert len(seen["isolation"]) == 6
    assert all(seen["isolation"].values())
    assert [row["exit_code"] for row in seen["checks"]["commands"]] == [3]
    assert (seen["install"]["exit_code"], seen["missing_libraries"], seen["natives"]) == (0, [], [])


@pytest.mark.long
def test_no_command_changes_what_the_next_one_is(rehearsed: Rehearsed, tmp_path: Path) -> None:
    forgers = [each for each in FORGERS if each.command and not each.may_fail]
    lines = [f"python -c 'import evil{number}'; true" for number in range(len(forgers))]
    plan = RehearsalPlan(imports=False, commands=(*lines, "python -c 'import broken'", "exit 3", "true"))
    seen = rehearsed(tmp_path / "bundle", hostile(tmp_path, forgers), plan=plan)
    assert [row["exit_code"] for row in seen["checks"]["commands"]][-3:] == [1, 3, 0]
    assert all(len(row["output"]) <= 8000 for row in seen["checks"]["commands"])


LEAVES = """
os.makedirs("/tmp/honest", exist_ok=True)
open("/tmp/honest/__init__.py", "w").close()
os.chmod("/tmp/honest", 0o555)
"""
ENDS_ITS_LANE = """
open("/tmp/broken.py", "w").close()
if os.fork() == 0:
    os.setsid()
    while True:
        attempt(lambda: open("/tmp/broken.py", "w").close())
        time.sleep(0.02)
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(60)
"""


def test_nothing_that_an_import_leaves_meets_a_command(rehearsed: Rehearsed, tmp_path: Path) -> None:
    wheels = hostile(tmp_path, [Forger("leaves", LEAVES), Forger("ends its worker", ENDS_ITS_LANE)])
    commands = (
        "cd /tmp && python -c 'import honest; assert \"/site-packages/\" in honest.__file__'",
        "cd /tmp && python -c 'import broken'",
        "test -z \"$(ls /tmp)\" && ! cat /proc/[0-9]*/status | grep -E 'Uid:.6[0-4][0-9]{3}'",
    )
    seen = rehearsed(tmp_path / "bundle", wheels, plan=RehearsalPlan(commands=commands))
    assert [row["exit_code"] for row in seen["checks"]["commands"]] == [0, 1, 0], seen["checks"]["commands"]


def test_who_asks_for_its_own_name_is_told_one(rehearsed: Rehearsed, tmp_path: Path) -> None:
    """Many honest programs do; on the target their user has one."""
    asks = b"import getpass\nassert getpass.getuser()\n"
    wheels = [make_wheel(tmp_path, "asks", "1.0", {"asks.py": asks})]
    line = "python -c 'import asks, os, pwd; print(pwd.getpwuid(os.getuid()))'"
    seen = rehearsed(tmp_path / "bundle", wheels, plan=RehearsalPlan(commands=(line,)))
    assert [row["error"] for row in imports_of(seen)] == [""]
    assert seen["checks"]["commands"][0]["exit_code"] == 0, seen["checks"]["commands"]
