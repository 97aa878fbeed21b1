"""A lock that is chosen once more with a setuptools: when, and what it falls back to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.targets import DEBIAN11, inputs_for
from tests.unit.test_added import locked

from parity.errors import IndexFailed, Unresolvable
from parity.model import BundleIdentity, Limits, Lock, WheelSet
from parity.pipeline.context.run import BuildRun
from parity.pipeline.context.values import BuildRequest
from parity.pipeline.locking import choose
from parity.pipeline.locking.completing import first, lacking_setuptools, with_setuptools_for
from parity.pipeline.locking.lock_file import Resolved
from parity.profile import load_profile
from parity.progress import Silent
from parity.resolve import write_lock

PLAIN = locked(alpha="1", beta="2")
MORE = replace(locked(alpha="1", beta="2", setuptools="81.0"), setuptools_for=("alpha",))


class Chooser:
    """Resolves to PLAIN, and with a setuptools to `more`; remembers for whom it was asked."""

    def __init__(self) -> None:
        self.more: Lock | Exception = MORE
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, run: BuildRun) -> Resolved:
        users = run.request.what.setuptools_for
        self.asked.append(users)
        found = self.more if users else PLAIN
        if isinstance(found, Exception):
            raise found
        return Resolved(found)


@pytest.fixture
def chooser(monkeypatch: pytest.MonkeyPatch) -> Chooser:
    """What resolves instead of uv."""
    made = Chooser()
    monkeypatch.setattr(choose, "resolved", made)
    return made


def completed(run: BuildRun) -> Lock:
    """The lock of a whole build."""
    found = first(run)
    users = lacking_setuptools(run, found.lock, WheelSet((), "/store/sets/x", 0, 0))
    return with_setuptools_for(run, found, users).lock


def run_in(
    folder: Path, users: tuple[str, ...] = ("alpha",), existing: Lock | None = None, **how: Any
) -> BuildRun:
    """A run for `alpha` in which these packages are known to import `pkg_resources`."""
    wheels = {"wheels": [f"{name}-1-py3-none-any.whl" for name in users]}
    memory = SimpleNamespace(recall=lambda *_: wheels, keep=lambda *_: None)
    world: Any = SimpleNamespace(memory=memory, reporter=Silent(), limits=Limits())
    if existing is not None:
        (folder / "pylock.toml").write_text(write_lock(existing))
    request = BuildRequest(
        load_profile("debian11-py39"),
        inputs_for("alpha").what,
        BundleIdentity("p", "1", 1, "debian11-py39"),
        folder,
        folder / "pylock.toml",
        folder,
        **how,
    )
    nothing: Any = None
    return BuildRun(request, nothing, DEBIAN11, nothing, world, lambda: DEBIAN11)


def test_it_is_chosen_again_for_those_that_lack_it(tmp_path: Path, chooser: Chooser) -> None:
    assert completed(run_in(tmp_path)) == MORE
    assert chooser.asked == [(), ("alpha",)]


def test_what_the_lock_remembers_is_had_at_once(tmp_path: Path, chooser: Chooser) -> None:
    assert completed(run_in(tmp_path, existing=MORE)) == MORE
    assert chooser.asked == [("alpha",)]


def test_who_needs_it_no_more_goes_on_without(tmp_path: Path, chooser: Chooser) -> None:
    assert completed(run_in(tmp_path, (), existing=MORE)) == PLAIN
    assert chooser.asked[-1] == ()


@pytest.mark.parametrize(
    "more",
    [Unresolvable("there is none"), replace(MORE, wheels=locked(alpha="1", beta="1").wheels)],
    ids=["none-to-be-had", "another-version-of-beta"],
)
def test_where_it_cannot_be_had_or_changes_something_else_all_stays_as_it_was(
    tmp_path: Path, chooser: Chooser, more: Lock | Exception
) -> None:
    chooser.more = more
    assert completed(run_in(tmp_path)) == PLAIN


def test_a_lock_that_must_hold_is_not_completed(tmp_path: Path, chooser: Chooser) -> None:
    assert completed(run_in(tmp_path, existing=PLAIN, locked=True)) == PLAIN
    assert chooser.asked == [()]


def test_an_error_that_has_nothing_to_do_with_it_is_told(tmp_path: Path, chooser: Chooser) -> None:
    chooser.more = IndexFailed("down")
    with pytest.raises(IndexFailed):
        completed(run_in(tmp_path))
