"""How the command says no: exit codes, one JSON document or plain lines, never a traceback unasked."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import ESCAPE, Parity, written_environment
from tests.support.engine import ROOT

from parity import __version__
from parity.cli.shared.output import error_document
from parity.errors import ProfileError
from parity.portable.errors import WrongHost


@pytest.fixture
def parity(tmp_path: Path) -> Parity:
    home = tmp_path / "home"
    home.mkdir()
    return Parity(home)


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        (("profile", "show", "no-such-profile"), 11, "ProfileNotFound"),
        (("verify", "no-such-file"), 80, "KeyUnusable"),
        (("inspect", "no-such-file"), 66, "BundleUnreadable"),
        (("key", "show"), 80, "KeyUnusable"),
        (("key", "trust", "no-such-file"), 80, "KeyUnusable"),
        (("build", "debian11-py39", "--locked", "--upgrade"), 13, "OptionConflict"),
        (("build", "debian11-py39", "-r", "no-such-file"), 12, "InputFileError"),
    ],
)
def test_the_document_on_stdout_has_the_exit_code_of_the_process(
    parity: Parity, words: tuple[str, ...], code: int, kind: str
) -> None:
    done = parity.run(*words, "--json")
    assert (done.code, done.error["kind"], done.stderr) == (code, kind, "")
    assert sorted(done.error) == ["details", "exit_code", "kind", "message", "remedy", "where"]
    people = parity.run(*words)
    assert (people.code, people.stdout) == (code, "")
    first, *rest = people.stderr.splitlines()
    assert first == f"error: {done.error['message']}"
    assert rest[-1] == f"   do: {done.error['remedy']}"
    assert ESCAPE not in people.stderr


def test_wrong_usage_is_exit_code_two_with_the_usage(parity: Parity) -> None:
    option, number = ("build", "x", "--no-such-option"), ("cache", "prune", "--days", "-1")
    for words in (("build",), ("no-such-command",), option, number):
        done = parity.run(*words)
        assert (done.code, done.stdout) == (2, "")
        assert "Usage: " in done.stderr
        assert "Traceback" not in done.stderr


def test_a_key_is_made_once_and_never_overwritten(parity: Parity, tmp_path: Path) -> None:
    first = parity.run("keygen", "--json")
    assert first.code == 0
    private = Path(first.document["public_key"].removesuffix(".pub"))
    kept = private.read_bytes()
    again = parity.run("keygen", "--json")
    assert (again.code, again.error["kind"]) == (81, "KeyExists")
    assert private.read_bytes() == kept
    assert private.stat().st_mode & 0o777 == 0o600
    assert parity.run("key", "show").stdout.count(first.document["fingerprint"]) == 1


def test_an_unexpected_fault_is_one_line_and_a_traceback_only_on_request(tmp_path: Path) -> None:
    script = """
