"""Deltas from inventories: several bundles, an index, what is installed; and the way back there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import IDENTITY, MadeBundle, make_bundle, signing_key
from tests.support.recorder import Recorder
from tests.support.threads import answering
from tests.support.updates import plain_wheel
from tests.support.wheels import WheelParts
from typer.testing import CliRunner

from parity.cli.app import app
from parity.errors import IndexFailed, InputFileError, OptionConflict
from parity.farside.index.catalogue import open_catalogue
from parity.farside.index.growing import grow
from parity.farside.index.static import write_index
from parity.pack.singlefile import NAME, single_file
from parity.portable.errors import BundleUnreadable, DeltaDamaged, FarsideError, WrongBase
from parity.portable.transfer.at_hand import digest_of, plain_files
from parity.portable.transfer.delta import BASELESS, read_index
from parity.portable.transfer.patch import patch_bundle
from parity.sign import save_key
from parity.update import base_of, sorted_inventories, write_delta_for


def wheel(name: str, version: str) -> tuple[str, bytes]:
    """One that an index takes."""
    code = plain_wheel(name, version, 3000)[1]
    parts = WheelParts(name, version, "py3-none-any", {f"{name}.bin": code})
    return parts.filename, parts.data()


ONE, TWO, THREE = wheel("one", "1.0"), wheel("two", "1.0"), wheel("three", "2.0")


def bundle(folder: Path, serial: int, *wheels: tuple[str, bytes]) -> MadeBundle:
    identity = replace(IDENTITY, version=f"{serial}.0", serial=serial)
    return make_bundle(folder / f"b{serial}", wheels=dict(wheels), key=signing_key(), identity=identity)


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[MadeBundle, MadeBundle, MadeBundle]:
    """Two old ones, which have a wheel each, and a new one, which has both and a third."""
    return bundle(tmp_path, 1, ONE), bundle(tmp_path, 2, TWO), bundle(tmp_path, 3, ONE, TWO, THREE)


def made(have: list[Any], new: MadeBundle, folder: Path) -> Path:
    delta = folder / "update.delta"
    write_delta_for(sorted_inventories([str(each) for each in have]), new.path, delta, new.check, Recorder())
    return delta


def carried(delta: Path) -> set[str]:
    """The wheels in it; the carried uv lies in no index."""
    with delta.open("rb") as file:
        paths = [part.path for part in read_index(file).files]
    return {path.removeprefix("wheels/") for path in paths if path.startswith("wheels/")}


def patched(have: list[Any], delta: Path, new: MadeBundle, out: Path) -> bytes:
    patch_bundle([str(each) for each in have], str(delta), str(out), new.check)
    return out.read_bytes()


def refusal(have: list[Any], delta: Path, new: MadeBundle, folder: Path) -> FarsideError:
    """How a patch is refused; nothing is written then, and what was there stays."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    (out / "kept.tar").write_bytes(b"what was there before")
    with pytest.raises(FarsideError) as caught:
        patched(have, delta, new, out / "kept.tar")
    assert [path.name for path in out.iterdir()] == ["kept.tar"]
    assert (out / "kept.tar").read_bytes() == b"what was there before"
    return caught.value


# --- several bundles --------------------------------------------------------------------------------------


