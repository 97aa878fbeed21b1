"""What an index says is judged first: the quick inputs of `make attack indexes`, and the doors."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.attack.campaigns.indexes import in_a_folder
from tests.attack.inputs.index_input import FILE, NAME, Input
from tests.attack.inputs.index_inputs import HONEST, HOSTILE
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.hostile_index import HostileIndex, body, drip, head, raw
from tests.support.index import tiny_wheel
from tests.support.targets import DEBIAN11

from parity.guest.net import simplepage
from parity.guest.store import store
from parity.guest.store.digests import Wheel, scope_of, wheel_of
from parity.guest.store.store import Store
from parity.guest.tasks import fetch, guess
from parity.guest.wheels.requires import parse_requirement

QUICK = {
    "../uv-cache/canary", "../../canary", "an upper-case digest, guess", "build numbers", "deep JSON",
    "one bad file among good ones, router", "longer than announced", "interim answers without an end",
    "trailers without an end", "a gzip bomb", "gigabytes announced", "comments that never close",
    "later, in an impossible number", "two of them", "sha256 'canary'", "a packed page, router",
}  # fmt: skip
CASES = [each for each in (*HOSTILE, *HONEST) if any(name in each.name for name in QUICK)]


def no_event(event: object) -> None:
    """Nobody listens."""


@pytest.mark.parametrize("each", CASES, ids=lambda each: f"{each.kind}-{each.name}")
def test_an_index_is_judged_before_it_is_believed(each: Input) -> None:
    outcome = in_a_folder(each)
    assert outcome.right, outcome.ended


@pytest.mark.parametrize("name", ["../canary", "a" * 63, "A" * 64, "a" * 64 + "\n", "", "\u0660" * 64])
def test_the_store_itself_takes_no_name_that_is_no_digest(tmp_path: Path, name: str) -> None:
    found = Store(str(tmp_path))
    for door in (found.content, found.holds, found.discard, lambda each: found.make_set(each, [])):
        with pytest.raises(ValueError, match="the store takes nothing"):
            door(name)


@pytest.mark.parametrize("name", ["../x", "..", "a/b", "x\n", "x\0", ".", ""])
def test_a_set_holds_plain_file_names_alone(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="the store takes nothing"):
        Store(str(tmp_path)).make_set("a" * 64, [(name, "b" * 64)])
    with pytest.raises(ValueError, match="the store takes nothing"):
        Store(str(tmp_path)).partial_path(name)


def test_what_one_set_of_indexes_began_no_other_goes_on_with() -> None:
    said: Any = {
        "filename": NAME,
        "url": "https://files.example/x.whl",
        "sha256": "",
        "hashes": {"md5": "0" * 32},
    }
    jobs: list[Any] = [
        {"index_url": "https://a.example/simple/"},
        {"index_url": "https://b.example/simple/"},
        {
            "index_url": "https://a.example/simple/",
            "credentials": {"https://a.example:443": ["me", "secret"]},
        },
        {"index_url": None, "indexes": [{"name": "a", "url": "https://a.example/", "packages": []}]},
    ]
    assert len({wheel_of(said, scope_of(job)).key for job in jobs}) == len(jobs)
    other = jobs[2] | {"credentials": {"https://a.example:443": ["me", "another"]}}
    assert scope_of(other) == scope_of(jobs[2])  # a password is in no name of a folder


def job_of(folder: Path, index: HostileIndex, wheel: bytes, **more: Any) -> Any:
    file: dict[str, Any] = {
        "filename": NAME,
        "url": index.root + FILE,
        "sha256": hashlib.sha256(wheel).hexdigest(),
    }
    file |= {"size": len(wheel)}
    return {"store": str(folder / "store"), "set": None, "wheels": [file], "timeout": 1, **more}


def test_next_to_nothing_for_a_while_ends_a_fetch_and_says_so(tmp_path: Path) -> None:
    """It sends enough for its connection to count as alive, and yet the run would take for ever."""
    with HostileIndex() as index:
        index.at(FILE, drip(head(Content_Length="100000000"), b"x" * 2000, 0.3))
        job = job_of(tmp_path, index, b"x" * 100_000_000, stall=3)
        begin = time.monotonic()
        (failed,) = fetch.main(job, no_event)["failed"]
    assert (failed["kind"], time.monotonic() - begin < 90) == ("slow", True)
    assert "3 seconds" in failed["message"]


def test_what_goes_forward_may_take_as_long_as_it_takes(tmp_path: Path) -> None:
    wheel = tiny_wheel(tmp_path, "demo", padding=1_000_000).read_bytes()
    pieces = [wheel[at : at + 100_000] for at in range(0, len(wheel), 100_000)]

    def slowly(_request: bytes) -> Any:
        yield head(Content_Length=str(len(wheel)))
        for piece in pieces:
            time.sleep(0.3)
            yield piece

    with HostileIndex() as index:
        index.at(FILE, slowly)
        result = fetch.main(job_of(tmp_path, index, wheel, stall=1), no_event)
    assert [each["filename"] for each in result["wheels"]] == [NAME]


def test_another_run_that_does_not_go_forward_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that drips a wheel must not hold a build from another index that has the same wheel."""
    monkeypatch.setattr(store, "_PATIENCE", 0.5)
    wheel = tiny_wheel(tmp_path, "demo").read_bytes()
    digest = hashlib.sha256(wheel).hexdigest()
    held = Path(Store(str(tmp_path / "store")).partial_path(digest))
    with HostileIndex() as index, held.open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        index.at(FILE, body(wheel, "application/octet-stream"))
        result = fetch.main(job_of(tmp_path, index, wheel), no_event)
    assert [each["sha256"] for each in result["wheels"]] == [digest]
    assert os.listdir(held.parent) == [digest]


