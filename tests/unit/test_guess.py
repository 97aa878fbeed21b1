"""A guess is only a hint, but a good one: it reads versions, markers and pages as the field does."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.requirements import Requirement as TheirRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.targets import DEBIAN11

from parity.guest.net import simplepage
from parity.guest.tasks import guess
from parity.guest.wheels.requires import evaluate, parse_requirement, parse_version, satisfies

versions = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
clauses = st.tuples(st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]), versions).map("".join)


@given(versions, st.lists(clauses, max_size=3))
def test_specifiers_mean_what_packaging_says(version: str, parts: list[str]) -> None:
    ours = parse_version(version)
    assert ours is not None
    assert satisfies(ours, ",".join(parts)) == SpecifierSet(",".join(parts)).contains(version)


@given(versions, versions.filter(lambda text: "." in text))
def test_compatible_and_wildcard_clauses_too(version: str, other: str) -> None:
    ours = parse_version(version)
    assert ours is not None
    for clause in (f"~={other}", f"=={other}.*", f"!={other}.*"):
        assert satisfies(ours, clause) == SpecifierSet(clause).contains(version), clause


@given(versions, versions)
def test_versions_are_ordered_as_packaging_orders_them(one: str, other: str) -> None:
    left, right = parse_version(one), parse_version(other)
    assert left is not None
    assert right is not None
    assert (left < right) == (Version(one) < Version(other))
    assert (left == right) == (Version(one) == Version(other))


MARKERS = [
    'python_version < "3.10"',
    "python_version >= '3.10'",
    'python_full_version < "3.9.5" and sys_platform == "linux"',
    '(os_name == "nt" or platform_system == "Linux") and extra == "standard"',
    'extra == "other"',
    'platform_machine in "x86_64 aarch64"',
    'platform_python_implementation != "PyPy"',
    "python_version == '3.9'",
    '"linux" in sys_platform',
]


@pytest.mark.parametrize("marker", MARKERS)
def test_markers_are_true_when_packaging_says_so(marker: str) -> None:
    environment = {**DEBIAN11.markers, "extra": "standard"}
    assert evaluate(marker, environment) == Marker(marker).evaluate(environment)


@pytest.mark.parametrize("marker", ["", "__import__('os')", "1 < 2 < 3", "nobody == 'x'", "(" * 60])
def test_a_marker_that_is_not_understood_is_no_reason_to_go_on(marker: str) -> None:
    assert not evaluate(marker, dict(DEBIAN11.markers))


@pytest.mark.parametrize(
    "text", ["fastapi[standard]>=0.1,<2 ; python_version>'3'", "A.b_C", "x (>=1.0)", "y==1.*; extra=='z'"]
)
def test_requirements_are_read(text: str) -> None:
    ours = parse_requirement(text)
    theirs = TheirRequirement(text)
    assert ours is not None
    assert ours.name == theirs.name.lower().replace(".", "-").replace("_", "-")
    assert ours.extras == theirs.extras
    assert bool(ours.marker) == (theirs.marker is not None)


@pytest.mark.parametrize(
    ("first", "part", "last"),
    [
        ("a", " ", "@"),
        ("a", " ;", ""),
        ("a>=1", "\t", "@"),
        ("", "a", ""),
        ("a >= ", "1", ""),
        ("a ; ", "(", "x"),
        ("a ; ", "not ", "x"),
        ("a ; {[]: 1} == ", "", "'x'"),
    ],
)
def test_a_strangers_line_keeps_nobody(first: str, part: str, last: str) -> None:
    def read(count: int) -> None:
        found = parse_requirement(first + part * count + last)
        if found is not None:
            assert not found.marker or not found.holds({"os_name": "posix"}, frozenset())
            satisfies(((1,), -1), found.specifier)
        assert parse_version("1" * (count + 10_000)) is None

    grows_no_faster_than_its_length(read, 4000)


def test_an_address_is_nothing_to_guess() -> None:
    assert parse_requirement("x @ https://example.invalid/x.whl") is None


PAGE = b"""<!DOCTYPE html><html><body>
<a href="../../f/demo-1.0-py3-none-any.whl#sha256=%(a)s" data-requires-python="&gt;=3.6">demo</a>
<a data-requires-python="&gt;=3.10" href="../../f/demo-3.0-py3-none-any.whl#sha256=%(a)s">demo</a>
<a href='../../f/demo-2.5-py3-none-any.whl#sha256=%(a)s' data-yanked="bad">demo</a>
<a href="../../f/demo-2.0-py3-none-any.whl#sha256=%(a)s">demo</a>
<a href="../../f/demo-2.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl#sha256=%(b)s">demo</a>
<a href="../../f/demo-2.0-cp39-cp39-win_amd64.whl#sha256=%(a)s">demo</a>
<a href="../../f/demo-2.1rc1-py3-none-any.whl#sha256=%(a)s">demo</a>
<a href="../../f/demo-9.0.tar.gz#sha256=%(a)s">demo</a>
</body></html>""" % {b"a": b"a" * 64, b"b": b"b" * 64}
ADDRESS = "https://index.invalid/simple/demo/"


def choose(requirement: str) -> simplepage.Release | None:
    chooser = simplepage.Chooser(DEBIAN11.tags, DEBIAN11.python)
    wanted = parse_requirement(requirement)
    assert wanted is not None
    return chooser.choose(ADDRESS, simplepage.links("text/html", PAGE), wanted)


def test_the_newest_release_that_fits_is_chosen_with_its_best_wheel() -> None:
    found = choose("demo")
    assert found is not None
    assert found.version == "2.0"
    assert found.sha256 == "b" * 64
    assert found.url.startswith("https://index.invalid/f/demo-2.0-cp39-cp39-manylinux_2_17_x86_64")


def test_a_specifier_is_heeded_and_nothing_may_fit() -> None:
    found = choose("demo<2")
    assert found is not None
    assert found.version == "1.0"
    assert choose("demo>9") is None


def test_the_whole_set_is_guessed_and_fetched(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    tiny_wheel(wheels, "app", requires=["lib<2 ; python_version >= '3'", "extra-only ; extra == 'x'", "gone"])
    tiny_wheel(wheels, "lib", "1.0")
    tiny_wheel(wheels, "lib", "2.0")
    tiny_wheel(wheels, "extra-only", "1.0")
    with PackageIndex(wheels) as index:
        job: Any = {
            "store": str(tmp_path / "store"),
            "audits": "",
            "index_url": index.url,
            "requirements": ["app"],
            "constraints": [],
            "tags": list(DEBIAN11.tags),
            "markers": dict(DEBIAN11.markers),
            "threads": 4,
            "deadline": 20,
            "proxies": {},
            "ca": None,
            "credentials": {},
        }
        plain = guess.main(job, lambda event: None)
        with_extra = guess.main(job | {"requirements": ["app[x]"]}, lambda event: None)
    requires = ["lib<2 ; python_version >= '3'", "extra-only ; extra == 'x'", "gone"]
    assert {name: said["requires"] for name, said in plain["metadata"].items()} == {
        "app": requires,
        "lib": [],
    }
    assert {said["version"] for said in with_extra["metadata"].values()} == {"1.0"}
    assert set(with_extra["metadata"]) == {"app", "lib", "extra-only"}
    assert len(list((tmp_path / "store" / "sha256").glob("*/*"))) >= 3


def test_an_index_that_fails_gives_no_guess_and_no_error(tmp_path: Path) -> None:
    with PackageIndex(tmp_path) as index:
        job: Any = {"store": str(tmp_path / "s"), "audits": "", "index_url": index.url}
        job |= {"requirements": ["nothing"], "constraints": [], "tags": [], "threads": 2, "deadline": 5}
        job["markers"] = dict(DEBIAN11.markers)
        assert guess.main(job, lambda event: None)["metadata"] == {}


def test_visits_that_end_at_once_do_not_hold_the_others_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AtOnce(ThreadPoolExecutor):
        """A pool whose threads are always quicker than whoever gives them work."""

        def submit(self, *args: Any, **options: Any) -> Future[Any]:
            future = super().submit(*args, **options)
            wait([future], 5)
            return future

    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor", AtOnce)
    job: Any = {"store": str(tmp_path / "s"), "audits": "", "index_url": "nowhere://"}
    job |= {"requirements": [f"gone{n}" for n in range(3)], "constraints": [], "tags": [], "threads": 4}
    job |= {"deadline": 60, "markers": dict(DEBIAN11.markers)}
    begin = time.monotonic()
    assert guess.main(job, lambda event: None)["metadata"] == {}
    assert time.monotonic() - begin < 40
