"""Child processes: a clean environment, an end by any door, folders that are always removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from parity.docker_engine.owner import process_start
from parity.host import processes
from parity.host.processes import ThisMachine, child_environment, read_from, run

ROOT = Path(__file__).parents[2]


def test_a_child_gets_nothing_of_ours_but_home_and_proxies() -> None:
    ours = {"HOME": "/h", "PIP_INDEX_URL": "x", "PYTHONPATH": "x", "HTTPS_PROXY": "p", "LANG": "de_DE.UTF-8"}
    lines: list[str] = []
    assert run(["env"], child_environment(ours), on_line=lines.append) == 0
    names = {line.partition("=")[0] for line in lines}
    assert names == {"HOME", "HTTPS_PROXY", "LANG", "LC_ALL", "PATH", "DEBIAN_FRONTEND"}
    assert "LANG=C" in lines


def test_both_streams_are_heard_and_the_exit_code_comes_back() -> None:
    lines: list[str] = []
    script = "echo out; echo err >&2; exit 5"
    assert run(["sh", "-c", script], {"PATH": os.environ["PATH"]}, on_line=lines.append) == 5
    assert lines == ["out", "err"]


def test_a_line_without_an_end_is_heard_in_pieces() -> None:
    heard: list[int] = []
    script = "head -c 1000000 /dev/zero | tr '\\0' x"
    assert (
        run(["sh", "-c", script], {"PATH": os.environ["PATH"]}, on_line=lambda it: heard.append(len(it))) == 0
    )
    assert sum(heard) == 1_000_000
    assert max(heard) < 100_000


def test_what_is_left_unread_ends_the_child() -> None:
    environment = {"PATH": os.environ["PATH"]}
    found, code, said = read_from(["sh", "-c", "echo no >&2; yes"], environment, lambda out: out.read(4))
    assert (found, said) == (b"y\ny\n", "no\n")
    assert code != 0
    with tempfile.TemporaryFile() as stdin:
        stdin.write(b"in")
        stdin.seek(0)
        assert read_from(["cat"], environment, lambda out: out.read(), stdin) == (b"in", 0, "")

    def refuse(_: object) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        read_from(["yes"], environment, refuse)


def test_an_interruption_ends_the_child_and_its_children() -> None:
    heard: list[int] = []

    def interrupt(line: str) -> None:
        heard.append(int(line))
        raise KeyboardInterrupt

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", "sleep 60 & echo $!; wait"], {"PATH": os.environ["PATH"]}, on_line=interrupt)
    while process_start(heard[0]):
        assert time.monotonic() - begin < 40
        time.sleep(0.02)


def test_a_workspace_is_private_and_removed_by_any_door(tmp_path: Path) -> None:
    machine = ThisMachine(tmp_path / "cache", {})
    with machine.workspace() as one, machine.workspace() as two:
        assert one != two
        assert one.stat().st_mode & 0o777 == 0o700
        (one / "file").write_text("x")
    with pytest.raises(SystemExit), machine.workspace():
        raise SystemExit
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_what_lives_is_not(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from parity.docker_engine.owner import process_start
from parity.host.processes import ThisMachine
with ThisMachine(Path(sys.argv[1]), {}).workspace() as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""
    machine = ThisMachine(tmp_path, {})
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        with machine.workspace():
            assert (left / "file").exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert left.exists()
    with machine.workspace():
        assert not left.exists()


def test_this_machine_runs_its_own_programs(tmp_path: Path) -> None:
    machine = ThisMachine(tmp_path, {})
    assert machine.emulates(machine.arch)
    assert not machine.emulates("no-such-arch")
    assert machine.find("sh")
    assert machine.find("no-such-program") is None
    with pytest.raises(FileNotFoundError):
        machine.run(["no-such-program"], lambda _: None)


ENTRY = "enabled\ninterpreter /usr/libexec/qemu-binfmt/x\nflags: {flags}\noffset 0\n"


@pytest.mark.parametrize(
    ("arch", "entry", "text", "runs"),
    [
        ("aarch64", "qemu-aarch64", ENTRY.format(flags="POCF"), True),
        # The kernel's names, which are not always those of `uname -m`.
        ("armv7l", "qemu-arm", ENTRY.format(flags="F"), True),
        ("armv7l", "qemu-armv7l", ENTRY.format(flags="F"), False),
        # A container has no interpreter of its own, and one that is off starts nothing.
        ("aarch64", "qemu-aarch64", ENTRY.format(flags="POC"), False),
        ("aarch64", "qemu-aarch64", ENTRY.format(flags="F").replace("enabled", "disabled"), False),
        ("i686", "none", "", True),
        ("s390x", "none", "", False),
    ],
)
def test_what_the_kernel_was_told_to_emulate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str, entry: str, text: str, runs: bool
) -> None:
    (tmp_path / entry).write_text(text)
    monkeypatch.setattr(processes, "_BINFMT", tmp_path)
    monkeypatch.setattr(ThisMachine, "arch", "x86_64")
    assert ThisMachine(tmp_path, {}).emulates(arch) is runs


def test_what_a_daemon_thread_has_started_ends_with_us() -> None:
    program = f"""
import sys, threading
from parity.host.processes import run
started = threading.Event()
def hear(line):
    print(line, flush=True)
    started.set()
def child():
    run(["sh", "-c", "echo $$; exec sleep 60"], {{"PATH": {os.environ["PATH"]!r}}}, on_line=hear)
threading.Thread(target=child, daemon=True).start()
started.wait()
sys.exit(130)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (130, "")
    child, deadline = Path("/proc", done.stdout.strip(), "cmdline"), time.monotonic() + 10
    while time.monotonic() < deadline and child.exists() and child.read_bytes():
        time.sleep(0.01)
    assert not child.exists() or not child.read_bytes()
