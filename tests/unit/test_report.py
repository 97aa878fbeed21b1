"""The report of a bundle: what it tells, and that no word of a bundle becomes markup, address or script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.support.bundles import MadeBundle, lock_of, make_bundle
from tests.support.wheels import WheelParts
from typer.testing import CliRunner

from parity.cli.app import app
from parity.cli.shared.display import size
from parity.errors import InputFileError, OptionConflict
from parity.pack import pylock_toml
from parity.portable.errors import SignatureInvalid
from parity.progress import Silent
from parity.report.contents import read_bundle
from parity.report.origins import origin_told
from parity.report.page import report_page
from parity.sign import generate_key, make_checker

if TYPE_CHECKING:
    from parity.portable.documents.bundles import PackageRow

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></pre></table><h1>approved</h1>",
    "javascript:alert(1)",
    "&lt;b&gt;&#60;b>",
    "<!-- --><!DOCTYPE html><?php ?>]]>",
    "\u202e gpj.exe \x1b[2J \x00 \u2028",
    "{{7*7}}${7*7}{%raw%}",
)
MARKERS = {"python_version": "3.9", "python_full_version": "3.9.2", "sys_platform": "linux"}
TAGS = """
    html head meta title style body header footer section nav p h1 h2 h3 ul li a dl dt dd
    table thead tbody tr th td pre code span strong em
