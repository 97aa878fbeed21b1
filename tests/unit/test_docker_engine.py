"""The parts of the Docker engine that need no engine: finding it, its framing, who owns what."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import docker.errors
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from parity.docker_engine import connect
from parity.docker_engine.described import is_rootless, unlimited
from parity.docker_engine.owner import EXPIRES, OWNER, Run, is_abandoned, process_start
from parity.docker_engine.streams import Demultiplexer
from parity.docker_engine.translate import clean, translated
from parity.errors import EngineLost, EngineRefused, EngineUnavailable

ROOT = Path(__file__).parents[2]


def test_the_command_line_does_not_pay_for_the_sdk() -> None:
    script = "import sys, parity.engine, parity.pipeline; sys.exit('docker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_an_address_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        connect(environment={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert caught.value.details == (f"unix://{tmp_path}/none.sock (DOCKER_HOST): No such file or directory",)


def test_a_refused_port_is_told_in_the_systems_words() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        connect("tcp://127.0.0.1:1", environment={})
    assert caught.value.details == ("tcp://127.0.0.1:1 (as given): Connection refused",)


def test_credentials_in_an_address_are_never_told() -> None:
    with pytest.raises(EngineUnavailable) as caught:
        connect("tcp://user:canary@127.0.0.1:1", environment={})
    assert "canary" not in f"{caught.value} {caught.value.details} {caught.value.where}"


def test_an_unknown_context_is_no_silent_way_to_the_local_engine(
    tmp_path: Path,
) -> None:
    with pytest.raises(EngineUnavailable, match="Docker context 'nobody' does not exist"):
        connect(environment={"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "nobody"})


def test_a_current_context_that_does_not_exist_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "gone"}))
    with pytest.raises(EngineUnavailable, match="Docker context 'gone' does not exist"):
        connect(environment={"DOCKER_CONFIG": str(tmp_path)})


def stored_context(folder: Path, name: str, text: str) -> None:
    """A context as `docker context create` stores it."""
    place = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
    place.mkdir(parents=True)
    (place / "meta.json").write_text(text)


@pytest.mark.parametrize("config", [None, "{}", "not JSON", '{"currentContext": "mine"}'])
def test_a_context_that_is_there_is_used_whether_or_not_there_is_a_config_file(
    tmp_path: Path, config: str | None
) -> None:
    host = f"unix://{tmp_path}/none.sock"
    said = {"Name": "mine", "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": False}}}
    stored_context(tmp_path, "mine", json.dumps(said))
    environment = {"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "mine"}
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    if config and "mine" in config:
        del environment["DOCKER_CONTEXT"]
    with pytest.raises(EngineUnavailable) as caught:
        connect(environment=environment)
    assert caught.value.details == (f"{host} (Docker context mine): No such file or directory",)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"Endpoints":[]}', '{"Endpoints":{"docker":7}}', "[" * 9999]
)
def test_a_damaged_context_is_told(tmp_path: Path, text: str) -> None:
    stored_context(tmp_path, "mine", text)
    with pytest.raises(EngineUnavailable, match="Docker context 'mine' cannot be read") as caught:
        connect(environment={"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "mine"})
    assert caught.value.where.endswith("meta.json")


def test_missing_certificates_are_named(tmp_path: Path) -> None:
    environment = {
        "DOCKER_HOST": "tcp://h:1",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(tmp_path),
    }
    with pytest.raises(EngineUnavailable, match="TLS files") as caught:
        connect(environment=environment)
    assert caught.value.where == str(tmp_path)


def test_ssh_gets_a_way_out() -> None:
    with pytest.raises(EngineUnavailable, match="SSH") as caught:
        connect("ssh://host", environment={})
    assert "ssh -NL" in caught.value.remedy


@given(
    frames=st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8),
    cuts=st.lists(st.integers(1, 30), min_size=1),
)
def test_frames_survive_any_cutting(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = b"".join(bytes([n, 0, 0, 0]) + len(b).to_bytes(4, "big") + b for n, b in frames)
    heard = {1: b"", 2: b""}

    def sink(stream: int, part: bytes) -> None:
        heard[stream] += part

    parser, position = Demultiplexer(sink), 0
    for cut in cuts * (len(data) + 1):
        if position >= len(data):
            break
        parser.feed(data[position : position + cut])
        position += cut
    assert parser.complete
    assert heard == {n: b"".join(b for m, b in frames if m == n) for n in (1, 2)}


def test_a_broken_frame_is_noticed() -> None:
    parser = Demultiplexer(lambda *_: None)
    parser.feed(b"\x01\0\0\0\0\0\0\x05abc")
    assert not parser.complete


def test_what_a_living_process_owns_is_not_abandoned_and_what_a_dead_one_owned_is() -> None:
    labels = Run().labels("x", 1)
    assert not is_abandoned(labels, time.time() + 1000)
    with subprocess.Popen(["sleep", "60"]) as child:
        host, _, _ = labels[OWNER].partition(":")
        owner = f"{host}:{child.pid}:{process_start(child.pid)}"
        assert not is_abandoned({**labels, OWNER: owner}, 0)
        child.kill()
    assert is_abandoned({**labels, OWNER: owner}, 0)


def test_a_process_number_that_was_given_again_is_another_process() -> None:
    labels = Run().labels("x", 1)
    host, _, _ = labels[OWNER].partition(":")
    assert is_abandoned({**labels, OWNER: f"{host}:{os.getpid()}:1"}, 0)


def test_what_another_host_owns_waits_for_its_time() -> None:
    labels = {OWNER: f"elsewhere:{os.getpid()}:1", EXPIRES: "1000"}
    assert not is_abandoned(labels, 999)
    assert is_abandoned(labels, 1001)
    assert not is_abandoned({}, 10**12)


def test_messages_are_one_line_without_credentials() -> None:
    assert clean("Get https://me:token@host/v2/:\n  no") == "Get https://host/v2/: no"


@pytest.mark.parametrize(
    ("raised", "expected", "words"),
    [
        (docker.errors.APIError("x", explanation="disk\nfull"), EngineRefused, "refused to do it: disk full"),
        (docker.errors.InvalidVersion("too old"), EngineRefused, "too old"),
        (requests.exceptions.ReadTimeout("slow"), EngineLost, "did not answer"),
        (requests.exceptions.ConnectionError(OSError(111, "Connection refused")), EngineLost, "refused"),
        (BrokenPipeError(32, "Broken pipe"), EngineLost, "Broken pipe"),
    ],
)
def test_the_sdks_errors_become_ours(raised: Exception, expected: type[Exception], words: str) -> None:
    with pytest.raises(expected, match=words), translated("tcp://engine", "do it"):
        raise raised


ALL = {"MemoryLimit": True, "SwapLimit": True, "PidsLimit": True}


@pytest.mark.parametrize(
    ("said", "who", "what"),
    [
        ({**ALL, "CgroupVersion": "1"}, False, ()),
        ({**ALL, "SwapLimit": False, "CgroupVersion": "2"}, False, ("swap",)),
        # Podman 4.3, which tells what the kernel could.
        ({**ALL, "CgroupVersion": "1", "Rootless": True}, True, ("memory", "swap", "pids")),
        ({"SecurityOptions": ["name=rootless"], "CgroupVersion": "2"}, True, ("memory", "swap", "pids")),
        ({**ALL, "CgroupVersion": "2", "Rootless": True}, True, ()),
    ],
)
def test_an_engine_is_taken_for_what_it_can_do(
    said: dict[str, object], *, who: bool, what: tuple[str, ...]
) -> None:
    assert (is_rootless(said), unlimited(said)) == (who, what)
