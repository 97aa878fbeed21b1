"""A build on another machine: what travels there, and what a report may say that comes back."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import write_profile
from tests.support.facts import facts_of

from parity import __version__
from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.cluster import REPORT, ROOT, Job, WorkerGone, packed, scheduler_at, unpack, worker
from parity.errors import OptionConflict, SchedulerUnavailable, WorkerRefused
from parity.model import Lock, LockedImage, LockedWheel, Origin, PinnedImage, Proof, SystemPackage, SystemSet
from parity.model.inputs import OtherFile
from parity.pipeline.context.values import BuildRequest
from parity.pipeline.elsewhere.asking import AskedBuild, asked_text, demand_portable, needed_paths, read_asked
from parity.pipeline.elsewhere.built import BuiltElsewhere, FileSaid
from parity.pipeline.elsewhere.checking import checked_draft
from parity.pipeline.elsewhere.telling import Telling, retell
from parity.progress import Silent
from parity.resolve import write_lock
from parity.wire.shapes import Malformed

ALPHA = LockedWheel("alpha", "1.0", "alpha-1.0-py3-none-any.whl", "https://h.test/a.whl", "a" * 64, 7, True)
LOCK = Lock((ALPHA,), "==3.9.*", "0" * 64, "uv 1")
PROOF: dict[str, Any] = {"image": {"name": "x"}, "machine": {"os": "Debian 11"}, "imports": []}

SEEN = Proof(1, (), (), (), PROOF)


def request_in(folder: Path, *words: str, **how: Any) -> BuildRequest:
    profile = write_profile(
        folder, "p", extends="debian11-py39", product="demo", version="1", requirements=["alpha"]
    )
    return build_requests(WhatToBuild((str(profile), *words)), HowToBuild(folder / "dist", **how))[0]


def report(**changes: Any) -> BuiltElsewhere:
    lock = changes.pop("lock", LOCK)
    image = PinnedImage("sha256:1", "", "images/debian11-py39", "linux/amd64", "local")
    built = BuiltElsewhere(
        parity=__version__,
        image=image,
        facts=facts_of(),  # type: ignore[arg-type]
        lock=lock,
        locks=(write_lock(lock), "", ""),
        sizes=(7,),
        fetched=1,
        fetched_bytes=7,
        more=(),
        system=None,
        gems=None,
        proof=SEEN,
    )
    return replace(built, **changes)


# --- there --------------------------------------------------------------------------------------------


def test_a_request_is_the_same_there_with_its_paths_below_another_root(tmp_path: Path) -> None:
    asked = AskedBuild(request_in(tmp_path), fresh=True)
    there = read_asked(asked_text(asked), Path("/w/root"))
    assert there.fresh
    assert there.request.lock_path == Path(f"/w/root{asked.request.lock_path}")
    assert there.request.what.requirements == asked.request.what.requirements
    assert there.request.profile.document == asked.request.profile.document
    # What the bundle tells of what was asked for does not tell where it was built.
    theirs, ours = (
        [(each.kind, each.name, each.file.sha256) for each in one.asked_files()]
        for one in (there.request, asked.request)
    )
    assert theirs == ours


def test_no_credentials_travel(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    index = replace(request.profile.index, url="https://h.test/simple", login=("user", "canary-password"))
    text = asked_text(
        AskedBuild(replace(request, profile=replace(request.profile, index=index)), fresh=False)
    )
    assert "h.test/simple" in text
    assert "canary-password" not in text
    assert read_asked(text, Path("/w")).request.profile.index.login is None


def test_what_no_request_is_is_refused(tmp_path: Path) -> None:
    document = json.loads(asked_text(AskedBuild(request_in(tmp_path), fresh=False)))
    document["request"]["serial"] = 1
    with pytest.raises(Malformed, match="request"):
        read_asked(json.dumps(document), Path("/w"))


def test_projects_sources_and_other_vehicles_are_not_sent(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    demand_portable(request)
    vehicle = replace(request.profile.vehicle, form="image")
    with pytest.raises(OptionConflict, match="vehicle: image"):
        demand_portable(replace(request, profile=replace(request.profile, vehicle=vehicle)))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pyproject.toml").write_text('[project]\nname = "here"\nversion = "1"\n')
    with pytest.raises(OptionConflict, match="project"):
        demand_portable(request_in(tmp_path, str(tmp_path / "here")))


def test_files_that_the_build_reads_arrive_as_they_are(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.ini").write_text("[a]\n")
    request.lock_path.write_text("lock")
    named = (OtherFile(path=tmp_path / "data"),)
    request = replace(request, profile=replace(request.profile, other_files=named))
    with packed(needed_paths(request), {"asked.json": "{}"}) as parcel:
        (tmp_path / "parcel").write_bytes(b"".join(parcel.pieces(100)))
        assert b"".join(parcel.pieces(1000)) == (tmp_path / "parcel").read_bytes()
    unpack(tmp_path / "parcel", tmp_path / "there")
    assert (tmp_path / "there" / "asked.json").read_text() == "{}"
    root = f"{tmp_path}/there/{ROOT}"
    assert Path(f"{root}{tmp_path}/data/a.ini").read_text() == "[a]\n"
    assert Path(f"{root}{request.lock_path}").read_text() == "lock"
    assert Path(f"{root}{request.profile.image.folder}").is_dir()


# --- back ---------------------------------------------------------------------------------------------


def test_an_honest_report_makes_the_draft_that_would_be_made_here(tmp_path: Path) -> None:
    built = BuiltElsewhere.read(report().text().encode())
    draft = checked_draft(request_in(tmp_path), built)
    assert draft.lock == LOCK
    assert [wheel.size for wheel in draft.wheels.wheels] == [7]
    assert {"profile.yaml", "install.sh", "facts.json"} <= {each.path for each in draft.files}


EVIL = replace(ALPHA, filename="../../evil.whl")
BUILT = replace(
    ALPHA, origin=Origin("sdist", "https://h.test/alpha-1.0.tar.gz", sha256="b" * 64), index="default", url=""
)
GL = SystemPackage("libgl1", "1.3", "amd64", "libgl1_1.3_amd64.deb", "0" * 64, 2, requested=True)
EMPTY = write_lock(replace(LOCK, wheels=()))


def of(wheel: LockedWheel, **changes: Any) -> BuiltElsewhere:
    return report(lock=replace(LOCK, wheels=(wheel,)), **changes)


def carrying(path: str) -> BuiltElsewhere:
    return report(more=(FileSaid(path, 1, "0" * 64, False),))


LIES: dict[str, tuple[str, Callable[[], BuiltElsewhere]]] = {
    "another parity": ("has parity '9.9'", lambda: report(parity="9.9")),
    "a path in a wheel's name": ("cannot be", lambda: of(EVIL)),
    "another lock than was built": (
        "another set",
        lambda: report(locks=(EMPTY, "", "")),
    ),
    "no lock": ("cannot be", lambda: report(locks=("", "", ""))),
    "a digest that is none": (
        "cannot be",
        lambda: of(replace(ALPHA, sha256="A")),
    ),
    "a size that the lock does not have": ("sizes", lambda: report(sizes=(8,))),
    "a size too many": ("sizes", lambda: report(sizes=(7, 7))),
    "a negative size": (
        "sizes",
        lambda: of(replace(ALPHA, size=None), sizes=(-1,)),
    ),
    "a file besides": ("other files", lambda: carrying("files/a")),
    "the installer as a file besides": (
        "other files",
        lambda: carrying("install.sh"),
    ),
    "sources without anything built": (
        "other files",
        lambda: carrying("sources.json"),
    ),
    "something built without its sources": (
        "other files",
        lambda: report(lock=replace(LOCK, wheels=(BUILT,))),
    ),
    "another machine": ("does not match the profile", lambda: report(facts=facts_of(arch="aarch64"))),
    "another image than the lock's": (
        "another image",
        lambda: report(lock=replace(LOCK, image=LockedImage("x:1", "linux/amd64", "sha256:" + "c" * 64, ""))),
    ),
    "no facts": ("cannot be", lambda: report(facts=facts_of(libc=None))),
    "system packages without a lock": ("system packages", lambda: report(system=SystemSet("deb", (GL,)))),
    "a proof that is none": (
        "cannot be: proof.json",
        lambda: report(proof=replace(SEEN, document={"imports": "all"})),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_report_that_cannot_be_is_refused(lie: str, tmp_path: Path) -> None:
    words, make = LIES[lie]
    with pytest.raises(WorkerRefused, match=words):
        checked_draft(request_in(tmp_path), make())


def test_with_locked_the_worker_has_to_keep_to_the_callers_lock(tmp_path: Path) -> None:
    request = request_in(tmp_path, locked=True)
    with pytest.raises(WorkerRefused, match="did not keep"):
        checked_draft(request, report())
    request.lock_path.write_text(write_lock(LOCK))
    assert checked_draft(request, report()).lock == LOCK
    other = replace(LOCK, wheels=(replace(ALPHA, sha256="b" * 64),))
    with pytest.raises(WorkerRefused, match="did not keep"):
        checked_draft(request, report(lock=other))


def test_a_wheel_whose_hash_the_requirements_do_not_name_is_refused(tmp_path: Path) -> None:
    request = request_in(tmp_path)
    line = replace(request.what.requirements[0], sha256=("b" * 64,))
    request = replace(request, what=replace(request.what, requirements=(line,)))
    with pytest.raises(WorkerRefused, match="hash"):
        checked_draft(request, report())


def test_other_files_are_those_that_lie_here(tmp_path: Path) -> None:
    (tmp_path / "a.ini").write_text("[a]\n")
    request = request_in(tmp_path)
    profile = replace(request.profile, other_files=(OtherFile(path=tmp_path / "a.ini"),))
    request = replace(request, profile=profile)
    right = FileSaid("files/a.ini", 4, hashlib.sha256(b"[a]\n").hexdigest(), False)
    assert checked_draft(request, report(more=(right,))).more[0].path == "files/a.ini"
    for wrong in (replace(right, sha256="0" * 64), replace(right, executable=True), replace(right, size=5)):
        with pytest.raises(WorkerRefused, match=r"another files/a.ini"):
            checked_draft(request, report(more=(wrong,)))


# --- on the way ---------------------------------------------------------------------------------------


class Heard(Silent):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def stage(self, name: str, detail: str = "") -> None:
        self.said.append(("stage", name, detail))

    def warn(self, text: str, kind: str = "") -> None:
        self.said.append(("warn", text, kind))

    def advance(self, done: int, total: int, label: str = "") -> None:
        self.said.append(("advance", done, total, label))

    def count(self, done: int, total: int, what: str) -> None:
        self.said.append(("count", done, total, what))


def test_what_is_said_there_is_heard_here_and_how_far_it_is_now_and_then() -> None:
    lines: list[str] = []
    telling, heard = Telling(lines.append, lambda text: text.replace("/w/root", "")), Heard()
    telling.stage("fetch", "/w/root/home")
    telling.warn("look", "kind")
    for done in range(1, 1001):
        telling.advance(done, 1000)
    telling.count(2, 2, "wheels")
    for line in lines:
        retell(line, heard)
    assert heard.said[:2] == [("stage", "fetch", "/home"), ("warn", "look", "kind")]
    assert heard.said[-2:] == [("advance", 1000, 1000, ""), ("count", 2, 2, "wheels")]
    assert len(lines) < 10


@pytest.mark.parametrize("line", ["", "[]", '{"kind": "exec"}', 7, None, "[" * 100_000])
def test_what_says_nothing_is_passed_over(line: object) -> None:
    heard = Heard()
    retell(line, heard)
    assert heard.said == []


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerUnavailable) as failed, scheduler_at("tcp://127.0.0.1:9"):
        pass
    assert failed.value.remedy == "pip install 'parity[cluster]', here and where the workers run"


class Worker:
    """A scheduler whose one worker is there, and answers as it was told to."""

    def __init__(self, answer: object, *, has_it: bool) -> None:
        self._answer, self._has_it = answer, has_it

    def ask(self, address: str, function: object, *arguments: object) -> object:
        if function is worker.is_here:
            return self._has_it
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize("answer", [WorkerGone("OSError No space left on device"), b"", None, "text"])
def test_a_worker_that_has_a_build_and_cannot_go_on_is_waited_for_no_longer(answer: object) -> None:
    there = Job(Worker(answer, has_it=True), "run", "x86_64")  # type: ignore[arg-type]
    with pytest.raises(WorkerRefused):
        there.piece("tcp://w", "token")(REPORT, 0)
    gone = Job(Worker(answer, has_it=False), "run", "x86_64")  # type: ignore[arg-type]
    with pytest.raises(WorkerGone):
        gone.piece("tcp://w", "token")(REPORT, 0)
    if answer != "text":
        with pytest.raises(WorkerRefused):
            there.send("tcp://w", "token", iter((b"parcel",)))


@pytest.mark.parametrize(
    ("address", "says"), [("tls://127.0.0.1:1", "CA_FILE"), ("tcp://127.0.0.1:1", "start")]
)
def test_a_scheduler_that_does_not_answer_says_what_to_do(address: str, says: str) -> None:
    with pytest.raises(SchedulerUnavailable) as caught, scheduler_at(address):
        pass
    assert says in caught.value.remedy
