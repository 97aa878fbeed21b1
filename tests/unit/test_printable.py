"""What comes from outside reaches the terminal as text that can be seen, a line at a time, on both sides."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from tests.support.bundles import FILES, MadeBundle, in_memory, make_bundle
from tests.support.cli import Parity, written_environment
from tests.support.engine import ROOT
from tests.support.odd_documents import anywhere

from parity.cli.review.bundles import bundle_document
from parity.cli.review.inspected import inspected
from parity.cli.shared import output
from parity.cli.shared.lineboard import JsonBoard, LineBoard
from parity.cli.shared.liveboard import LiveBoard
from parity.errors import InputFileError
from parity.portable.bundle import manifest, proof
from parity.portable.bundle.reader import read_unverified
from parity.portable.errors import BundleDamaged, HostileContent, InstallFailed
from parity.portable.texts import plain, printable, printable_lines

FAKE = "x\x1b[2J\x1b[1;32m\r\nverified app.parity.tar\n\u202e\x9b31m\u200b[red]\ud800\x07\u2028verified"
PROOF: dict[str, Any] = {
    "format": "parity-proof/1",
    "image": {"name": "images/debian11-py39", "id": "sha256:0", "digests": [], "stand_in_for": None},
    "machine": {"os": "Debian 11", "libc": "glibc 2.31", "python": "3.9.2", "arch": "x86_64"},
    "imports": [{"package": "a", "module": "a", "requested": True, "error": "ImportError: x", "library": ""}],
    "missing_libraries": [{"package": "a", "file": "a.so", "library": "libx.so", "packages": ["libx"]}],
    "missing_versions": [{"package": "a", "file": "a.so", "library": "libc", "version": "GLIBC_2.38"}],
    "tag_lies": [{"package": "a", "file": "a.so", "needs": "GLIBC_2.38", "tag": "manylinux_2_17_x86_64"}],
    "glibc_needed": {"version": "2.28", "package": "a", "file": "a.so"},
}


def seen(text: str) -> None:
    """Assert that a terminal would show all of a text, and no line that looks like ours."""
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        assert not line.startswith("verified")


def with_proof(folder: Path, document: Any) -> MadeBundle:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return make_bundle(folder, files={**FILES, "proof.json": data})


@given(st.text())
def test_printable(text: str) -> None:
    assert printable(text).isprintable()
    assert plain(text).isascii()
    assert all(line.isprintable() for line in printable_lines(text))
    if text.isprintable():
        assert printable(text) == text


class Screen:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def getvalue(self) -> str:
        self._text += "".join(self._capsys.readouterr())
        return self._text


@pytest.fixture
def screen(capsys: pytest.CaptureFixture[str]) -> Screen:
    return Screen(capsys)


@pytest.mark.parametrize("error", [InputFileError, InstallFailed, HostileContent])
def test_errors(screen: Screen, error: Any) -> None:
    output.show_error(error(FAKE, remedy=FAKE), run=FAKE.partition("\n")[0])
    seen(screen.getvalue())
    assert "[red]" in screen.getvalue()


def test_places_and_details(screen: Screen) -> None:
    output.show_error(InputFileError(FAKE, where=FAKE, details=(FAKE, FAKE)))
    seen(screen.getvalue())


def test_boards(screen: Screen) -> None:
    boards = LineBoard(output.stderr(), verbose=True), LiveBoard(output.stderr()), JsonBoard(output.stderr())
    for board in boards:
        reporter = board.reporter("run")
        reporter.stage("resolve", FAKE)
        reporter.note(FAKE)
        reporter.warn(FAKE)
        reporter.debug(FAKE)
        reporter.advance(1, 2, FAKE)
        reporter.count(1, 2, FAKE)
    output.stderr().print(boards[1].view.get_renderable())
    seen(screen.getvalue())


def test_whatever_is_printed_is_no_markup_and_has_no_control_characters(screen: Screen) -> None:
    text = FAKE.replace("\n", "")
    table = Table("a [bold]b")
    table.add_row(text, Text(text))
    for each in (text, Text(text), table, Text("[red]")):
        output.stdout().print(each)
    seen(screen.getvalue())
    assert "[red]" in screen.getvalue()
    assert "a [bold]b" in screen.getvalue()


def test_the_fault_of_our_own_shows_no_more(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.output, "verbose", True)
    output.crash(RuntimeError(FAKE))
    assert "\x1b" not in screen.getvalue()
    assert "\u202e" not in screen.getvalue()


def test_an_error_about_a_file_is_no_fault_of_ours(tmp_path: Path) -> None:
    for words in (("key", "show"), ("build",), ("build", "debian11-py39", "-r"), ("inspect",)):
        done = Parity(tmp_path).run(*words, "x" * 300)
        assert done.code not in (0, 1)
        assert "fault in parity" not in done.stderr
        assert "   do: " in done.stderr


def test_inspect_of_a_bundle_that_draws(tmp_path: Path) -> None:
    document = json.loads(json.dumps(PROOF).replace("ImportError: x", json.dumps(FAKE)[1:-1]))
    document["image"]["name"] = document["missing_libraries"][0]["library"] = FAKE
    made = with_proof(tmp_path, document)
    parity = Parity(tmp_path)
    for env in ({}, {"PYTHONIOENCODING": "ascii"}, {"TERM": "xterm", "FORCE_COLOR": "1"}):
        done = parity.run("inspect", made.path, env=env)
        assert done.code == 0
        seen(re.sub(r"\x1b\[(?:0|1|2|36)m", "", done.stdout))  # our own colours
    assert parity.run("inspect", made.path, "--json").stdout.isascii()


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"1",
    b"\xff",
    b"[" * 99_999,
    b'{"imports":{}}',
    b'{"imports":[1]}',
    b'{"image":[]}',
]


@pytest.mark.parametrize("content", BROKEN, ids=ascii)
def test_a_malformed_proof_is_a_damaged_bundle(tmp_path: Path, content: bytes) -> None:
    made = with_proof(tmp_path, content)
    done = Parity(tmp_path).run("inspect", made.path)
    assert (done.code, done.stdout) == (60, "")
    assert "proof.json" in done.stderr
    assert "fault in parity" not in done.stderr


def told(made: bytes | dict[str, Any], document: Any) -> str:
    """What inspect prints for a proof."""
    found = proof.parse(made if isinstance(made, bytes) else json.dumps(made).encode())
    clean, seen_by = output.printable_tree(document), output.printable_tree(found)
    shown = inspected(clean, seen_by, ())
    return "\n".join(each.plain for each in shown if isinstance(each, Text))


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = make_bundle(tmp_path_factory.mktemp("bundle"))
    with in_memory(made.path.read_bytes()) as file:
        return bundle_document(made.path, read_unverified(file))


@settings(max_examples=400, deadline=None)
@given(anywhere(PROOF))
def test_a_proof_of_any_shape(document: dict[str, Any], odd: Any) -> None:
    try:
        text = told(odd, document)
    except BundleDamaged as error:
        text = error.message
        assert "proof.json" in text
    seen(text)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_manifest_of_any_shape(document: dict[str, Any], data: st.DataObject) -> None:
    good = json.loads(make_bundle_manifest())
    odd = data.draw(anywhere(good))
    try:
        found = manifest.parse(manifest.encode(odd))
    except (BundleDamaged, ValueError):
        return
    changed = {**document, **{key: found.document[key] for key in ("target", "packages", "stand_in")}}
    seen(told(PROOF, changed))


def make_bundle_manifest() -> bytes:
    from tests.support.bundles import WHEELS, manifest_of  # noqa: PLC0415

    return manifest_of(FILES, WHEELS)[0]


def test_the_difference_of_bundles_that_draw(tmp_path: Path) -> None:
    old = with_proof(tmp_path / "old", {"imports": []})
    new = with_proof(tmp_path / "new", json.loads(json.dumps(PROOF).replace("a.so", json.dumps(FAKE)[1:-1])))
    for form in ("text", "markdown"):
        done = Parity(tmp_path).run("diff", old.path, new.path, "--unverified", "--format", form)
        assert done.code == 0, done.stderr
        seen(done.stdout)


def test_the_far_side(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from parity.farside.cli import main\n"
        "from parity.portable.errors import FarsideError\n"
        f"text = {FAKE!a}\n"
        "def run(options, say):\n"
        "    say(text)\n"
        "    raise (FarsideError if sys.argv[1] == 'ours' else RuntimeError)(text, text)\n"
        "class Options:\n"
        "    json = False\n"
        "    run = staticmethod(run)\n"
        "main._parse = lambda folder, given: Options\n"
        "sys.exit(main.main())\n"
    )
    for which, code_of in (("ours", 60), ("a fault", 1)):
        done = subprocess.run(
            [sys.executable, "-c", code, which],
            env=written_environment(tmp_path),
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == code_of
        seen(done.stdout)
        seen(done.stderr)
        assert done.stdout.isascii()
