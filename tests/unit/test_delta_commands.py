"""`parity diff | delta | patch | split | join` as a person or a script meets them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.bundles import MadeBundle, forged_bundle, manifest_of, payload_body
from tests.support.command import Done, Run, command
from tests.support.updates import older_and_newer

HEAD = 65536


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """The command itself, in this process, with a home of its own."""
    yield from command(tmp_path / "home", monkeypatch, capfd)


class Pair(NamedTuple):
    old: MadeBundle
    new: MadeBundle
    key: Path


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    old, new = older_and_newer(tmp_path)
    key = tmp_path / "sender.pub"
    key.write_bytes(old.key.public.pem)
    return Pair(old, new, key)


# --- the way there and back ---------------------------------------------------------------------------------


def test_an_update_is_reviewed_carried_and_patched(run: Run, pair: Pair, tmp_path: Path) -> None:
    old, new, key = pair.old.path, pair.new.path, pair.key
    review = run("diff", old, new, "--key", key)
    assert review.code == 0
    assert "demo: 1.0 → 1.1" in review.stdout
    markdown = run("diff", old, new, "--key", key, "--format", "markdown")
    assert markdown.stdout.startswith("## demo: 1.0 → 1.1\n")
    made = run("delta", old, new, "-o", tmp_path / "d", "--key", key, "--json").document
    assert (made["verified"], made["size"]) == (True, (tmp_path / "d").stat().st_size)
    back = run("patch", old, tmp_path / "d", "-o", tmp_path / "n", "--key", key, "--json").document
    assert (back["signers"], back["serial"]) == ([pair.new.key.public.fingerprint], 8)
    assert (tmp_path / "n").read_bytes() == new.read_bytes()


def test_a_bundle_is_split_checked_and_joined(run: Run, pair: Pair, tmp_path: Path) -> None:
    media = tmp_path / "media"
    made = run("split", pair.old.path, "--size", "32KiB", "-o", media, "--json").document
    assert [volume["number"] for volume in made["volumes"]] == [1, 2, 3]
    assert run("join", "--check", media).stdout.count("good") == 3
    joined = run("join", media, "-o", tmp_path / "joined", "--json")
    assert joined.document["verified"] is False
    assert (tmp_path / "joined").read_bytes() == pair.old.path.read_bytes()
    (media / f"{pair.old.path.name}.vol-2-of-3").write_bytes(b"scratched")
    checked = run("join", "--check", media, "--json")
    assert checked.code == 72
    assert [volume["ok"] for volume in checked.document["volumes"]] == [True, False, True]
    assert run("join", "--check", media).code == 72


def test_without_a_trusted_key_nothing_is_done_unless_one_says_so(
    run: Run, pair: Pair, tmp_path: Path
) -> None:
    old, new, delta = pair.old.path, pair.new.path, tmp_path / "d"
    assert run("delta", old, new, "-o", delta, "--json").document["error"]["kind"] == "KeyUnusable"
    assert run("delta", old, new, "-o", delta, "--unverified").code == 0
    assert run("patch", old, delta, "-o", tmp_path / "n").code == 80
    assert not (tmp_path / "n").exists()
    unverified = run("patch", old, delta, "-o", tmp_path / "n", "--unverified")
    assert (unverified.code, "NOT VERIFIED" in unverified.stdout) == (0, True)
    assert "NOT VERIFIED" in run("diff", old, new, "--unverified").stdout
    assert run("diff", old, new, "--unverified", "--json").document["verified"] is False


def test_a_delta_that_leads_back_is_called_so(run: Run, pair: Pair, tmp_path: Path) -> None:
    made = run("delta", pair.new.path, pair.old.path, "-o", tmp_path / "d", "--key", pair.key)
    assert "leads back from serial 8 to 7" in made.stderr
    back = run("patch", pair.new.path, tmp_path / "d", "-o", tmp_path / "n", "--key", pair.key)
    assert "leads back from serial 8 to 7" in back.stderr


def test_words_that_make_no_sense_are_refused(run: Run, pair: Pair, tmp_path: Path) -> None:
    assert run("split", pair.old.path, "--size", "many", "-o", tmp_path / "m").code == 2
    assert run("split", pair.old.path, "--size", "9", "-o", tmp_path / "m").code == 13
    assert run("join", "--check", tmp_path, "-o", tmp_path / "x").code == 13
    assert not (tmp_path / "m").exists()


# --- bad bundles to every command ---------------------------------------------------------------------------


def damaged(made: MadeBundle) -> bytes:
    data = bytearray(made.path.read_bytes())
    data[-3000] ^= 1
    return bytes(data)


def truncated(made: MadeBundle) -> bytes:
    return made.path.read_bytes()[:-1024]


def extended(made: MadeBundle) -> bytes:
    return made.path.read_bytes() + bytes(512)


def foreign(_made: MadeBundle) -> bytes:
    return b"\x1f\x8b" + bytes(100000)


def empty(_made: MadeBundle) -> bytes:
    return b""


def unsigned(made: MadeBundle) -> bytes:
    data = made.path.read_bytes()
    document = json.loads(data[512:HEAD])
    document["signatures"] = []
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return data[:512] + body.ljust(HEAD - 512) + data[HEAD:]


def older_format(made: MadeBundle) -> bytes:
    wheels = {path[7:]: data for path, data in made.files.items() if path.startswith("wheels/")}
    files = {
        path: data
        for path, data in made.files.items()
        if path != "manifest.json" and not path.startswith("wheels/")
    }
    data, _ = manifest_of(files, wheels)
    body = payload_body({path: data for path, data in made.files.items() if path != "manifest.json"})
    return forged_bundle(data.replace(b"parity-bundle/2", b"parity-bundle/0"), body)


BAD = [damaged, truncated, extended, foreign, empty, unsigned, older_format]


@pytest.mark.parametrize("spoil", BAD, ids=lambda one: one.__name__)
def test_every_command_refuses_every_bad_bundle(
    run: Run, pair: Pair, tmp_path: Path, spoil: Callable[[MadeBundle], bytes]
) -> None:
    good, bad, delta, out = pair.old.path, tmp_path / "bad", tmp_path / "d", tmp_path / "out"
    assert run("delta", good, pair.new.path, "-o", delta, "--key", pair.key).code == 0
    bad.write_bytes(spoil(pair.old))
    out.mkdir()
    for who in (["--key", pair.key], ["--unverified"]):
        refused(run("diff", bad, good, *who, "--json"), out)
        refused(run("diff", good, bad, *who, "--json"), out)
        refused(run("delta", bad, good, "-o", out / "d", *who, "--json"), out)
        refused(run("delta", good, bad, "-o", out / "d", *who, "--json"), out)
        refused(run("patch", good, bad, "-o", out / "n", *who, "--json"), out)
        if spoil is not damaged:  # the damaged byte may lie in a file that the patch does not need
            refused(run("patch", bad, delta, "-o", out / "n", *who, "--json"), out)
    refused(run("split", bad, "--size", "30KB", "-o", out, "--json"), out)
    refused(run("join", bad, "-o", out / "n", "--json"), out)
    people = run("diff", bad, good, "--key", pair.key)
    assert "error: " in people.stderr
    assert "do: " in people.stderr


def refused(done: Done, out: Path) -> None:
    error = done.document["error"]
    assert done.code == error["exit_code"]
    assert 60 <= done.code < 80
    assert error["message"].isprintable()
    assert error["remedy"]
    assert list(out.iterdir()) == []


def test_files_that_are_not_there_are_refused_by_every_command(run: Run, pair: Pair, tmp_path: Path) -> None:
    none, out = tmp_path / "none", tmp_path / "out"
    out.mkdir()
    for words in (
        ("diff", none, pair.new.path, "--unverified"),
        ("delta", pair.old.path, none, "-o", out / "d", "--unverified"),
        ("patch", none, none, "-o", out / "n", "--unverified"),
        ("split", none, "--size", "1MB", "-o", out),
        ("join", none, "-o", out / "n"),
    ):
        refused(run(*words, "--json"), out)
