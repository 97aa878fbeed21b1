"""The fetch guest against a real index on this machine that goes wrong on demand."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import PackageIndex, basic, certificate, tiny_wheel

from parity.guest.net.reach import settings
from parity.guest.store.digests import scope_of, wheel_of
from parity.guest.store.store import Store
from parity.guest.tasks import cache, fetch
from parity.guest.tasks.fetch import FetchRun

NAMES = ("alpha", "beta", "gamma")
SIZE = 600_000


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for name in NAMES:
        tiny_wheel(tmp_path / "wheels", name, padding=SIZE)
    return tmp_path / "wheels"


@pytest.fixture
def index(wheels: Path) -> Iterator[PackageIndex]:
    with PackageIndex(wheels) as index:
        yield index


def job(store: Path, index: PackageIndex, **more: Any) -> dict[str, Any]:
    paths = sorted(index.wheels.glob("*.whl"))
    wheels = [
        {
            "filename": path.name,
            "url": f"{index.root}/files/{path.name}",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "size": None,
        }
        for path in paths
    ]
    store.mkdir(exist_ok=True)
    base = {"store": str(store), "set": "a" * 64, "wheels": wheels, "timeout": 5, "attempts": 2, "threads": 3}
    return {**base, **more}


def run(asked: Any) -> tuple[Any, list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    return fetch.main(asked, events.append), events


def kinds(result: dict[str, Any]) -> dict[str, str]:
    return {entry["filename"].split("-")[0]: entry["kind"] for entry in result["failed"]}


def content(store: Path, asked: dict[str, Any], number: int = 0) -> Path:
    sha256: str = asked["wheels"][number]["sha256"]
    return store / "sha256" / sha256[:2] / sha256


def in_process(asked: dict[str, Any], limit: int = -1) -> subprocess.Popen[bytes]:
    """The guest as the container runs it, in a process that may be killed or may not write much."""
    code = "import json, resource, sys\nfrom parity.guest.tasks import fetch\n"
    if limit >= 0:
        code += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    code += "print(json.dumps(fetch.main(json.load(sys.stdin), lambda event: None)))"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked).encode())
    process.stdin.close()
    return process


def test_everything_comes_once_and_lies_under_its_real_name(tmp_path: Path, index: PackageIndex) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    result, events = run(asked)
    assert result["failed"] == []
    assert result["fetched_bytes"] == sum(path.stat().st_size for path in index.wheels.iterdir())
    for path in index.wheels.iterdir():
        assert (Path(result["folder"]) / path.name).read_bytes() == path.read_bytes()
    last = [event for event in events if event["event"] == "progress"][-1]
    assert last["done"] == last["total"] == result["fetched_bytes"]
    assert (last["files_done"], last["files"]) == (3, 3)
    index.seen.clear()
    again, _ = run(asked)
    assert again["fetched_bytes"] == 0
    assert not index.seen
    assert not any(wheel["fetched"] for wheel in again["wheels"])


def test_the_store_can_be_read_by_everyone(tmp_path: Path, index: PackageIndex) -> None:
    old = os.umask(0o077)
    try:
        result, _ = run(job(tmp_path / "store", index))
    finally:
        os.umask(old)
    folder = Path(result["folder"])
    assert folder.stat().st_mode & 0o777 == 0o755
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in folder.iterdir())


def test_poisoned_content_is_found_fetched_again_and_the_set_mended(
    tmp_path: Path, index: PackageIndex
) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    run(asked)
    poisoned = content(store, asked)
    data = bytearray(poisoned.read_bytes())
    data[1000] ^= 1
    poisoned.write_bytes(data)
    result, events = run(asked)
    assert [wheel["filename"] for wheel in result["wheels"] if wheel["fetched"]] == [
        "alpha-1.0-py3-none-any.whl"
    ]
    assert any("alpha" in event["message"] for event in events if event["event"] == "warning")
    for path in index.wheels.iterdir():
        assert (Path(result["folder"]) / path.name).read_bytes() == path.read_bytes()


def test_other_bytes_than_locked_are_refused(tmp_path: Path, index: PackageIndex) -> None:
    index.fail("beta-1.0-py3-none-any.whl", flip=True)
    result, _ = run(job(tmp_path / "store", index))
    assert kinds(result) == {"beta": "hash"}
    assert result["folder"] is None
    assert len(list((tmp_path / "store/sha256").rglob("*"))) == 4  # two files, two folders: not the third


@pytest.mark.parametrize("length", [True, False])
def test_a_connection_cut_in_the_middle_is_resumed(tmp_path: Path, index: PackageIndex, length: bool) -> None:
    index.fail("alpha-1.0-py3-none-any.whl", cut_after=400_000, times=1, length=length)
    result, _ = run(job(tmp_path / "store", index))
    assert result["failed"] == []
    ranges = [seen.range for seen in index.seen if "alpha" in seen.path]
    assert ranges == ["", "bytes=400000-"] if length else len(ranges) == 2


def test_a_partial_download_of_a_killed_run_is_continued(tmp_path: Path, index: PackageIndex) -> None:
    store = tmp_path / "store"
    index.fail("alpha-1.0-py3-none-any.whl", cut_after=300_000)
    asked = job(store, index, attempts=1)
    assert kinds(run(asked)[0]) == {"alpha": "network"}
    index.heal()
    index.seen.clear()
    assert run(asked)[0]["failed"] == []
    assert [seen.range for seen in index.seen if "alpha" in seen.path] == ["bytes=300000-"]


def test_a_damaged_partial_download_is_thrown_away(tmp_path: Path, index: PackageIndex) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    partial = store / "partial"
    partial.mkdir()
    for number, garbage in enumerate((b"x" * 1000, b"x" * 2 * SIZE)):  # short, and longer than the file
        (partial / asked["wheels"][number]["sha256"]).write_bytes(garbage)
    result, _ = run(asked)
    assert result["failed"] == []
    assert list(partial.iterdir()) == []


def test_killed_at_any_moment_the_store_is_never_wrong(tmp_path: Path, index: PackageIndex) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    for delay in (0.1, 0.2, 0.3):
        index.fail("gamma-1.0-py3-none-any.whl", delay=0.2, times=1)
        with in_process(asked) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        for path in (store / "sha256").rglob("*") if (store / "sha256").exists() else ():
            assert path.is_dir() or hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    result, _ = run(asked)
    assert result["failed"] == []
    assert list((store / "partial").iterdir()) == []


def test_an_index_that_asks_to_wait_is_waited_for(tmp_path: Path, index: PackageIndex) -> None:
    index.fail("beta-1.0-py3-none-any.whl", status=429, headers={"Retry-After": "1"}, times=1)
    start = time.monotonic()
    result, _ = run(job(tmp_path / "store", index))
    assert result["failed"] == []
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize(("status", "requests"), [(500, 2), (404, 1), (403, 1), (429, 2)])
def test_retries_are_bounded_and_only_where_they_may_help(
    tmp_path: Path, index: PackageIndex, status: int, requests: int
) -> None:
    index.fail("beta-1.0-py3-none-any.whl", status=status)
    result, _ = run(job(tmp_path / "store", index))
    assert kinds(result) == {"beta": f"http-{status}"}
    assert len([seen for seen in index.seen if "beta" in seen.path]) == requests
    assert len(result["wheels"]) == 2


def test_every_missing_file_is_named(tmp_path: Path, index: PackageIndex) -> None:
    index.fail("alpha-1.0-py3-none-any.whl", status=404)
    index.fail("gamma-1.0-py3-none-any.whl", status=410)
    assert kinds(run(job(tmp_path / "store", index))[0]) == {"alpha": "http-404", "gamma": "http-410"}


def test_a_dead_network_ends_the_run_at_once(tmp_path: Path, index: PackageIndex) -> None:
    asked = job(tmp_path / "store", index)
    for wheel in asked["wheels"]:
        wheel["url"] = "http://127.0.0.1:1/" + wheel["filename"]
    start = time.monotonic()
    result, _ = run({**asked, "threads": 1})
    assert len(result["failed"]) == 1
    assert result["failed"][0]["kind"] == "network"
    assert time.monotonic() - start < 30


def test_the_time_limit_holds(tmp_path: Path, index: PackageIndex) -> None:
    index.fail("beta-1.0-py3-none-any.whl", status=503, headers={"Retry-After": "60"})
    start = time.monotonic()
    result, _ = run(job(tmp_path / "store", index, deadline=1))
    assert kinds(result)["beta"] in {"timeout", "http-503"}
    assert time.monotonic() - start < 30


def test_credentials_go_to_their_own_origin_alone(tmp_path: Path, wheels: Path) -> None:
    login = ("user", "canary-6d1f")
    with PackageIndex(wheels) as elsewhere, PackageIndex(wheels, login=login) as index:
        moved = f"{elsewhere.root}/files/beta-1.0-py3-none-any.whl"
        index.fail("beta-1.0-py3-none-any.whl", status=302, headers={"Location": moved})
        refused, _ = run(job(tmp_path / "store", index))
        assert set(kinds(refused).values()) == {"http-401"}
        index.seen.clear()
        credentials = {index.root: list(login)}
        result, events = run(job(tmp_path / "store", index, credentials=credentials))
        assert result["failed"] == []
        assert {seen.authorization for seen in index.seen} == {basic(*login)}
        assert [seen.authorization for seen in elsewhere.seen] == [""]
    assert "canary" not in json.dumps([result, events])
    stored = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert not any(b"canary-6d1f" in path.read_bytes() for path in stored)


def test_a_redirect_without_end_is_refused(tmp_path: Path, index: PackageIndex) -> None:
    path = "/files/beta-1.0-py3-none-any.whl"
    index.fail(path, status=302, headers={"Location": path})
    assert kinds(run(job(tmp_path / "store", index))[0]) == {"beta": "redirect"}


def test_tls_is_checked_against_the_given_authority(tmp_path: Path, wheels: Path) -> None:
    context, pem = certificate(tmp_path / "tls")
    with PackageIndex(wheels, tls=context) as index:
        refused, _ = run(job(tmp_path / "store", index))
        assert set(kinds(refused).values()) == {"tls"}
        assert run(job(tmp_path / "store", index, ca=pem))[0]["failed"] == []


def test_what_is_not_asked_any_more_is_no_trouble_of_the_network(tmp_path: Path, wheels: Path) -> None:
    context, _ = certificate(tmp_path / "tls")
    with PackageIndex(wheels, tls=context) as index:
        for number in range(60):  # a matter of which thread begins when: one in ten went wrong
            refused, _ = run(job(tmp_path / f"store{number}", index))
            assert set(kinds(refused).values()) == {"tls"}


def test_proxies_are_used_for_http_and_https_and_no_proxy_is_kept(tmp_path: Path, wheels: Path) -> None:
    context, pem = certificate(tmp_path / "tls")
    with PackageIndex(wheels) as proxy, PackageIndex(wheels, tls=context) as secure:
        address = proxy.root.replace("//", "//me:secret@")
        proxies = {"http": address, "https": address}
        assert run(job(tmp_path / "one", secure, ca=pem, proxies=proxies))[0]["failed"] == []
        assert {seen.path for seen in proxy.seen} == {secure.root.removeprefix("https://")}
        assert {seen.authorization for seen in proxy.seen} == {basic("me", "secret")}
        assert {seen.authorization for seen in secure.seen} == {""}
        proxy.seen.clear()
        assert run(job(tmp_path / "two", proxy, proxies=proxies))[0]["failed"] == []
        assert all(seen.proxied for seen in proxy.seen)
        proxy.seen.clear()
        assert run(job(tmp_path / "three", proxy, proxies={**proxies, "no": "127.0.0.1"}))[0]["failed"] == []
        assert not any(seen.proxied for seen in proxy.seen)


class Nearly(Store):
    """On a disk that has less left than must stay free."""

    floor = 1 << 62


def test_no_index_takes_the_last_of_a_disk(tmp_path: Path, index: PackageIndex) -> None:
    asked: Any = job(tmp_path / "store", index)
    run = FetchRun(Nearly(asked["store"]), settings(asked), asked, [], lambda _: None)
    few, many = (wheel_of(each, scope_of(asked)) for each in asked["wheels"][:2])
    assert run.one(few).failed is None
    run.counter.add(2 << 30)
    failed = run.one(many).failed
    run.close()
    assert failed
    assert (failed["kind"], "1 GiB left" in failed["message"]) == ("disk", True)


def test_a_full_disk_is_said_and_leaves_no_content(tmp_path: Path, index: PackageIndex) -> None:
    store = tmp_path / "store"
    with in_process(job(store, index), limit=200_000) as process:
        out = process.stdout.read() if process.stdout else b""
    assert set(kinds(json.loads(out)).values()) == {"disk"}
    assert [path for path in (store / "sha256").rglob("*") if path.is_file()] == []


def test_runs_at_the_same_time_share_the_work(tmp_path: Path, index: PackageIndex) -> None:
    asked = job(tmp_path / "store", index)
    index.fail("alpha-1.0-py3-none-any.whl", delay=0.3, times=1)
    results: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: results.append(run(asked)[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result["failed"] for result in results] == [[]] * 4
    assert sorted(seen.path for seen in index.seen) == sorted(
        f"/files/{w['filename']}" for w in asked["wheels"]
    )


def test_pruning_removes_what_was_not_used_and_the_sets_that_need_it(
    tmp_path: Path, index: PackageIndex
) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    run(asked)
    one = {**asked, "set": "b" * 64, "wheels": asked["wheels"][:1]}
    run(one)
    info = cache.main({"store": str(store), "do": "info"}, print)
    assert (info["wheels"], info["sets"]) == (3, 2)
    assert info["bytes"] == sum(path.stat().st_size for path in index.wheels.iterdir())
    os.utime(content(store, asked, 2), (0, 0))
    removed = cache.main({"store": str(store), "do": "prune", "older_than": 86400}, print)
    assert (removed["wheels"], removed["sets"]) == (1, 1)
    assert [path.name for path in (store / "sets").iterdir()] == ["b" * 64]
    assert run(asked)[0]["failed"] == []
    cache.main({"store": str(store), "do": "prune", "older_than": 0}, print)
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_what_nobody_has_hashed_is_hashed_and_held_to_what_is_known(
    tmp_path: Path, index: PackageIndex
) -> None:
    store = tmp_path / "store"
    asked = job(store, index)
    known = {wheel["filename"]: wheel["sha256"] for wheel in asked["wheels"]}
    for wheel in asked["wheels"]:
        data = (index.wheels / wheel["filename"]).read_bytes()
        wheel.update(
            sha256="", hashes={"md5": hashlib.md5(data, usedforsecurity=False).hexdigest(), "odd": "1"}
        )
    result, _ = run({**asked, "set": None})
    assert result["failed"] == []
    assert {entry["filename"]: entry["sha256"] for entry in result["wheels"]} == known
    assert {path.name for path in store.glob("sha256/*/*")} == set(known.values())
    asked["wheels"][0]["hashes"] = {"sha512": "0" * 128}
    result, _ = run({**asked, "set": None})
    assert list(kinds(result).values()) == ["hash"]
    assert "SHA-512" in result["failed"][0]["message"]


def test_a_login_for_one_address_is_heard_there_alone(tmp_path: Path, index: PackageIndex) -> None:
    asked = job(tmp_path / "store", index)
    mine = asked["wheels"][0]["url"]
    run({**asked, "credentials": {mine: ["me", "canary"]}})
    heard = {index.root + seen.path: seen.authorization for seen in index.seen}
    assert heard.pop(mine) == basic("me", "canary")
    assert set(heard.values()) == {""}