import sys
import parity.cli.commands.verify as verify
def broken(*_): raise RuntimeError("a fault of ours")
verify.trusted_checker = broken
from parity.cli import main
sys.argv = ["parity", "verify", "x", *sys.argv[1:]]
main()
"""
    for words, traceback in (((), False), (("--verbose",), True)):
        command = [sys.executable, "-c", script, *words]
        done = subprocess.run(
            command, env=written_environment(tmp_path), capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert "error: unexpected RuntimeError: a fault of ours" in done.stderr
        assert ("Traceback" in done.stderr) == traceback


def test_a_reader_that_goes_away_is_no_error_of_ours(parity: Parity) -> None:
    command = f"{sys.executable} -m parity schema | head -c 100 >/dev/null"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env=written_environment(parity.home),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def ended(home: Path, words: tuple[str, ...], **streams: Any) -> subprocess.CompletedProcess[str]:
    """A command whose streams, or whose folder, are odd."""
    command = streams.pop("args", [sys.executable, "-m", "parity", *words])
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    return subprocess.run(command, env=written_environment(home), check=False, text=True, **streams)


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("version",),
        ("version", "--json"),
        ("profile", "list"),
        ("schema",),
    ],
)
def test_a_result_that_cannot_be_written_is_told_as_that(words: tuple[str, ...], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(tmp_path, words, stdout=full)
    assert done.returncode == 82, done.stderr
    assert done.stderr.startswith("error: the output cannot be written: No space left on device")
    assert "Traceback" not in done.stderr
    assert "fault in parity" not in done.stderr


def test_an_error_that_nobody_can_be_told_has_its_exit_code(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        assert ended(tmp_path, ("inspect", "no-such-file"), stderr=full).returncode == 66
        assert ended(tmp_path, ("inspect", "no-such-file"), stderr=full, stdout=full).returncode == 66
        unread = ended(tmp_path, ("inspect", "no-such-file", "--json"), stdout=full)
        both = ended(tmp_path, ("version",), stderr=full, stdout=full)
    assert (unread.returncode, unread.stderr.splitlines()[0][:18]) == (66, "error: cannot open")
    assert both.returncode == 82


@pytest.mark.parametrize("words", [("build", "debian11-py39"), ("profile", "list")])
def test_a_folder_that_is_gone_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    script = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "parity", *words]
    done = subprocess.run(
        command, env=written_environment(tmp_path), cwd=tmp_path, check=False, text=True, capture_output=True
    )
    assert done.returncode == 12, done.stderr
    assert "is no longer there" in done.stderr


def test_ctrl_c_amid_the_imports_is_no_traceback(tmp_path: Path) -> None:
    script = """
import builtins, os, runpy, signal
imported = builtins.__import__
def interrupted(name, *how, **more):
    if name == "parity.cli":
        os.kill(os.getpid(), signal.SIGINT)
    return imported(name, *how, **more)
builtins.__import__ = interrupted
runpy.run_module("parity", run_name="__main__")
"""
    done = ended(tmp_path, (), args=[sys.executable, "-c", script])
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def _hung_up(home: Path, *before: str) -> subprocess.Popen[bytes]:
    """A command that waits for its input, after its terminal was closed."""
    process = subprocess.Popen(
        [*before, sys.executable, "-m", "parity", "init", "--from", "-"],
        env=written_environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    status, end = Path(f"/proc/{process.pid}/status"), time.monotonic() + 60
    caught = re.compile(r"^SigCgt:.*[4-7c-f]...$", re.MULTILINE)  # SIGTERM, the last of ours that is taken
    while not caught.search(status.read_text()):
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    return process


def test_a_terminal_that_is_closed_ends_the_command_as_sigterm_does(tmp_path: Path) -> None:
    with _hung_up(tmp_path) as process:
        assert process.wait(60) == 143
        assert process.stderr is not None
        assert process.stderr.read().startswith(b"error: terminated")


def test_with_nohup_a_terminal_may_be_closed(tmp_path: Path) -> None:
    with _hung_up(tmp_path, "nohup") as process:
        _, said = process.communicate(b"no facts", timeout=60)
    assert process.returncode not in (143, -signal.SIGHUP)
    assert b"terminated" not in said


def test_on_the_far_side_too(tmp_path: Path) -> None:
    script = (
        "import signal; from parity.farside.cli.main import main; main(arguments=['facts', '--json']); "
        "print(); print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    )
    command = ["nohup", sys.executable, "-c", script]
    done = subprocess.run(
        command, env=written_environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "True"


def test_details_and_remedies_of_both_sides_make_documents() -> None:
    near = error_document(ProfileError("two problems", where="x.yaml"))
    far = error_document(WrongHost("this bundle is for another machine"))
    assert (near["where"], near["exit_code"], far["where"], far["exit_code"]) == ("x.yaml", 10, "", 62)
    assert json.loads(json.dumps([near, far]))[1]["remedy"] == WrongHost.remedy


def test_the_version_is_told(parity: Parity) -> None:
    assert parity.run("--version").stdout == f"parity {__version__}\n"
