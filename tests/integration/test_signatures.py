"""A build that several sign, on a real engine; everything else about signatures needs none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity

from parity.sign import generate_key, save_key


@pytest.mark.engine
def test_a_build_is_signed_with_each_key_and_both_can_be_demanded(
    parity: Parity, small: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("pylock.toml", "small.txt"):
        shutil.copy(Path(small["bundle"]).parent / name, tmp_path)
    keys = [tmp_path / "a.key", tmp_path / "b.key"]
    public = [save_key(path, generate_key(), path.name) for path in keys]
    words = ["-r", tmp_path / "small.txt", "--locked", *(w for key in keys for w in ("--key", key))]
    secrets = {"PARITY_KEY_PASSPHRASE_1": "a.key", "PARITY_KEY_PASSPHRASE_2": "b.key"}
    built = parity.build("debian11-py39", tmp_path, *words, env=secrets).bundle
    assert built["payload_sha256"] == small["payload_sha256"]
    assert built["public_keys"] == [str(path) for path in public]
    trusted = [word for path in public for word in ("--key", path)]
    found = parity.run("verify", built["bundle"], *trusted, "--threshold", "2", "--json").document
    assert len(built["signed_by"]) == 2
    assert found["signers"] == built["signed_by"]
    alone = parity.run("verify", small["bundle"], "--threshold", "2", "--json", env={"PARITY_THRESHOLD": "1"})
    assert alone.error["kind"] == "OptionConflict"
