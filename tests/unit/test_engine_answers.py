"""An engine that answers oddly, an engine of another age, and what goes wrong beside the run."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from parity.docker_engine import DockerEngine, images
from parity.docker_engine.client import _api
from parity.docker_engine.container import _CommandOutput
from parity.docker_engine.endpoints import Endpoint
from parity.docker_engine.removals import Removals
from parity.docker_engine.streams import STDERR, STDOUT, Conversation, DeadlinePassed
from parity.docker_engine.wire import PlainWire
from parity.errors import EngineRefused, EngineUnavailable, ParityError
from parity.pipeline import parallel
from parity.pipeline.context.values import BuildRequest
from parity.portable.errors import BundleDamaged


@contextmanager
def conversation(answer: bytes, seconds: float = 20) -> Iterator[Conversation]:
    """With an engine that said this, and holds the connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        yield Conversation(PlainWire(ours), time.monotonic() + seconds)


@pytest.mark.parametrize(
    "answer",
    [
        b"\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 ok\r\n\r\n",
        b"HTTP/1.1 99999 x\r\n\r\n",
        b"HTTP/1.1 500 x\r\nContent-Length: many\r\n\r\nwords",
        b"HTTP/1.1 500 x\r\nContent-Length: -7\r\n\r\nwords",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000,
    ],
)
def test_an_answer_that_is_no_http_is_a_refusal(answer: bytes) -> None:
    with conversation(answer) as talk, pytest.raises(EngineRefused):
        talk.start("/exec/1/start", {})


def test_who_holds_a_stream_after_the_command_has_ended_is_not_waited_for() -> None:
    said: list[tuple[int, bytes]] = []
    with conversation(b"HTTP/1.1 101 x\r\n\r\n\x01\0\0\0\0\0\0\x02hi") as talk:
        talk.start("/exec/1/start", {})
        begin = time.monotonic()
        talk.talk(b"", lambda stream, data: said.append((stream, data)), lambda: True)
    assert said == [(1, b"hi")]
    assert time.monotonic() - begin < 10


def test_what_a_command_said_last_is_heard_though_the_engine_tells_its_end_first() -> None:
    said: list[tuple[int, bytes]] = []
    ours, theirs = socket.socketpair()

    def ended() -> bool:
        threading.Timer(0.5, theirs.sendall, [b"\x01\0\0\0\0\0\0\x02hi"]).start()
        return True

    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 101 x\r\n\r\n")
        talk = Conversation(PlainWire(ours), time.monotonic() + 20)
        talk.start("/exec/1/start", {})
        talk.talk(b"", lambda stream, data: said.append((stream, data)), ended)
    assert said == [(1, b"hi")]


def test_who_goes_on_saying_something_after_the_command_has_ended_is_not_waited_for() -> None:
    ours, theirs = socket.socketpair()
    over = threading.Event()

    def chat() -> None:
        while not over.wait(1.5):
            theirs.sendall(b"\x01\0\0\0\0\0\0\x02hi")

    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 101 x\r\n\r\n")
        begin = time.monotonic()
        talk = Conversation(PlainWire(ours), begin + 15)
        talk.start("/exec/1/start", {})
        chatting = threading.Thread(target=chat)
        chatting.start()
        try:
            talk.talk(b"", lambda stream, data: None, lambda: True)
        finally:
            over.set()
            chatting.join()
    assert time.monotonic() - begin < 12


def test_a_command_that_runs_silently_is_waited_for_until_its_time_is_over() -> None:
    with conversation(b"HTTP/1.1 101 x\r\n\r\n", seconds=2.5) as talk:
        talk.start("/exec/1/start", {})
        with pytest.raises(DeadlinePassed):
            talk.talk(b"", lambda *_: None, lambda: False)


def test_what_a_command_says_is_kept_up_to_a_limit() -> None:
    output, heard = _CommandOutput(None, None), bytearray()
    for _ in range(64):
        output.take(STDOUT, bytes(1 << 20))
    with pytest.raises(EngineRefused, match="said more than 64 MiB"):
        output.take(STDOUT, b"x")
    other = _CommandOutput(None, heard.extend)
    other.take(7, b"a stream that nobody knows")
    other.take(STDERR, b"!")
    assert heard == b"a stream that nobody knows!"


@pytest.mark.parametrize("error", [RuntimeError("fault"), KeyError("Id"), EngineRefused("no")])
def test_whatever_a_removal_raises_is_raised_when_the_run_settles(error: Exception) -> None:
    def remove() -> None:
        raise error

    removals = Removals()
    removals.begin(remove)
    with pytest.raises(type(error)) as caught:
        removals.settle()
    assert caught.value is error
    removals.settle()


