"""What was asked for travels as it was written, without secrets; bundles that lack it are still read."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import (
    TARGET,
    RepeatableKey,
    forged_bundle,
    locked,
    make_bundle,
    manifest_of,
    payload_body,
)
from tests.support.cli import Parity
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.targets import requirements_file
from tests.unit.test_printable import PROOF

from parity.errors import InputFileError
from parity.model import AskedText, Origin, Requirements
from parity.pack import asked_files, build_manifest, file_of_bytes, wheel_files
from parity.pack.asked import without_secrets
from parity.portable.bundle import manifest
from parity.portable.bundle.reader import open_bundle, read_unverified, verify_bundle
from parity.portable.errors import BundleDamaged
from parity.portable.transfer.patch import patch_bundle
from parity.progress import Silent
from parity.resolve import read_requirements
from parity.sign import make_checker, save_key
from parity.update.delta import write_delta

BASE = Path("/home/canary-jane/app")
FIRST_FORMAT = Path(__file__).parent / "golden" / "first-format.parity.tar.gz"
WHEEL = "alpha-1.0-py3-none-any.whl"

AS_WRITTEN = [
    "numpy>=1.26 ; python_version < '3.12'  # see https://example.org/a/b#why",
    "alpha[x,y]==1.0 --hash=sha256:" + "a" * 64,
    "-r ../shared/base.txt",
    "-e ./lib",
    "--index-url https://example.org:8443/simple/",
    "demo @ git+https://example.org/a/b@v1.0#subdirectory=c&egg=demo",
    "demo @ git+ssh://git@example.org/a/b.git@main",
    "demo @ https://example.org/demo-1.0-py3-none-any.whl#sha256=" + "b" * 64,
    "# and/or, 1/2, see /usr/share/doc/x and /etc/pip.conf",
    "exclude = '/(build|dist)/'",
    'email = "jane@example.org"',
    "-f https://${USER_NAME}.example.org/wheels/",
    "tokenizers==0.15.0\ntoken==1.0\nsecret >= 2\ntoken == 3\npassword~=1.0",
    'urls = ["https://example.org:80","jane@example.org"]',
]


@pytest.mark.parametrize("line", AS_WRITTEN)
def test_what_holds_no_secret_is_carried_to_the_letter(line: str) -> None:
    assert without_secrets(line, [BASE]) == line


CHANGED = [
    ("-i https://me:canary@example.org/simple", "-i https://***@example.org/simple"),
    ("-i https://canary@example.org/simple # x", "-i https://***@example.org/simple # x"),
    ("# old: https://me:can'ary;x,y@example.org/s", "# old: https://***@example.org/s"),
    ("-i https://me:p/canary@example.org/simple", "-i https://***"),
    ("--proxy me:canary@proxy.example.org:3128", "--proxy ***@proxy.example.org:3128"),
    ("--proxy=me:canary@[::1]:3128", "--proxy=***@[::1]:3128"),
    ("url = 'https://me:canary@example.org/'", "url = 'https://***@example.org/'"),
    (
        "a @ https://example.org/a.whl?X-Token=canary#sha256=00",
        "a @ https://example.org/a.whl?***#sha256=00",
    ),
    ("a @ https://example.org/a.whl#token=canary", "a @ https://example.org/a.whl"),
    ("a @ git+ssh://canary:x@example.org/a.git", "a @ git+ssh://***@example.org/a.git"),
    ("a @ file:///home/canary-jane/app/lib", "a @ file://${PROJECT_ROOT}/lib"),
    ("# /home/canary-jane/app, /home/canary-jane/app-2/x", "# ${PROJECT_ROOT}, x"),
    ("a @ file:///srv/canary/a.whl#sha256=00", "a @ file:a.whl#sha256=00"),
    ("/srv/canary/a-1.0-py3-none-any.whl", "a-1.0-py3-none-any.whl"),
    ("-c /srv/canary/limits.txt", "-c limits.txt"),
    ("--find-links=/srv/canary/wheels", "--find-links=wheels"),
    ('path = "/srv/canary/lib"', 'path = "lib"'),
    ("-i https://me:\\\ncanary@example.org/simple", "-i https://***@example.org/simple"),
    ('-i https://me:p"canary@example.org/simple', "-i https://***@example.org/simple"),
    ("-i https://me:p<canary@example.org/simple", "-i https://***@example.org/simple"),
    ("--proxy me:p@canary@proxy.example.org", "--proxy ***@proxy.example.org"),
    ("--proxy //me:canary@proxy.example.org", "--proxy ***@proxy.example.org"),
    ('password = "canary"', 'password = "***"'),
    ("pdm = {username = 'me', password='canary'}", """pdm = {username = 'me', password="***"}"""),
    ("# our token: canary", '# our token: "***"'),
    ("--config-settings=api-key=canary", '--config-settings=api-key="***"'),
    ('Authorization = "Bearer canary"', 'Authorization = "Bearer ***"'),
]


@pytest.mark.parametrize(("line", "told"), CHANGED)
def test_credentials_and_this_machines_folders_are_taken_out(line: str, told: str) -> None:
    assert without_secrets(line, [BASE]) == told
    assert "canary" not in told


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "x=",
        "=a:",
        "/a@",
        "file:",
        "a.",
        "'a:",
        "#egg=a",
        "https://a:",
        "/a",
        "token=",
        "token: a",
        '://a:"',
        "a:b@",
        "\\\n",
        "authorization:",
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    grows_no_faster_than_its_length(lambda count: without_secrets(piece * count, [BASE]), 50_000)


def test_a_project_at_the_root_of_the_disk_changes_nothing() -> None:
    assert without_secrets("a/b /x", [Path("/")]) == "a/b /x"


def test_files_that_name_each_other_are_carried_in_the_order_in_which_they_are_read(tmp_path: Path) -> None:
    first = requirements_file(tmp_path / "app", "# mine\nalpha\n-r deploy/more.txt\n-c ../limits-ä.txt\n")
    requirements_file(tmp_path / "app" / "deploy", "beta\n", "more.txt")
    requirements_file(tmp_path, "alpha<2\n", "limits-ä.txt")
    what = read_requirements(Requirements(inline=("gamma",), files=(first,)), "p")
    found = asked_files(what.asked, tmp_path / "app")
    assert [(each.kind, each.name) for each in found] == [
        ("lines", ""),
        ("requirements", "requirements.txt"),
        ("requirements", "deploy/more.txt"),
        ("constraints", "limits-ä.txt"),
    ]
    assert [each.file.path for each in found] == [
        "asked/01-lines.txt",
        "asked/02-requirements.txt",
        "asked/03-more.txt",
        "asked/04-limits-_.txt",
    ]
    assert b"".join(found[1].file.open()) == first.read_bytes()  # type: ignore[misc]
    assert not any(each.changed for each in found)


@pytest.mark.parametrize("texts", [["x"] * 1001, ["x" * (9 << 20)] * 2])
def test_more_than_a_bundle_takes_is_refused_before_anything_is_built(texts: list[str]) -> None:
    with pytest.raises(InputFileError, match="a bundle takes"):
        asked_files([AskedText("requirements", BASE / "r.txt", text) for text in texts], BASE)


def origin_of(**said: Any) -> Any:
    stored = locked(WHEEL, b"x")
    wheel = replace(stored, locked=replace(stored.locked, **said))
    data = build_manifest(
        target=TARGET,
        implementation="cpython",
        installer="pip",
        uv=None,
        wheels=[wheel],
        imports=[],
        allow=[],
        files=wheel_files([wheel]),
        indexes={"corp": "https://corp.example/simple", "shelf": ""},
    )
    return manifest.parse(data).document["packages"][0]["origin"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"index": "default"}, ("index", "default", "")),
        ({"index": "https://me:x@example.org/simple/"}, ("index", "", "https://example.org/simple/")),
        ({"index": "corp"}, ("index", "corp", "https://corp.example/simple")),
        ({"index": "shelf"}, ("index", "shelf", "")),
        ({"index": "direct", "url": "https://e.org/a.whl?t=1"}, ("url", "", "https://e.org/a.whl")),
        (
            {"index": "built", "origin": Origin("git", "https://e.org/a", "c" * 40)},
            ("git", "", "https://e.org/a"),
        ),
        ({"index": "built", "origin": Origin("path", "lib", sha256="0" * 64)}, ("path", "", "lib")),
        (
            {"index": "corp", "origin": Origin("sdist", "https://e.org/a.tar.gz", sha256="0" * 64)},
            ("sdist", "corp", "https://e.org/a.tar.gz"),
        ),
        ({"index": "https://e.org/\x1b" + "x" * 9000}, ("index", "", "https://e.org/\\x1b" + "x" * 8174)),
    ],
)
def test_each_wheel_says_where_it_came_from(said: dict[str, Any], told: tuple[str, str, str]) -> None:
    assert origin_of(**said) == dict(zip(("kind", "index", "address"), told, strict=True))


def asking(change: Any, files: dict[str, bytes] | None = None) -> bytes:
    """A rightly signed bundle whose list of what was asked for was changed."""
    files = files or {"a": b"1", "asked/01-r.txt": b"alpha\n"}
    listed = [file_of_bytes(path, data) for path, data in files.items()]
    document = json.loads(manifest_of({"a": b"1"}, {})[0])
    document["files"] = [{"path": one.path, "size": one.size, "sha256": one.sha256} for one in listed]
    document["asked"] = [
        {"path": "asked/01-r.txt", "kind": "requirements", "name": "r.txt", "changed": False}
    ]
    change(document)
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    return forged_bundle(body, payload_body(files))


def read(tmp_path: Path, data: bytes) -> Any:
    (tmp_path / "x.parity.tar").write_bytes(data)
    with open_bundle(str(tmp_path / "x.parity.tar")) as file:
        return read_unverified(file).manifest.document


def test_what_was_asked_for_is_listed(tmp_path: Path) -> None:
    assert read(tmp_path, asking(lambda document: None))["asked"][0]["name"] == "r.txt"


LIES = [
    lambda document: document["asked"].clear(),
    lambda document: document["asked"].append(document["asked"][0]),
    lambda document: document["asked"][0].update(path="a"),
    lambda document: document["asked"][0].update(kind="other"),
    lambda document: document["asked"][0].update(name="\x1b[2J"),
    lambda document: document["asked"][0].update(name="x" * 8193),
    lambda document: document["asked"][0].update(changed=1),
    lambda document: document.pop("asked"),
    lambda document: document.update(format="parity-bundle/1"),
]


@pytest.mark.parametrize("change", LIES)
def test_a_list_that_lies_is_refused(tmp_path: Path, change: Any) -> None:
    with pytest.raises(BundleDamaged):
        read(tmp_path, asking(change))


def test_texts_without_measure_are_refused_before_they_are_read(tmp_path: Path) -> None:
    def grow(document: dict[str, Any]) -> None:
        document["files"][1]["size"] = manifest.ASKED_BYTES + 1

    with pytest.raises(BundleDamaged, match="too large"):
        read(tmp_path, asking(grow))


# --- shown by inspect -----------------------------------------------------------------------------------


def test_inspect_shows_what_was_asked_for_and_every_origin(tmp_path: Path) -> None:
    asked = AskedText("requirements", BASE / "r.txt", "alpha\n# \x1b[2J\n--proxy u:p@h\n" + "beta\n" * 50)
    (found,) = asked_files([asked], BASE)
    stored = locked(WHEEL, b"x")
    wheels = [replace(stored, locked=replace(stored.locked, index="https://example.org/simple/"))]
    proof = json.dumps(PROOF).encode()
    files = {found.file.path: b"".join(found.file.open()), "proof.json": proof}  # type: ignore[misc]
    listed = [*(file_of_bytes(path, data) for path, data in files.items()), *wheel_files(wheels)]
    data = build_manifest(
        target=TARGET,
        implementation="cpython",
        installer="pip",
        uv=None,
        wheels=wheels,
        imports=[],
        allow=[],
        files=listed,
        asked=[found],
    )
    path = tmp_path / "x.parity.tar"
    path.write_bytes(forged_bundle(data, payload_body({**files, f"wheels/{WHEEL}": b"x"})))
    done = Parity(tmp_path).run("inspect", path)
    assert "asked for in r.txt (without credentials and folders" in done.stdout
    assert "  # \\x1b[2J\n  --proxy ***@h\n  beta\n" in done.stdout
    assert "13 lines more" in done.stdout
    assert "https://example.org/simple/" in done.stdout
    document = Parity(tmp_path).run("inspect", path, "--json").document
    (said,) = document["asked"]
    assert said["text"].startswith("alpha\n# \x1b[2J\n")
    assert (said["kind"], said["name"], said["changed"]) == ("requirements", "r.txt", True)
    assert document["packages"][0]["origin"]["address"] == "https://example.org/simple/"


# --- bundles of the first format, as parity wrote them before ------------------------------------------


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "first.parity.tar"
    path.write_bytes(gzip.decompress(FIRST_FORMAT.read_bytes()))
    return path


def test_a_bundle_of_the_first_format_is_verified_and_shown(first: Path, tmp_path: Path) -> None:
    parity, public = Parity(tmp_path), save_key(tmp_path / "key", RepeatableKey())
    assert parity.run("verify", first, "--key", public).code == 0
    assert "beta-lib" in parity.run("inspect", first).stdout
    document = parity.run("inspect", first, "--json").document
    assert document["asked"] == []
    assert "origin" not in document["packages"][0]


def test_a_bundle_of_the_first_format_is_brought_up_to_the_new_one(first: Path, tmp_path: Path) -> None:
    new = make_bundle(tmp_path / "new", key=RepeatableKey())
    check = make_checker([new.key.public])
    write_delta(first, new.path, tmp_path / "d", check, Silent())
    patch_bundle(str(first), str(tmp_path / "d"), str(tmp_path / "again"), check)
    assert (tmp_path / "again").read_bytes() == new.path.read_bytes()
    with open_bundle(str(first)) as file:
        assert verify_bundle(file, check).manifest.document["format"] == manifest.FIRST_FORMAT


@pytest.mark.parametrize("piece", ["://a:b'", "a@", "x:y@", "token = "])
def test_a_text_of_many_beginnings_takes_no_longer_than_its_length(piece: str) -> None:
    grows_no_faster_than_its_length(lambda count: without_secrets(piece * count, []), 10_000)