def test_a_delta_for_several_bundles_carries_what_none_of_them_has(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, two, new = bundles
    delta = made([one.path, two.path], new, tmp_path)
    assert carried(delta) == {THREE[0]}
    assert patched([two.path, one.path], delta, new, tmp_path / "new.tar") == new.path.read_bytes()
    again = tmp_path / "again"
    again.mkdir()
    assert made([one.path, two.path], new, again).read_bytes() == delta.read_bytes()


def test_a_bundle_that_is_not_there_after_all_is_told_by_what_is_missing(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, two, new = bundles
    delta = made([one.path, two.path], new, tmp_path)
    error = refusal([one.path], delta, new, tmp_path)
    assert isinstance(error, WrongBase)
    assert TWO[0] in error.message
    assert "every bundle and index folder" in error.remedy


def test_a_delta_that_was_touched_is_refused(bundles: tuple[MadeBundle, ...], tmp_path: Path) -> None:
    one, two, new = bundles
    data = made([one.path, two.path], new, tmp_path).read_bytes()
    bad = tmp_path / "bad.delta"
    for place in range(0, len(data), len(data) // 40):
        bad.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        refusal([one.path, two.path], bad, new, tmp_path)


def test_a_format_that_contradicts_itself_is_refused(bundles: tuple[MadeBundle, ...], tmp_path: Path) -> None:
    one, two, new = bundles
    data = made([one.path, two.path], new, tmp_path).read_bytes()
    bad = tmp_path / "bad.delta"
    assert data.startswith(BASELESS.encode())
    bad.write_bytes(data.replace(BASELESS.encode(), b"parity-delta/1", 1))
    assert isinstance(refusal([one.path, two.path], bad, new, tmp_path), DeltaDamaged)


# --- indexes ----------------------------------------------------------------------------------------------


def indexed(folder: Path, *held: MadeBundle, growing: bool) -> Path:
    with open_catalogue([str(each.path) for each in held], held[0].check) as catalogue:
        grow(catalogue, str(folder)) if growing else write_index(catalogue, str(folder))
    return folder


@pytest.mark.parametrize("growing", [False, True])
def test_a_delta_for_an_index_leaves_out_its_wheels_and_is_applied_from_its_folder(
    bundles: tuple[MadeBundle, ...], tmp_path: Path, growing: bool
) -> None:
    one, two, new = bundles
    site = indexed(tmp_path / "site", one, two, growing=growing)
    delta = made([site], new, tmp_path)
    assert carried(delta) == {THREE[0]}
    # What crossed the gap is the delta alone; the site's folder is a copy of it there.
    there = shutil.copytree(site, tmp_path / "there", symlinks=True)
    assert patched([there], delta, new, tmp_path / "new.tar") == new.path.read_bytes()


def test_a_wheel_of_the_right_name_with_other_bytes_is_no_wheel_of_the_index(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, two, new = bundles
    site = indexed(tmp_path / "site", one, two, growing=False)
    delta = made([site], new, tmp_path)
    file = site / "files" / ONE[0]
    data = file.read_bytes()
    for bad in (data[:-1] + bytes([data[-1] ^ 1]), data + b"x"):
        file.write_bytes(bad)
        assert carried(made([site], new, tmp_path / "again")) == {ONE[0], THREE[0]}
        assert ONE[0] in refusal([site], delta, new, tmp_path).message
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(data)
    assert ONE[0] in refusal([site], delta, new, tmp_path).message


def test_what_goes_while_an_index_is_looked_through_is_not_there(tmp_path: Path) -> None:
    """The index may be pruned meanwhile, by its own rules."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("one", "two"):
            (tmp_path / folder / name).write_bytes(b"1")
    seen = []
    for path, _ in plain_files(str(tmp_path)):
        seen.append(path)
        if len(seen) == 1:
            (tmp_path / "a" / "two").unlink()
            shutil.rmtree(tmp_path / "b")
    assert seen == [str(tmp_path / "a" / "one")]


def test_what_takes_the_place_of_a_file_that_was_looked_at_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"1")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("link", "pipe", "endless"):
        with pytest.raises(BundleUnreadable, match=name):
            digest_of(str(tmp_path / name), 1)
    assert digest_of(str(tmp_path / "gone"), 1) == ""


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="no index"):
        sorted_inventories([str(tmp_path)])


class Answer(BaseHTTPRequestHandler):
    """Serves fixed pages."""

    def __init__(self, pages: Mapping[str, tuple[str, bytes]], *args: Any) -> None:
        self.pages = pages
        super().__init__(*args)

    def do_GET(self) -> None:
        kind, body = self.pages.get(self.path, ("", b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def served(pages: Mapping[str, tuple[str, bytes]]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Answer, pages))
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_an_index_tells_by_its_pages_of_either_kind(bundles: tuple[MadeBundle, ...], tmp_path: Path) -> None:
    one, two, new = bundles
    site = indexed(tmp_path / "site", one, two, growing=False)
    html = (site / "simple" / "one" / "index.html").read_bytes()
    text = (site / "simple" / "two" / "index.v1_json").read_bytes()
    pages = {
        "/simple/one/": ("text/html", html),
        "/simple/two/": ("application/vnd.pypi.simple.v1+json", text),
    }
    with served(pages) as address:
        delta = made([address], new, tmp_path)
        assert made([address + "/simple/"], new, tmp_path / "again").read_bytes() == delta.read_bytes()
    assert carried(delta) == {THREE[0]}
    assert patched([site], delta, new, tmp_path / "new.tar") == new.path.read_bytes()


@pytest.mark.parametrize(
    "page",
    [
        b"{",
        b"[]",
        b'{"files": 7}',
        b'{"files": [7]}',
        b'{"files": [{"hashes": []}]}',
        b"[" * 100_000,
        b" " * (17 << 20),
    ],
    ids=["torn", "list", "number", "rows", "hashes", "deep", "large"],
)
def test_pages_that_are_none_are_refused(
    bundles: tuple[MadeBundle, ...], tmp_path: Path, page: bytes
) -> None:
    kind = "application/vnd.pypi.simple.v1+json"
    with served({"/simple/one/": (kind, page)}) as address, pytest.raises(IndexFailed):
        made([address], bundles[2], tmp_path)
    assert not (tmp_path / "update.delta").exists()


def test_an_index_that_does_not_answer_is_told_by_its_host_and_a_password_is_not_sent(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    with served({}) as address:
        pass
    for bad in (address, address.replace("//", "//me:secret@"), "http://[", "http://127.0.0.1:0/"):
        with pytest.raises((IndexFailed, InputFileError)) as caught:
            made([bad], bundles[2], tmp_path)
        assert "secret" not in str(caught.value) + (caught.value.where or "")


def test_an_index_that_lies_makes_a_delta_that_is_refused_there(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, _, new = bundles
    site = indexed(tmp_path / "site", new, growing=False)
    text = (site / "simple" / "three" / "index.v1_json").read_bytes()
    with served({"/simple/three/": ("application/vnd.pypi.simple.v1+json", text)}) as address:
        delta = made([one.path, address], new, tmp_path)
    assert carried(delta) == {TWO[0]}
    assert THREE[0] in refusal([one.path], delta, new, tmp_path).message


# --- what is installed ------------------------------------------------------------------------------------


def inventory(path: Path, *rows: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps({"ok": True, "prefix": "/opt/app", "releases": rows}))
    return path


def row(of: MadeBundle, *, current: bool = True) -> dict[str, Any]:
    words = {"product": of.built.identity.product, "version": of.built.identity.version}
    return {**words, "payload_sha256": of.built.payload_sha256, "current": current, "release": "1"}


def test_what_is_installed_tells_which_of_several_bundles_the_delta_is_made_from(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, two, new = bundles
    told = inventory(tmp_path / "installed.json", row(one, current=False), row(two))
    out = tmp_path / "update.delta"
    words = ["delta", *(str(each.path) for each in bundles), "--have", str(told), "-o", str(out), "--json"]
    done = CliRunner().invoke(app, [*words, "--unverified"])
    assert json.loads(done.stdout)["base"]["payload"] == two.built.payload_sha256
    assert patched([two.path], out, new, tmp_path / "new.tar") == new.path.read_bytes()
    # Of several that are at hand there, the right one is taken.
    assert patched([one.path, two.path], out, new, tmp_path / "more.tar") == new.path.read_bytes()
    assert isinstance(refusal([one.path], out, new, tmp_path), WrongBase)


def test_an_installed_bundle_that_nobody_kept_is_named(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    one, two, _ = bundles
    found = sorted_inventories([str(inventory(tmp_path / "i.json", row(two))), str(one.path)])
    with pytest.raises(OptionConflict, match=r"installed is demo 2\.0") as caught:
        base_of(found, [(one.path, one.built.payload_sha256)])
    assert "both sides need it" in (caught.value.remedy or "")


def test_prefixes_with_different_releases_get_a_delta_each(
    bundles: tuple[MadeBundle, ...], tmp_path: Path
) -> None:
    files = [inventory(tmp_path / f"{number}.json", row(each)) for number, each in enumerate(bundles[:2])]
    with pytest.raises(OptionConflict, match="different releases"):
        base_of(sorted_inventories([str(each) for each in files]), [])


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '{"releases": 7}',
        '{"releases": []}',
        '{"releases": [{"current": true}]}',
        '{"releases": [{"current": true, "product": "a", "version": "1", "payload_sha256": null}]}',
        '{"releases": [{"current": true, "product": "a", "version": "1", "payload_sha256": "../x"}]}',
        "{" + '"a":[' * 100_000,
    ],
)
def test_an_inventory_of_another_shape_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "i.json").write_text(text)
    with pytest.raises(InputFileError) as caught:
        sorted_inventories([str(tmp_path / "i.json")])
    assert caught.value.where == str(tmp_path / "i.json")


# --- commands ---------------------------------------------------------------------------------------------


def test_near_and_far_side_take_the_same_words(bundles: tuple[MadeBundle, ...], tmp_path: Path) -> None:
    one, two, new = bundles
    site = indexed(tmp_path / "site", two, growing=True)
    delta, public = tmp_path / "d", tmp_path / "sender.pub"
    save_key(tmp_path / "sender", signing_key())
    words = ["delta", str(new.path), "--have", str(one.path), "--have", str(site), "-o", str(delta), "--json"]
    done = CliRunner().invoke(app, [*words, "--key", str(public)])
    assert json.loads(done.stdout)["base"] is None
    near = ["patch", str(one.path), str(site), str(delta), "-o", str(tmp_path / "near.tar")]
    assert CliRunner().invoke(app, [*near, "--key", str(public)]).exit_code == 0
    single = tmp_path / NAME
    single.write_text(single_file())
    far = [sys.executable, str(single), "patch", str(site), str(one.path), str(delta)]
    subprocess.run(
        [*far, "-o", str(tmp_path / "far.tar"), "--key", str(public)], check=True, capture_output=True
    )
    for each in ("near.tar", "far.tar"):
        assert (tmp_path / each).read_bytes() == new.path.read_bytes()


def test_a_delta_needs_something_to_be_made_from(bundles: tuple[MadeBundle, ...], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["delta", str(bundles[2].path), "-o", str(tmp_path / "d"), "--json"])
    assert isinstance(done.exception, OptionConflict) or done.exit_code == OptionConflict.exit_code