"""
ATTRIBUTES = "charset http-equiv content name lang class id href scope role"


def proof(**more: object) -> bytes:
    document: dict[str, object] = {
        "format": "parity-proof/1",
        "image": {"name": "images/debian11-py39", "id": "sha256:1", "digests": [], "stand_in_for": None},
        "machine": {"os": "Debian GNU/Linux 11", "libc": "glibc 2.31", "python": "3.9.2", "arch": "x86_64"},
        "isolation": {"no-route-out": True, "not-root": True},
        "installer": {"tool": "parity", "version": "1", "checked_with": "uv 0"},
        "installed": [{"name": "alpha", "version": "1.0"}],
        "imports": [
            {"package": "alpha", "module": "alpha", "error": ""},
            {"package": "beta", "module": "beta.gui", "error": "ImportError: libGL.so.1"},
        ],
        "missing_libraries": [
            {"package": "beta", "file": "beta/x.so", "library": "libGL.so.1", "packages": ["libgl1"]}
        ],
        "missing_versions": [], "tag_lies": [], "glibc_needed": {"version": "2.27"},
        "commands": [{"command": "alpha --version", "exit_code": 0}],
        **more,
    }  # fmt: skip
    return json.dumps(document).encode()


def wheel(name: str, licence: str, *requires: str) -> tuple[str, bytes]:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nLicense: {licence}\n"
    parts = WheelParts(name, "1.0", "py3-none-any", {f"{name}.py": b""}, requires=requires, metadata=metadata)
    return parts.filename, parts.data()


def bundle(
    folder: Path, files: Mapping[str, bytes] | None = None, wheels: Mapping[str, bytes] | None = None
) -> MadeBundle:
    if wheels is None:
        wheels = dict([wheel("alpha", "MIT", "beta>=1; python_version < '3.10'"), wheel("beta", "", "alpha")])
    honest = {
        "proof.json": proof(),
        "facts.json": json.dumps({"markers": MARKERS}).encode(),
        "profile.yaml": b'{"install":{"requirements":["alpha"]}}',
        "pylock.toml": pylock_toml(lock_of(wheels)).encode(),
        "install.sh": b"echo\n",
    }
    return make_bundle(folder, {**honest, **(files or {})}, wheels)


def page(made: MadeBundle) -> str:
    return report_page(read_bundle(made.path, made.check, Silent()), size).decode()


class _Seen(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.texts: list[str] = []
        self.other: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def test_it_tells_what_a_reviewer_asks(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    seen = _Seen(page(made)).text
    for told in (
        "Verified. Every byte was checked",
        made.key.public.fingerprint,
        made.built.payload_sha256,
        "beta: it states none",
        "beta: beta/x.so needs libGL.so.1 (of libgl1)",
        "beta: beta.gui does not import: ImportError: libGL.so.1",
        "The target needs glibc 2.27 or newer; libgl1 for what is missing.",
        '└── beta 1.0 (>=1; since python_version < "3.10")',
        "alpha --version",
        "Debian GNU/Linux 11, glibc 2.31, Python 3.9.2, x86_64",
    ):
        assert told in seen


def test_it_loads_and_runs_nothing(tmp_path: Path) -> None:
    text = page(bundle(tmp_path))
    seen = _Seen(text)
    assert seen.tags <= set(TAGS.split())
    names = {name for name, _ in seen.attributes}
    assert names <= set(ATTRIBUTES.split())
    assert all(value.startswith("#") for name, value in seen.attributes if name == "href")
    policy = next(value for name, value in seen.attributes if name == "content" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "url(" not in text
    assert "@import" not in text


def test_the_same_bundle_is_the_same_page(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    moved = tmp_path / "elsewhere" / "renamed.parity.tar"
    moved.parent.mkdir()
    moved.write_bytes(made.path.read_bytes())
    again = report_page(read_bundle(moved, made.check, Silent()), size).decode()
    assert again == page(made)


def hostile(text: str, folder: Path) -> MadeBundle:
    """A bundle every free word of which is the attack."""
    said = json.dumps(text)
    row = {"package": text, "module": text, "error": text}
    library = {"package": text, "file": text, "library": text, "packages": [text]}
    line = " ".join(text.split()) or "x"
    licence = line.encode("ascii", "replace").decode()
    wheels = dict([wheel("alpha", licence, f"beta; python_version < {said}", line)])
    files = {
        "proof.json": proof(
            imports=[row, {**row, "error": ""}],
            missing_libraries=[library],
            missing_versions=[{**library, "version": text}],
            tag_lies=[{**library, "needs": text, "tag": text}],
            glibc_needed={"version": text},
            image={"name": text, "id": text, "digests": [text], "stand_in_for": text},
            machine={"os": text, "libc": text, "python": text, "arch": text},
            isolation={text: True, text + "2": False},
            installer={"tool": text, "version": text, "checked_with": text},
            commands=[{"command": text, "exit_code": text}],
            resolving=[text],
            opened=[{"package": text, "library": text, "packages": [text]}],
            programs_lacking=[{"package": text, "program": text}],
        ),
        "facts.json": json.dumps({"markers": {text: text, "python_version": text}}).encode(),
        "profile.yaml": text.encode("utf-8", "replace"),
        "asked/requirements.txt": text.encode("utf-8", "replace"),
        "sources.json": json.dumps(
            {"built": [{
                "name": text, "version": text, "origin": {"kind": text, "address": text, "commit": text},
                "builder": text, "build_requires": [{"name": text, "version": text}], "commands": [text],
                "grafted": [text], "same_bytes_twice": False,
            }]}
        ).encode(),
    }  # fmt: skip
    return bundle(folder, files, wheels)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_word_stays_a_word(attack: str, tmp_path: Path) -> None:
    text = page(hostile(attack, tmp_path))
    seen = _Seen(text)
    plain = _Seen(page(hostile("x", tmp_path / "plain")))
    assert seen.tags == plain.tags
    assert {name for name, _ in seen.attributes} == {name for name, _ in plain.attributes}
    assert {value for name, value in seen.attributes if name == "href"} == {
        value for name, value in plain.attributes if name == "href"
    }
    assert seen.other == []
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("path", ["facts.json", "profile.yaml", "sources.json", "pylock.toml"])
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 9000, b'{"built": {}, "markers": [1]}', b"null"])
def test_documents_of_another_shape_leave_something_out(path: str, data: bytes, tmp_path: Path) -> None:
    assert "alpha" in page(bundle(tmp_path, {path: data}))


def test_nobody_reads_a_report_of_a_stranger_as_verified(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    with pytest.raises(SignatureInvalid):
        read_bundle(made.path, make_checker([generate_key().public]), Silent())

    def anyone(_: bytes, __: Any) -> tuple[str, ...]:
        return ()

    seen = _Seen(report_page(read_bundle(made.path, anyone, Silent()), size).decode()).text
    assert "Not verified: nobody asked who signed it" in seen
    assert "Verified." not in seen
    assert "says it is signed by" in seen


def test_the_command_writes_it_and_says_who_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    made = bundle(tmp_path)
    key = tmp_path / "sender.pub"
    key.write_bytes(made.key.public.pem)
    out = tmp_path / "report.html"
    done = CliRunner().invoke(app, ["report", str(made.path), "-o", str(out), "--key", str(key)])
    assert done.exit_code == 0, done.output
    assert f"signed by {made.key.public.fingerprint}" in done.output
    assert out.read_text() == page(made)
    done = CliRunner().invoke(app, ["report", str(made.path), "-o", str(out), "--unverified"])
    assert "NOT VERIFIED" in done.output
    assert "Not verified" in out.read_text()


def test_the_page_never_takes_the_bundle_s_place(tmp_path: Path) -> None:
    made = bundle(tmp_path)
    before = made.path.read_bytes()
    done = CliRunner().invoke(app, ["report", str(made.path), "-o", str(made.path), "--unverified"])
    assert isinstance(done.exception, OptionConflict)
    assert made.path.read_bytes() == before


def test_an_origin_says_built_only_of_what_was_a_source() -> None:
    def told(kind: str, index: str, address: str) -> str:
        return origin_told(cast("PackageRow", {"origin": {"kind": kind, "index": index, "address": address}}))

    assert told("index", "corp", "https://e.org/simple/") == "index corp, https://e.org/simple/"
    assert told("sdist", "corp", "https://e.org/a.zip") == "built from sdist, index corp, https://e.org/a.zip"
    assert told("git", "", "https://e.org/a") == "built from git, https://e.org/a"
    # It may be a wheel.
    assert told("url", "", "https://e.org/a.whl") == "https://e.org/a.whl"
    assert origin_told(cast("PackageRow", {})) == ""


def test_tree_and_why_read_a_bundle(tmp_path: Path) -> None:
    path = str(bundle(tmp_path).path)
    tree = CliRunner().invoke(app, ["tree", path])
    assert tree.stdout.splitlines() == [
        "alpha 1.0",
        '└── beta 1.0 (>=1; since python_version < "3.10")',
        "    └── alpha 1.0 (*)",
        "beta 1.0 (*)",
    ]
    assert "nothing of this was verified" in tree.stderr
    why = CliRunner().invoke(app, ["why", "Beta", path, "--json"])
    document = json.loads(why.stdout)
    assert (document["format"], document["verified"]) == ("parity-graph/1", False)
    assert {package["name"] for package in document["packages"]} == {"alpha", "beta"}
    lost = CliRunner().invoke(app, ["why", "bet", path])
    assert isinstance(lost.exception, InputFileError)
    assert lost.exception.remedy == "did you mean beta?"
