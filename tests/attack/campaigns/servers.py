"""Servers that lie to the near side: a container engine and an index that takes uploads."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

from tests.attack.inputs.raw_server import WRONG, answered, as_json, raw_server
from tests.attack.outcome import Outcome
from tests.attack.trial import Piece, is_readable, many, scratch
from tests.support.recorder import Recorder
from tests.support.served import bundle_of, opened, some_wheels

from parity.docker_engine import connect
from parity.engine import ContainerSpec, Network
from parity.errors import ParityError
from parity.publish import UploadTarget, index_candidates, publish

TITLE = f"an engine and an index for uploads that answer each request wrongly, in {len(WRONG)} ways"
SECONDS = 30
IMAGE = "sha256:" + "1" * 64

ENGINE: dict[str, tuple[str, bytes]] = {
    "hello": (r"GET /version", as_json({"ApiVersion": "1.41", "Version": "20.10", "MinAPIVersion": "1.12"})),
    "version": (
        r"GET /v1\.\d+/version",
        as_json({"ApiVersion": "1.41", "Version": "20.10", "Components": [{"Name": "Engine"}]}),
    ),
    "info": (r"GET /v1\.\d+/info", as_json({"NCPU": 2, "MemTotal": 1, "Driver": "overlay2"})),
    "image": (
        r"GET /v1\.\d+/images/",
        as_json({"Id": IMAGE, "Os": "linux", "Architecture": "amd64", "Size": 1}),
    ),
    "create": (r"POST /v1\.\d+/containers/create", as_json({"Id": "2" * 64, "Warnings": []}, "201 Created")),
    "put": (r"PUT /v1\.\d+/containers/\w+/archive", answered(b"")),
    "start": (r"POST /v1\.\d+/containers/\w+/start", answered(b"", "204 No Content")),
    "exec": (r"POST /v1\.\d+/containers/\w+/exec", as_json({"Id": "3" * 64}, "201 Created")),
    "stream": (
        r"POST /v1\.\d+/exec/\w+/start",
        b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n\1\0\0\0\0\0\0\2hi",
    ),
    "exit": (r"GET /v1\.\d+/exec/\w+/json", as_json({"Running": False, "ExitCode": 0})),
    "remove": (r"DELETE /v1\.\d+/containers/", answered(b"", "204 No Content")),
}
UPLOADS: dict[str, tuple[str, bytes]] = {
    "page": (r"GET .*", answered(b"<html><body></body></html>", kind="text/html")),
    "upload": (r"POST .*", answered(b"")),
}
SCENES = {"engine": ENGINE, "uploads": UPLOADS}


def run(scale: float) -> Iterator[Outcome]:
    """Each request of each kind of server, each wrong answer, or a share of them."""
    step = max(1, round(1 / scale)) if scale < 1 else 1
    pieces = [
        Piece(f"{scene}, {request}", number, number + 1)
        for scene, requests in SCENES.items()
        for request in requests
        for number in range(len(WRONG))
    ]
    with scratch("servers") as folder:
        yield from many(partial(_piece, folder), pieces[::step])


def _piece(folder: Path, piece: Piece) -> list[Outcome]:
    return tried(_bundle(folder / f"of-{os.getpid()}"), piece)


@cache
def _bundle(folder: Path) -> Path:
    """What is uploaded: each process has a key of its own, and so a bundle."""
    return bundle_of(folder, some_wheels(folder / "wheels")).path


def tried(bundle: Path, piece: Piece) -> list[Outcome]:
    """One request of one kind of server, answered wrongly in one way (the number of the piece)."""
    scene, _, request = piece.kind.partition(", ")
    name = list(WRONG)[piece.first]

    def answer(method: str, path: str) -> bytes:
        for each, (pattern, right) in SCENES[scene].items():
            if re.match(pattern, f"{method} {path}"):
                return WRONG[name] if each == request else right
        return as_json({"message": "no such thing"}, "404 Not Found")

    attempt = _use_engine if scene == "engine" else partial(_use_index, bundle)
    with socket.create_server(("127.0.0.1", 0)) as listener, raw_server(listener, answer):
        return [_outcome(piece.kind, name, partial(attempt, listener.getsockname()[1]))]


def _outcome(kind: str, name: str, attempt: Callable[[], object]) -> Outcome:
    """It ends in time, well or with one of our errors that can be shown."""
    try:
        with _in_time():
            attempt()
    except ParityError as error:
        right = error.exit_code != 1 and is_readable(error.message)
        return Outcome(kind, name, right, f"refused ({error.exit_code})" if right else repr(error)[:300])
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is the finding
        return Outcome(kind, name, False, f"fault: {fault!r}"[:300])
    return Outcome(kind, name, True, "went on")


def _use_engine(port: int) -> None:
    """What a build asks of an engine, in its order."""
    engine = connect(f"tcp://127.0.0.1:{port}", environment={})
    try:
        engine.info()
        image = engine.image("x")
        spec = ContainerSpec(image=image.id if image else IMAGE, network=Network.NONE, purpose="attack")
        with engine.container(spec) as container:
            container.put("/", bytes(1024))
            container.start()
            container.exec(["true"], timeout=10)
        engine.settle()
    finally:
        engine.close()


def _use_index(bundle: Path, port: int) -> None:
    address = f"http://127.0.0.1:{port}/"
    with opened([bundle]) as catalogue:
        publish(
            catalogue,
            UploadTarget(address, index_candidates(address), redact=str),
            Recorder(),
            delays=(0.01,),
        )


@contextmanager
def _in_time() -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> Any:
        raise TimeoutError(f"longer than {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
