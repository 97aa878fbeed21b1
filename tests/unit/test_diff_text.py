"""How a difference reads, held against golden files: `PARITY_GOLDEN=write` writes them anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.bundles import FILES, IDENTITY, make_bundle, signing_key, texts_of
from tests.support.recorder import Recorder
from tests.support.updates import NEWER, proof, real_wheel

from parity.cli.review.difference import as_markdown, as_text
from parity.sign import make_checker
from parity.update import Contents, Difference, compare, read_pair

GOLDEN = Path(__file__).parent / "golden"
ELF = b"\x7fELF" + bytes(60)
MIT, GPL = "License-Expression: MIT\n", "License-Expression: GPL-3.0-only\n"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Difference:
    """A difference with something in every section, the test key's name replaced by a fixed one."""
    folder = tmp_path_factory.mktemp("pair")
    same = real_wheel("same", "1.0", MIT)
    older = [same, real_wheel("gone", "0.9", MIT), real_wheel("alpha", "1.0", MIT), real_wheel("back", "2.0")]
    newer = [
        same,
        real_wheel("come", "3.1", "License: <script>|`*_\n", {"come/core.so": ELF}),
        real_wheel("alpha", "1.1", GPL),
        real_wheel("back", "1.0"),
    ]
    missing = [{"package": "come", "file": "come/core.so", "library": "libGL.so.1"}]
    fails = [{"package": "come", "module": "come.gui", "error": "ImportError: ask @admin, see #1"}]
    sides = [
        make_bundle(
            folder / "old",
            {**FILES, **texts_of(dict(older)), "files/a.onnx": bytes(2000), "files/old.conf": b""},
            dict(older),
            identity=IDENTITY,
        ),
        make_bundle(
            folder / "new",
            {
                **FILES,
                **texts_of(dict(newer)),
                "proof.json": proof(missing, fails),
                "farside/x.py": b"",
                "files/a.onnx": bytes(3000),
                "files/bin/tool": b"#!",
            },
            dict(newer),
            identity=NEWER,
        ),
    ]
    check = make_checker([signing_key().public])
    old, new = read_pair(sides[0].path, sides[1].path, check, Recorder())
    return compare(with_fixed_key(old), with_fixed_key(new))


def with_fixed_key(side: Contents) -> Contents:
    return replace(side, keys=("5e" * 32,), signers=("5e" * 32,))


def agrees(name: str, text: str) -> bool:
    path = GOLDEN / name
    if os.environ.get("PARITY_GOLDEN") == "write":
        path.write_text(text)
    return path.read_text() == text


def test_the_text_reads_as_agreed(found: Difference) -> None:
    assert agrees("diff.txt", as_text(found))


def test_the_markdown_reads_as_agreed(found: Difference) -> None:
    assert agrees("diff.md", as_markdown(found))


def test_nothing_in_a_bundle_becomes_markup(found: Difference) -> None:
    text = as_markdown(found)
    assert "<script>" not in text
    assert "ImportError: ask &#64;admin, see &#35;1" in text
    assert r"\<script\>\|\`\*\_" in text


def test_a_difference_that_was_not_verified_says_so_first(found: Difference) -> None:
    unverified = replace(found, new=replace(found.new, signers=()))
    assert "NOT VERIFIED" in as_text(unverified)
    assert "NOT VERIFIED" in as_markdown(unverified)
    assert as_text(unverified).split("Look at")[1].splitlines()[1].strip().startswith("unverified")


def test_no_difference_reads_as_none(found: Difference) -> None:
    none = compare(found.old, found.old)
    assert "nothing stands out" in as_text(none)
    assert "Packages: 0 added, 0 removed, 0 changed, 4 the same" in as_text(none)
    assert "nothing stands out" in as_markdown(none)