def test_a_guess_ends_in_time_and_leaves_no_thread_behind_a_drip(tmp_path: Path) -> None:
    with HostileIndex() as index:
        for name in ("demo", "other"):
            index.at(f"/simple/{name}/", drip(head(), b" " * 3000, 0.2))
        job: Any = {"store": str(tmp_path), "audits": "", "index_url": index.url, "deadline": 2}
        job |= {"requirements": ["demo", "other"], "constraints": [], "tags": [], "threads": 4}
        begin = time.monotonic()
        assert guess.main(job | {"markers": dict(DEBIAN11.markers)}, no_event)["metadata"] == {}
    assert time.monotonic() - begin < 90


def test_a_page_that_nobody_should_read_is_told(tmp_path: Path) -> None:
    with HostileIndex() as index:
        index.at("/simple/demo/", raw(head(Content_Length="2700000000")))
        job: Any = {"store": str(tmp_path), "audits": "", "index_url": index.url, "deadline": 5}
        job |= {"requirements": ["demo"], "constraints": [], "tags": [], "threads": 4}
        (said,) = guess.main(job | {"markers": dict(DEBIAN11.markers)}, no_event)["troubles"]
    assert (said["name"], said["kind"]) == ("demo", "size")


def test_a_part_longer_than_the_whole_is_thrown_away(tmp_path: Path) -> None:
    wheel = tiny_wheel(tmp_path, "demo").read_bytes()
    key = Wheel(NAME, "", hashlib.sha256(wheel).hexdigest(), None).key
    Path(Store(str(tmp_path / "store")).partial_path(key)).write_bytes(wheel * 3)
    with HostileIndex() as index:
        index.at(FILE, body(wheel, "application/octet-stream"))
        assert fetch.main(job_of(tmp_path, index, wheel), no_event)["wheels"]


def test_the_chooser_takes_the_highest_build_number() -> None:
    chooser = simplepage.Chooser(DEBIAN11.tags, DEBIAN11.python)
    wanted = parse_requirement("demo")
    assert wanted is not None
    names = [f"demo-1.0-{build}py3-none-any.whl" for build in ("9-", "10-", "", "10b-", "2-")]
    links = [simplepage.Link(name, {"url": f"https://x.example/{name}"}) for name in names]
    chosen = chooser.choose("https://x.example/", links, wanted)
    assert chosen is not None
    assert chosen.filename == "demo-1.0-10b-py3-none-any.whl"


@pytest.mark.parametrize("piece", ["a", "a-", " ", "a=", 'a="'])
def test_an_anchor_with_a_long_attribute_takes_no_time(piece: str) -> None:
    def read(count: int) -> None:
        page = f'<a href="x-1.0-py3-none-any.whl" a{piece * count}>x</a>'.encode()
        (link,) = simplepage.links("text/html", page)
        assert simplepage.release("http://index.example/simple/x/", link).version == "1.0"

    grows_no_faster_than_its_length(read, 15_001)
