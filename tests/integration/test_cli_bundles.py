"""`parity verify`, `inspect` and the keys, on a real bundle: who is believed, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import ESCAPE, Parity

pytestmark = pytest.mark.engine


@pytest.fixture
def stranger(tmp_path: Path) -> Parity:
    """A user who has never built anything here."""
    home = tmp_path / "stranger"
    home.mkdir()
    return Parity(home)


def test_verify_with_a_rehearsal_of_the_bundles_own_bytes(parity: Parity, small: dict[str, Any]) -> None:
    document = parity.run("verify", small["bundle"], "--rehearse", "--json").document
    assert document["verified"] is True
    assert document["payload_sha256"] == small["payload_sha256"]
    assert document["signed_by"] == document["signers"] == small["signed_by"]
    fresh = document["rehearsed"]
    assert fresh["installed"] == small["proof"]["installed"]
    assert fresh["isolation"] == small["proof"]["isolation"]
    people = parity.run("verify", small["bundle"])
    assert people.code == 0
    for part in ("debian 11, glibc 2.31, Python 3.9, x86_64", small["payload_sha256"], *small["signed_by"]):
        assert part in people.stdout
    assert ESCAPE not in people.stdout + people.stderr


def test_a_stranger_is_told_whom_to_ask_and_then_trusts_by_name(
    stranger: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    nobody = stranger.run("verify", small["bundle"], "--json")
    assert (nobody.code, nobody.error["kind"]) == (80, "KeyUnusable")
    assert "parity key trust" in nobody.error["remedy"]
    other = stranger.run("keygen", tmp_path / "other.key", "--json").document
    foreign = stranger.run("verify", small["bundle"], "--key", other["public_key"], "--json")
    assert (foreign.code, foreign.error["kind"]) == (61, "SignatureInvalid")
    given = stranger.run("verify", small["bundle"], "--key", small["public_key"], "--json")
    assert given.code == 0
    assert stranger.run("key", "trust", small["public_key"]).code == 0
    assert stranger.run("verify", small["bundle"]).code == 0
    rows = stranger.run("key", "list", "--json").document["keys"]
    assert [row["fingerprint"] for row in rows] == small["signed_by"]


def test_damage_anywhere_is_refused_with_one_reason(
    parity: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    bundle = tmp_path / "damaged.parity.tar"
    shutil.copy(small["bundle"], bundle)
    middle = small["size"] // 2
    for position in (middle, small["size"] - 600):
        with bundle.open("r+b") as file:
            file.seek(position)
            byte = file.read(1)
            file.seek(position)
            file.write(bytes([byte[0] ^ 1]))
        done = parity.run("verify", bundle, "--rehearse")
        assert (done.code, done.stdout) == (60, "")
        assert done.stderr.count("error: ") == 1
        assert "Traceback" not in done.stderr
    with bundle.open("r+b") as file:
        file.truncate(middle)
    assert parity.run("verify", bundle, "--json").error["kind"] == "BundleDamaged"
    assert parity.run("verify", tmp_path / "none", "--json").error["kind"] == "BundleUnreadable"


def test_inspect_needs_no_key_and_says_that_nothing_was_verified(
    stranger: Parity, small: dict[str, Any]
) -> None:
    done = stranger.run("inspect", small["bundle"])
    assert done.code == 0
    assert "nothing of this was verified" in done.stderr
    for name in ("requests", "pyyaml", "idna", "(says of itself)"):
        assert name in done.stdout
    document = stranger.run("inspect", small["bundle"], "--json").document
    assert document["verified"] is False
    assert document["target"]["python"] == "3.9"
    told = [(each["name"], each["version"]) for each in document["packages"]]
    assert told == [(each["name"], each["version"]) for each in small["packages"]]
    assert document["proof"]["installed"] == small["proof"]["installed"]


def test_the_shown_key_is_the_one_that_signed(parity: Parity, small: dict[str, Any]) -> None:
    document = parity.run("key", "show", "--json").document
    assert [document["fingerprint"]] == small["signed_by"]
    assert Path(small["public_key"]).read_text() in parity.run("key", "show").stdout + "\n"
    private = Path(small["public_key"].removesuffix(".pub"))
    assert private.stat().st_mode & 0o777 == 0o600
