"""What a plan says: held against golden texts (`python -m tests.unit.test_planned` writes them anew)."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from tests.support.targets import DEBIAN11

from parity.cli.review.planned import plan_as_markdown, plan_as_text, told_changes
from parity.graph import SelfDescription, graph_of
from parity.model import Lock, LockedWheel, Origin, PinnedImage
from parity.planning import (
    BuildPlan,
    Holder,
    concerns,
    lock_changes,
    outdated,
    plan_document,
    planned_wheels,
)
from parity.wire.resolving import ProjectListed
from parity.wire.store import AuditFinding, FileTold

GOLDEN = Path(__file__).parent / "golden" / "plan"
TAGS = ("cp39-cp39-manylinux_2_17_x86_64", "py3-none-any")
SAID: ProjectListed = {
    "name": "", "index": "default", "listed": True, "yanked": False, "reason": "", "requires_python": "",
    "size": 2000, "newest": "", "source_only": False, "trouble": "",
}  # fmt: skip


def locked(name: str, version: str, *, sha256: str = "", requested: bool = False) -> LockedWheel:
    filename = f"{name}-{version}-py3-none-any.whl"
    url = f"https://index.invalid/{filename}"
    return LockedWheel(name, version, filename, url, (sha256 or name[0]) * 64, None, requested)


def lock(*wheels: LockedWheel, inputs: str = "1") -> Lock:
    return Lock(tuple(sorted(wheels, key=lambda one: one.name)), "==3.9.*", inputs, "uv")


BEFORE = lock(locked("alpha", "1.0", requested=True), locked("beta", "2.0"), locked("gone", "1.0"))
AFTER = replace(
    lock(
        locked("alpha", "1.1", sha256="1", requested=True),
        locked("beta", "1.9", sha256="2"),
        locked("new", "3.0"),
        replace(
            locked("own", "0.1"),
            url="",
            index="built",
            origin=Origin("git", "https://git.invalid/own", commit="c" * 40),
        ),
        inputs="2",
    ),
    held_back=("beta is 1.9 here, not 2.5: of that there is a source distribution only",),
    notes=(
        "alpha has no extra named `x`, so it brings nothing",
        "new 3.0 was yanked by its authors, without a reason",
    ),
)


def told(wheel: LockedWheel, *, held: bool) -> FileTold:
    return {
        "sha256": wheel.sha256, "held": held, "size": 1500 if held else 0, "requires": [],
        "requires_python": "", "provides_extra": [],
    }  # fmt: skip


def plan() -> BuildPlan:
    said: dict[str, ProjectListed] = {
        "alpha": {**SAID, "yanked": True, "reason": "see <b>@security</b> #1 | https://evil.invalid\x1b[2J"},
        "beta": {**SAID, "requires_python": ">=3.10", "size": None},
        "new": {**SAID, "listed": False, "yanked": True},
        "own": {**SAID, "listed": False, "trouble": "more than one index has it"},
    }
    finding: AuditFinding = {
        "wheel": "new-3.0-py3-none-any.whl",
        "package": "new",
        "kind": "pth-file",
        "message": "x.pth",
        "level": "refused",
    }
    return BuildPlan(
        product="web",
        profile="debian11-py39",
        lock_path="pylock.web.toml",
        image=PinnedImage("sha256:1", "", "images/debian11-py39", "linux/amd64", "local"),
        facts=DEBIAN11,
        lock=AFTER,
        changes=lock_changes(BEFORE, AFTER),
        wheels=planned_wheels(
            AFTER, [told(one, held=one.name in ("new", "own")) for one in AFTER.wheels], said, TAGS
        ),
        concerns=concerns(AFTER, said, [finding], DEBIAN11),
    )


def rendered() -> dict[str, str]:
    document = json.dumps(plan_document(plan()), indent=1, ensure_ascii=True) + "\n"
    return {"plan.txt": plan_as_text(plan()), "plan.md": plan_as_markdown(plan()), "plan.json": document}


@pytest.mark.parametrize("name", ["plan.txt", "plan.md", "plan.json"])
def test_a_plan_reads_as_agreed(name: str) -> None:
    assert rendered()[name] == (GOLDEN / name).read_text()


def test_a_stranger_s_words_are_no_markup() -> None:
    text = rendered()["plan.md"]
    assert "<b>" not in text.replace("\\<", "")
    assert "@security" not in text
    assert "https:" not in text
    assert "\x1b" not in text + rendered()["plan.txt"]


def test_only_what_is_written_anew_is_a_change() -> None:
    assert told_changes(lock_changes(BEFORE, BEFORE)) == "the lock is up to date"
    again = lock_changes(BEFORE, replace(BEFORE, inputs="other"))
    assert (again.is_rewritten, told_changes(again)) == (True, "the same packages, asked for anew")
    assert told_changes(lock_changes(None, BEFORE)) == "a new lock of 3 packages"
    kinds = {each.new.name: each.kind for each in lock_changes(BEFORE, AFTER).changed}
    assert kinds == {"alpha": "upgrade", "beta": "downgrade"}


def test_who_holds_a_package_back_is_who_excludes_the_newest() -> None:
    have = lock(locked("alpha", "1.0", requested=True), locked("beta", "1.0"), locked("same", "1.0"))
    newer = locked("beta", "1.5", sha256="9")
    upgraded = lock(locked("alpha", "1.0", requested=True), newer, locked("same", "1.0"))
    said: dict[str, ProjectListed] = {
        "alpha": {**SAID, "newest": "2.0"},
        "beta": {**SAID, "newest": "2.0"},
        "same": {**SAID, "newest": "1.0"},
    }
    graph = graph_of(
        [
            SelfDescription("alpha", "1.0", ("beta<2", "same"), requested=True),
            SelfDescription("beta", "1.0"),
            SelfDescription("same", "1.0", ("beta!=0.1",)),
        ],
        dict(DEBIAN11.markers),
    )
    found = outdated(have, upgraded, said, graph, ["Alpha<2", "beta"])
    assert [(one.name, one.upgraded, one.newest, one.holders) for one in found] == [
        ("alpha", "1.0", "2.0", (Holder("your own requirements", "<2"),)),
        ("beta", "1.5", "2.0", (Holder("alpha", "<2"),)),
    ]


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for each in value.values() for key in keys_of(each))}
    return {key for each in value for key in keys_of(each)} if isinstance(value, list) else set()


def test_the_shape_is_documented() -> None:
    page = resources.files("parity.docs").joinpath("reference").joinpath("plans.md").read_text("utf-8")
    assert {key for key in keys_of(plan_document(plan())) if f"`{key}`" not in page} == set()


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (GOLDEN / name).write_text(text)
