"""What comes back from a container has the shape that was agreed on, or ends as its stage's own error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict, is_typeddict

import pytest
from tests.support.fake_engine import FakeContainer, FakeEngine
from tests.support.targets import inputs_for

from parity.engine import ContainerSpec, ExecResult, ImageInfo, Network
from parity.engine.guests import Guest, GuestFailed, guest_tar, run_guest
from parity.errors import FetchFailed, ParityError, ProbeFailed, SystemPackagesFailed, ToolUnavailable
from parity.fetch import store_info
from parity.probe import parse_facts
from parity.resolve import resolve_lock
from parity.system import SystemWish, fetch_system
from parity.wire import building, facts, network, rehearsing, resolving, store, system, tasks
from parity.wire.shapes import Malformed, read

SIZES = ("wheels", "bytes", "sets", "partial_bytes", "uv_cache_bytes")
MODULES = [building, facts, network, rehearsing, resolving, store, system]
TASKS = [each for each in vars(tasks).values() if isinstance(each, tasks.Task)]
PACKAGE = {
    "name": "libgl1",
    "version": "1.3.2-1",
    "arch": "amd64",
    "file": "libgl1_1.3.2-1_amd64.deb",
    "sha256": "a" * 64,
    "size": 3,
    "requested": True,
}
FETCHED = {"manager": "deb", "packages": [PACKAGE], "fetched": 1, "unknown": [], "error": None}


class Row(TypedDict):
    """Of every kind that a reader knows."""

    word: str
    number: int
    ratio: float
    pair: tuple[str, int]
    words: list[str]
    by_name: dict[str, bool]
    perhaps: str | None
    whatever: object


GOOD = {
    "word": "a", "number": 1, "ratio": 1, "pair": ["a", 1], "words": [], "by_name": {"a": True},
    "perhaps": None, "whatever": {"x": []},
}  # fmt: skip


def test_a_value_of_the_right_shape_is_read() -> None:
    assert read(Row, GOOD) == {**GOOD, "pair": ("a", 1)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"word": 1}, "the result.word must be text"),
        ({"number": True}, "the result.number must be a whole number of at most 64 bits"),
        ({"number": 2**64}, "the result.number must be a whole number of at most 64 bits"),
        ({"ratio": float("nan")}, "the result.ratio must be a number"),
        ({"ratio": 10**400}, "the result.ratio must be a number"),
        ({"pair": ["a"]}, "the result.pair must be a list of 2 values"),
        ({"pair": ["a", "b"]}, "the result.pair[1] must be a whole number of at most 64 bits"),
        ({"words": {}}, "the result.words must be a list"),
        ({"words": ["a", None]}, "the result.words[1] must be text"),
        ({"by_name": []}, "the result.by_name must be an object"),
        ({"by_name": {"é": 1}}, "the result.by_name['\\xe9'] must be true or false"),
        ({"perhaps": 0}, "the result.perhaps must be text"),
        ({"more": 1}, "the result must be an object with the keys by_name, number, pair, perhaps, "),
    ],
)
def test_another_shape_is_refused_by_its_place(changes: dict[str, object], message: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(Row, {**GOOD, **changes})
    assert str(caught.value).startswith(message)


def test_what_is_missing_is_refused() -> None:
    with pytest.raises(Malformed, match="must be an object with the keys"):
        read(Row, {key: value for key, value in GOOD.items() if key != "words"})


# --- every task, and what its stage makes of a lie ------------------------------------------------


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_type_can_be_read(module: ModuleType) -> None:
    kinds = [each for each in vars(module).values() if is_typeddict(each)]
    for kind in kinds:
        with pytest.raises(Malformed):
            read(kind, [])
    assert kinds


@contextmanager
def saying(folder: Path, result: object) -> Iterator[FakeContainer]:
    """A container whose Python gives this result, whatever it is asked."""

    def python(_container: FakeContainer, _words: Sequence[str], stdin: bytes) -> ExecResult:
        event = json.dumps({"event": "result", "result": result})
        return ExecResult(0, f"\n{json.loads(stdin)['mark']}{event}\n".encode(), b"")

    engine = FakeEngine(folder, images={"i": ImageInfo("i", (), "linux/amd64", 1)})
    engine.handlers["python3"] = python
    with engine.container(ContainerSpec("i", Network.NONE, "x")) as made:
        made.start()
        yield made


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.name}-{task.result.__name__}")
def test_a_result_of_another_shape_is_a_failed_guest(tmp_path: Path, task: Any) -> None:
    for number, lie in enumerate(({"canary": 1}, {"isolation": []}, {"error": {}})):
        with saying(tmp_path / str(number), lie) as room, pytest.raises(GuestFailed) as caught:
            run_guest(room, "python3", task, {})
        assert caught.value.last_line.startswith("it said what it must not: the result must be an object")


def _sizes(room: FakeContainer) -> object:
    return store_info(Guest(room, "python3"))


def _resolved(room: FakeContainer) -> object:
    return resolve_lock(Guest(room, "python3"), inputs_for("demo"), None)


def _packages(room: FakeContainer) -> object:
    return fetch_system(Guest(room, "python3"), SystemWish(("libgl1",)))


@pytest.mark.parametrize(
    ("asked", "result", "error"),
    [
        (_sizes, {"wheels": 1}, FetchFailed),
        (
            _sizes,
            {"wheels": "1", "bytes": 1, "sets": 1, "partial_bytes": 1, "uv_cache_bytes": 1},
            FetchFailed,
        ),
        (_resolved, {"exit_code": 0, "lock": ["x"], "stderr": "", "routes": None}, ToolUnavailable),
        (_packages, {**FETCHED, "manager": "brew"}, SystemPackagesFailed),
        (_packages, {**FETCHED, "manager": None}, SystemPackagesFailed),
        (_packages, {**FETCHED, "packages": [{**PACKAGE, "sha256": "../../canary"}]}, SystemPackagesFailed),
        (_packages, {**FETCHED, "packages": [{**PACKAGE, "size": None}]}, SystemPackagesFailed),
        (_packages, {**FETCHED, "error": "none"}, SystemPackagesFailed),
    ],
)
def test_a_stage_ends_in_its_own_error(
    tmp_path: Path, asked: Callable[[FakeContainer], object], result: object, error: type[ParityError]
) -> None:
    with saying(tmp_path, result) as room, pytest.raises(error):
        asked(room)


def test_facts_of_another_shape_are_none() -> None:
    documents: list[dict[str, object]] = [{}, {"libc": []}, {"libc": {"family": "glibc", "version": [2]}}]
    for document in documents:
        with pytest.raises(ProbeFailed, match="no facts of parity"):
            parse_facts(document, "the image")


def test_packages_that_can_be_are_taken(tmp_path: Path) -> None:
    with saying(tmp_path, FETCHED) as room:
        found, count = fetch_system(Guest(room, "python3"), SystemWish(("libgl1",)))
    assert ([each.name for each in found.packages], found.manager, count) == (["libgl1"], "deb", 1)


def test_no_guest_needs_the_types_when_it_runs(tmp_path: Path) -> None:
    """They do not travel, and are written for a newer Python than a guest may have."""
    subprocess.run(["tar", "xf", "-", "-C", str(tmp_path)], input=guest_tar(), check=True)
    names = sorted({task.name for task in TASKS})
    code = "import importlib, sys; sys.path.insert(0, sys.argv[1])\nfor name in sys.argv[2:]:\n"
    code += "    importlib.import_module('parity_guest.guest.tasks.' + name)\n"
    subprocess.run([sys.executable, "-I", "-B", "-c", code, str(tmp_path / "parity"), *names], check=True)
    assert not list(tmp_path.rglob("wire"))
