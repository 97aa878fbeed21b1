"""Writing bundles: the same bytes always, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import (
    FILES,
    IDENTITY,
    PROFILE_SHA256,
    WHEELS,
    MadeBundle,
    file_size_limit,
    make_bundle,
    manifest_of,
    signing_key,
    wheel_stream,
)

from parity.errors import HashMismatch, WriteFailed
from parity.files import atomic_file, sweep_leftovers
from parity.model import BundleFile
from parity.pack import (
    file_on_disk,
    write_bundle,
)
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.progress import Silent
from parity.sign import make_checker, make_sealer, save_key

GOLDEN = "268d719eb11383c8f74da2b736550230c3d6bba8411836b80b0e853a8822ab8f"
ROOT = Path(__file__).parents[2]


# --- the same bytes always -------------------------------------------------------------------------


def test_the_payload_of_fixed_input_has_the_digest_it_always_had(tmp_path: Path) -> None:
    """A change here gives every bundle in the field another identity: it needs a new format name."""
    assert make_bundle(tmp_path, FILES).built.payload_sha256 == GOLDEN


def test_two_signings_differ_and_the_payload_does_not(tmp_path: Path) -> None:
    one, two = make_bundle(tmp_path / "one"), make_bundle(tmp_path / "two")
    one_bytes, two_bytes = one.path.read_bytes(), two.path.read_bytes()
    assert one_bytes[:65536] != two_bytes[:65536]
    assert one_bytes[65536:] == two_bytes[65536:]
    assert hashlib.sha256(one_bytes[65536:]).hexdigest() == one.built.payload_sha256


SURROUNDINGS = [
    {"LC_ALL": "C", "TZ": "UTC", "umask": "000", "PYTHONHASHSEED": "1"},
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "umask": "077", "PYTHONHASHSEED": "2"},
    {"LC_ALL": "POSIX", "TZ": "America/St_Johns", "umask": "027", "uid": "65534", "PYTHONOPTIMIZE": "2"},
]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may write to; pytest's own are for one user alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.mark.parametrize("surroundings", SURROUNDINGS, ids=["plain", "turkish", "nobody"])
def test_who_where_and_when_do_not_show_in_the_payload(
    open_folder: Path, surroundings: dict[str, str]
) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from tests.support.bundles import FILES, make_bundle\n"
        "os.umask(int(sys.argv[2], 8))\n"
        "if os.getuid() == 0: os.setuid(int(sys.argv[3]))\n"
        "print(make_bundle(pathlib.Path(sys.argv[1]), FILES).built.payload_sha256)\n"
    )
    environment = {key: value for key, value in surroundings.items() if key.isupper()}
    arguments = [str(open_folder / "new"), surroundings["umask"], surroundings.get("uid", "0")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**environment, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == GOLDEN


# --- whole or not at all ---------------------------------------------------------------------------


def write(
    folder: Path, files: list[BundleFile], data: bytes, wheels: Any = (), seal: Any = None, **rest: Any
) -> None:
    seal = seal or make_sealer([signing_key()], IDENTITY, PROFILE_SHA256)
    write_bundle(folder, IDENTITY, data, files, iter(wheels), seal, **rest)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[MadeBundle]:
    """An older bundle under the name that is to be written; it must be untouched in the end, and alone."""
    made = make_bundle(tmp_path, {"old": b"old"}, {})
    before = made.path.read_bytes()
    yield made
    assert made.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [made.path]


def test_progress_is_told_to_the_last_byte(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []

    class Listener(Silent):
        def advance(self, done: int, total: int, label: str = "") -> None:
            heard.append((done, total))

    data, files = manifest_of({"a": b"1" * 5000}, {})
    write(tmp_path, files, data, reporter=Listener())
    assert heard == sorted(heard)
    assert heard[-1][0] == heard[-1][1]


@pytest.mark.parametrize(
    ("wheels", "message"),
    [
        ({}, "nothing"),
        ({**WHEELS, "alpha-1.0-py3-none-any.whl": b"altered" * 1300}, "more than"),
        ({**WHEELS, "alpha-1.0-py3-none-any.whl": b"short"}, "missing"),
        ({**WHEELS, "alpha-1.0-py3-none-any.whl": b"Alpha's bytes" * 100}, "not those"),
        ({**WHEELS, "zeta-1.0-py3-none-any.whl": b""}, "zeta-1.0-py3-none-any.whl"),
        ({**WHEELS, "aaaa-1.0-py3-none-any.whl": b""}, "aaaa-1.0-py3-none-any.whl"),
    ],
    ids=["none", "longer", "shorter", "altered", "one more", "another"],
)
def test_wheels_that_are_not_the_locked_ones_make_no_bundle(
    old: MadeBundle, wheels: dict[str, bytes], message: str
) -> None:
    data, files = manifest_of(FILES, WHEELS)
    with pytest.raises(HashMismatch, match=re.escape(message)):
        write(old.path.parent, files, data, wheel_stream(wheels))


def test_files_that_are_not_in_the_manifest_make_no_bundle(old: MadeBundle) -> None:
    data, files = manifest_of({"a": b"1", "b": b"2"}, {})
    with pytest.raises(HashMismatch, match="other files"):
        write(old.path.parent, files[:1], data)


@pytest.mark.parametrize("error", [ConnectionResetError("engine"), KeyboardInterrupt(), RuntimeError("x")])
def test_an_error_from_elsewhere_passes_as_it_is_and_leaves_nothing(
    old: MadeBundle, error: BaseException
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"a" * 100
        raise error

    data, files = manifest_of(FILES, WHEELS)
    with pytest.raises(type(error)):
        write(old.path.parent, files, data, [("alpha-1.0-py3-none-any.whl", broken())])


def test_a_failing_signature_leaves_nothing(old: MadeBundle) -> None:
    def fail(payload: object) -> Any:
        raise KeyboardInterrupt

    data, files = manifest_of({"a": b"1"}, {})
    with pytest.raises(KeyboardInterrupt):
        write(old.path.parent, files, data, seal=fail)


def test_a_source_that_cannot_be_read_leaves_nothing(old: MadeBundle, tmp_path: Path) -> None:
    missing = file_on_disk("a", tmp_path / "missing", 1, hashlib.sha256(b"1").hexdigest())
    data, _ = manifest_of({"a": b"1"}, {})
    with pytest.raises(WriteFailed, match="cannot read"):
        write(old.path.parent, [missing], data)


def test_a_file_on_disk_is_carried(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"12" * 10**6)
    carried = file_on_disk("a", source, 2 * 10**6, hashlib.sha256(source.read_bytes()).hexdigest())
    data, _ = manifest_of({"a": source.read_bytes()}, {})
    write(tmp_path, [carried], data)
    with open_bundle(str(tmp_path / IDENTITY.filename)) as file:
        verify_bundle(file, make_checker([signing_key().public]))


@pytest.mark.parametrize("limit", [0, 1, 65535, 65536, 65537, 66048, 70000, 75000, 82000])
def test_a_disk_that_is_full_at_any_moment_leaves_the_old_bundle(old: MadeBundle, limit: int) -> None:
    data, files = manifest_of({"a": bytes(20000)}, {})
    with file_size_limit(limit), pytest.raises(WriteFailed):
        write(old.path.parent, files, data)


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with atomic_file(tmp_path / "x") as file:
        os.dup2(full, file._descriptor)
        with pytest.raises(WriteFailed, match="full") as caught:
            file.write(b"x")
    os.close(full)
    assert "free some space" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_hold_the_bundle_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data, files = manifest_of({"a": b""}, {})
    with pytest.raises(WriteFailed):
        write(tmp_path / "file", files, data)
    (tmp_path / IDENTITY.filename).mkdir()
    with pytest.raises(WriteFailed):
        write(tmp_path, files, data)
    assert sweep_leftovers(tmp_path) == ()


KILLED = """
import os, pathlib, sys
from parity.sign import load_key
from tests.support.bundles import make_bundle
folder, key = pathlib.Path(sys.argv[1]), load_key(pathlib.Path(sys.argv[2])).key
files = {f"f{i}": bytes([i]) * 300_000 for i in range(8)}
for _ in sys.stdin:
    child = os.fork()
    while not child:
        make_bundle(folder, files, {}, key)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def test_killed_at_any_moment_there_is_the_old_bundle_or_the_new(tmp_path: Path) -> None:
    save_key(tmp_path / "keys" / "key", signing_key())
    folder = tmp_path / "dist"
    made = make_bundle(folder, {"old": b"old"}, {})
    before, left = made.path.read_bytes(), 0
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, folder, tmp_path / "keys" / "key"],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for round_ in range(500):  # a busy machine takes longer to let a writer finish
            if round_ >= 60 and left and made.path.read_bytes() != before:
                break
            kill_a_writer(process, 0.0003 * round_)
            with open_bundle(str(made.path)) as file:
                verify_bundle(file, made.check)
            left += len(sweep_leftovers(folder))
            assert list(folder.iterdir()) == [made.path]
        process.communicate()
    assert left > 0, "no kill came while a file was being written: the test shows nothing"
    assert made.path.read_bytes() != before, "no writer ever finished: the test shows nothing"


def kill_a_writer(process: subprocess.Popen[str], seconds: float) -> None:
    """Let a process write bundles over and over for that long, then kill it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    writer = int(process.stdout.readline())
    time.sleep(seconds)
    os.kill(writer, signal.SIGKILL)
    assert process.stdout.readline() == "gone\n"


def test_the_sweep_takes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    leftover = tmp_path / ".demo.parity.tar.0123456789abcdef.tmp"
    leftover.write_bytes(b"half")
    kept = [tmp_path / name for name in ("demo.parity.tar", ".hidden.tmp", "x.0123456789abcdef.tmp", ".tmp")]
    for path in kept:
        path.touch()
    with atomic_file(tmp_path / "living") as living:
        living.write(b"x")
        assert sweep_leftovers(tmp_path) == (leftover.name,)
        living.commit()
    assert sorted(tmp_path.iterdir()) == sorted([*kept, tmp_path / "living"])
    assert sweep_leftovers(tmp_path / "no such folder") == ()