def told(api: str, least: str | None = None) -> dict[str, str]:
    return {"ApiVersion": api} | ({"MinAPIVersion": least} if least else {})


def test_the_newest_version_that_both_sides_know_is_spoken() -> None:
    assert _api(told("1.41", "1.12"), "here") == "1.41"
    assert _api(told("1.41"), "here") == "1.41"
    newest = _api(told("1.99", "1.24"), "here")
    assert newest != "1.99"
    assert _api(told("1.99", newest), "here") == newest


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (told("1.40", "1.12"), "parity needs 1.41"),
        (told("1.99", "1.98"), "no API before 1.98; this parity speaks"),
        (told("latest"), "tells no ApiVersion"),
        ({}, "tells no ApiVersion"),
        (told("1.99", "x"), "tells no MinAPIVersion"),
    ],
)
def test_an_engine_of_another_age_is_told(answer: Mapping[str, str], words: str) -> None:
    with pytest.raises(EngineUnavailable, match=words):
        _api(answer, "here")


class Client:
    """An engine whose image store is containerd's: it gives every image a digest."""

    api_version = "1.47"

    def __init__(self, driver: str) -> None:
        self._driver = driver
        self.asked: list[str] = []

    def info(self) -> dict[str, Any]:
        return {"DriverStatus": [["driver-type", self._driver]]}

    def inspect_image(self, reference: str) -> dict[str, Any]:
        digests = [f"{name}@sha256:{'a' * 64}" for name in ("parity/local", "registry.test/pulled")]
        return {"Id": f"sha256:{'a' * 64}", "RepoDigests": digests, "Os": "linux", "Architecture": "amd64"}

    def inspect_distribution(self, reference: str) -> None:
        import docker.errors  # noqa: PLC0415

        self.asked.append(reference)
        if reference.startswith("parity/local"):
            raise docker.errors.APIError("no such repository")


def test_only_digests_that_a_registry_knows_are_believed_where_the_engine_makes_them_up() -> None:
    client = Client("io.containerd.snapshotter.v1")
    engine = DockerEngine(cast(Any, client), Endpoint("unix:///x", "test"))
    for _ in range(2):
        found = engine.image("x")
        assert found is not None
        assert found.digests == (f"registry.test/pulled@sha256:{'a' * 64}",)
    assert len(client.asked) == 2
    client = Client("overlayfs")
    found = DockerEngine(cast(Any, client), Endpoint("unix:///x", "test")).image("x")
    assert found is not None
    assert (len(found.digests), client.asked) == (2, [])


def test_an_engine_that_told_its_versions_is_not_asked_again_as_podman_takes_seconds() -> None:
    class Slow(Client):
        def version(self) -> None:
            pytest.fail("asked once more")

    told = {"Components": [{"Name": "Podman Engine"}], "Version": "4.3.1", "Arch": "amd64"}
    engine = DockerEngine(cast(Any, Slow("")), Endpoint("unix:///x", "test"), None, told)
    assert (engine.info().name, engine.info().version) == ("Podman Engine", "4.3.1")


@pytest.mark.parametrize("told", ["a" * 64, f"sha256:{'a' * 64}"])
def test_an_image_of_a_container_has_an_id_with_its_algorithm_whoever_made_it(told: str) -> None:
    class Committing:
        def commit(self, *_: str, **__: str) -> dict[str, str]:
            return {"Id": told}

    assert images.commit(cast(Any, Committing()), "c", "name", {}) == f"sha256:{'a' * 64}"


def test_one_profile_with_a_damaged_wheel_does_not_end_the_others() -> None:
    lock = threading.Lock()
    heard: list[str] = []

    def build(request: Any) -> Any:
        if request == "damaged":
            raise BundleDamaged("a wheel of it is damaged")
        if request == "refused":
            raise EngineRefused("no")
        return f"built {request}"

    def finished(request: Any, _: Any) -> None:
        with lock:
            heard.append(request)

    requests = cast(list[BuildRequest], ["good", "damaged", "refused", "other"])
    outcomes = parallel.run_all(build, requests, lambda: None, finished, 4)
    assert [type(each) for each in outcomes] == [str, BundleDamaged, EngineRefused, str]
    assert sorted(heard) == sorted(cast(list[str], requests))
    assert issubclass(EngineRefused, ParityError)


def test_the_watch_of_a_disk_tells_what_a_folder_takes(tmp_path: Path) -> None:
    from parity.guest.tasks.usage import usage  # noqa: PLC0415

    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 1_000_000)
    (tmp_path / "a" / "link").hardlink_to(tmp_path / "a" / "b" / "file")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert 1_000_000 <= usage(str(tmp_path)) < 1_200_000
    assert usage(str(tmp_path / "gone")) == 0
