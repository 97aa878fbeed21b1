"""Two bundles compared: what changed, and what a reviewer is told to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import FILES, IDENTITY, MadeBundle, make_bundle, texts_of
from tests.support.evil_wheel import FILENAME, Hostile
from tests.support.hostile import hostile_wheels
from tests.support.recorder import Recorder
from tests.support.updates import NEWER, proof, real_wheel

from parity.cli.review.difference import as_text
from parity.model import BundleIdentity
from parity.portable.errors import BundleDamaged, SignatureInvalid
from parity.sign import SigningKey, generate_key, make_checker
from parity.update import Difference, compare, document_of, read_pair, remarks

ELF = b"\x7fELF" + bytes(60)
MIT, APACHE = "License-Expression: MIT\n", "License-Expression: Apache-2.0\n"
Wheels = Mapping[str, bytes]


def bundle(
    folder: Path,
    *wheels: tuple[str, bytes],
    files: Mapping[str, bytes] | None = None,
    identity: BundleIdentity = IDENTITY,
    key: SigningKey | None = None,
) -> MadeBundle:
    inside = {**FILES, **texts_of(dict(wheels)), **(files or {})}
    return make_bundle(folder, inside, dict(wheels), key, identity)


def difference(old: MadeBundle, new: MadeBundle) -> Difference:
    check = make_checker([old.key.public, new.key.public])
    return compare(*read_pair(old.path, new.path, check, Recorder()))


def between(folder: Path, old: list[tuple[str, bytes]], new: list[tuple[str, bytes]]) -> Difference:
    """The difference between two bundles of these wheels."""
    return difference(bundle(folder / "old", *old), bundle(folder / "new", *new, identity=NEWER))


def noted(found: Difference) -> list[tuple[str, str]]:
    return [(remark.kind, remark.subject) for remark in remarks(found)]


def said(found: Difference, kind: str) -> str:
    (message,) = [remark.message for remark in remarks(found) if remark.kind == kind]
    return message


# --- packages ---------------------------------------------------------------------------------------------


def test_nothing_differs_between_a_bundle_and_itself(tmp_path: Path) -> None:
    made = bundle(tmp_path, real_wheel("alpha", "1.0"))
    found = difference(made, made)
    assert remarks(found) == ()
    assert (found.added, found.removed, found.changed, found.unchanged, found.lacking) == ((), (), (), 1, 0)


def test_packages_come_go_and_change(tmp_path: Path) -> None:
    same = real_wheel("same", "1.0")
    found = between(
        tmp_path,
        [same, real_wheel("gone", "1.0"), real_wheel("up", "1.9"), real_wheel("down", "2.0")],
        [same, real_wheel("come", "3.0", MIT), real_wheel("up", "1.10"), real_wheel("down", "2.0rc1")],
    )
    assert [one.name for one in found.added] == ["come"]
    assert [one.name for one in found.removed] == ["gone"]
    assert {one.new.name: one.kind for one in found.changed} == {"up": "upgrade", "down": "downgrade"}
    assert found.unchanged == 1
    assert ("downgrade", "down") in noted(found)
    assert said(found, "new-package") == "3.0, MIT, asked for"


def test_the_same_version_with_other_bytes_stands_out(tmp_path: Path) -> None:
    found = between(tmp_path, [real_wheel("alpha", "1.0")], [real_wheel("alpha", "1.0", "Summary: new\n")])
    assert found.changed[0].kind == "other-bytes"
    assert "1.0 has other bytes than before" in said(found, "other-bytes")


def test_another_build_of_the_same_version_is_told_apart(tmp_path: Path) -> None:
    other = real_wheel("alpha", "1.0", tag="cp39-abi3-manylinux_2_17_x86_64")
    found = between(tmp_path, [real_wheel("alpha", "1.0")], [other])
    assert found.changed[0].kind == "other-wheel"
    assert other[0] in said(found, "other-wheel")


def test_bytes_that_the_old_bundle_lacks_are_counted_once(tmp_path: Path) -> None:
    name, data = real_wheel("alpha", "1.1")
    found = between(tmp_path, [real_wheel("alpha", "1.0")], [(name, data)])
    texts = {**texts_of({name: data})}
    assert found.lacking == len(data) + len(texts["pylock.toml"]) + len(texts["requirements.txt"])


# --- licences ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        (MIT + "License: something else\n", "MIT"),
        ("License: Apache 2.0\nClassifier: License :: OSI Approved :: MIT License\n", "MIT License"),
        ("Classifier: License :: OSI Approved\nClassifier: Topic :: X\nLicense: BSD\n", "OSI Approved"),
        ("License: A long text\n   of many lines\n", "A long text"),
        ("License: \n", ""),
        ("Summary: none\n", ""),
        ("License: " + "x" * 500 + "\n", "x" * 99 + "…"),
        ("License: a\x1b[2Jb\n", "a?[2Jb"),
    ],
)
def test_a_licence_is_read_out_of_the_wheel_in_the_bundle(tmp_path: Path, headers: str, licence: str) -> None:
    found = between(tmp_path, [], [real_wheel("alpha", "1.0", headers)])
    assert found.added[0].facts.licence == licence


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (MIT, APACHE, True),
        (MIT, "", True),
        ("", "", False),
        ("Classifier: License :: OSI Approved :: MIT License\n", MIT, False),
        ("License: Apache License, Version 2.0\n", APACHE, False),
        ("License: BSD\n", "License-Expression: BSD-3-Clause\n", True),
        (
            "License-Expression: MIT OR(apache-2.0 and bsd-3-clause)\n",
            "License-Expression: MIT OR ( Apache-2.0 AND BSD-3-Clause )\n",
            False,
        ),
        ("License-Expression: MIT OR Apache-2.0\n", "License-Expression: MIT AND Apache-2.0\n", True),
    ],
)
def test_a_licence_that_changed_is_looked_at_and_another_spelling_is_not(
    tmp_path: Path, old: str, new: str, changed: bool
) -> None:
    found = between(tmp_path, [real_wheel("alpha", "1.0", old)], [real_wheel("alpha", "1.1", new)])
    assert (("licence", "alpha") in noted(found)) == changed


# --- native code and the proof ----------------------------------------------------------------------------


def test_native_code_is_found_by_its_bytes_whatever_it_is_called(tmp_path: Path) -> None:
    files = {"alpha/data.txt": ELF, "alpha/not.so": b"text", "alpha.libs/libz-00112233.so.1": ELF}
    found = between(tmp_path, [real_wheel("alpha", "1.0")], [real_wheel("alpha", "1.1", files=files)])
    assert found.natives_new == (("alpha", "alpha.libs/libz-00112233.so.1"), ("alpha", "alpha/data.txt"))
    assert said(found, "native-code").startswith("2 new: alpha.libs/libz-00112233.so.1, alpha/data.txt")


def test_build_numbers_in_native_names_are_no_news(tmp_path: Path) -> None:
    old = {"a.libs/libz-00112233.so.1": ELF, "a/x.cpython-39-x86_64-linux-gnu.so": ELF, "a/gone.so": ELF}
    new = {"a.libs/libz-44556677.so.1": ELF, "a/x.cpython-311-x86_64-linux-gnu.so": ELF}
    found = between(tmp_path, [real_wheel("a", "1.0", files=old)], [real_wheel("a", "1.1", files=new)])
    assert found.natives_new == ()
    assert found.natives_gone == (("a", "a/gone.so"),)


def test_what_the_rehearsal_missed_is_compared(tmp_path: Path) -> None:
    wheel = real_wheel("alpha", "1.0")
    old = {"package": "alpha", "file": "a.libs/x-00112233.so", "library": "libGL.so.1"}
    same = {**old, "file": "a.libs/x-44556677.so"}
    new = {"package": "alpha", "file": "a.so", "library": "libgomp.so.1"}
    fails = [{"package": "alpha", "module": "alpha.gui", "error": "ImportError: no display"}]
    before = bundle(tmp_path / "old", wheel, files={"proof.json": proof([old], [])})
    after = bundle(tmp_path / "new", wheel, files={"proof.json": proof([same, new], fails)}, identity=NEWER)
    found = difference(before, after)
    assert found.missing_new == (("alpha", "a.so", "libgomp.so.1"),)
    assert found.missing_gone == ()
    assert said(found, "missing-library") == "a.so needs libgomp.so.1, which is not there"
    assert said(found, "import-failure").endswith("ImportError: no display")
    back = difference(after, before)
    assert back.missing_gone == found.missing_new
    assert back.failures_gone == found.failures_new


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"imports":{}}', b'{"imports":[1]}', b"[" * 9999])
def test_a_proof_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    made = bundle(tmp_path, real_wheel("alpha", "1.0"), files={"proof.json": content})
    with pytest.raises(BundleDamaged, match=r"proof\.json"):
        difference(made, made)


# --- who, for whom, in which order ------------------------------------------------------------------------


def test_going_back_another_signer_and_another_product_stand_out(tmp_path: Path) -> None:
    wheel = real_wheel("alpha", "1.0")
    old = bundle(tmp_path / "old", wheel, identity=NEWER)
    new = bundle(tmp_path / "new", wheel, key=generate_key())
    assert "from 8 to 7" in said(difference(old, new), "serial-backwards")
    assert old.key.public.fingerprint in said(difference(old, new), "signer")
    other = bundle(tmp_path / "other", wheel, identity=replace(NEWER, product="shop"))
    assert ("other-product", other.path.name) in noted(difference(old, other))


def test_other_content_under_the_same_serial_stands_out(tmp_path: Path) -> None:
    old = bundle(tmp_path / "old", real_wheel("alpha", "1.0"))
    new = bundle(tmp_path / "new", real_wheel("alpha", "1.1"))
    assert ("serial-reused", new.path.name) in noted(difference(old, new))


def test_installer_code_that_changed_stands_out(tmp_path: Path) -> None:
    old = bundle(tmp_path / "old", real_wheel("alpha", "1.0"))
    files = {"farside/__init__.py": b"import os\n", "farside/more.py": b""}
    new = bundle(tmp_path / "new", real_wheel("alpha", "1.0"), files=files, identity=NEWER)
    assert difference(old, new).installer_code == ("farside/__init__.py", "farside/more.py")
    assert ("installer-code", "farside/more.py") in noted(difference(old, new))


def test_other_files_come_go_and_change_and_programs_stand_out(tmp_path: Path) -> None:
    wheel = real_wheel("alpha", "1.0")
    old = bundle(tmp_path / "old", wheel, files={"files/gone": b"", "files/a.conf": b"1", "files/same": b""})
    files = {"files/bin/tool": b"#!", "files/a.conf": b"23", "files/same": b""}
    new = bundle(tmp_path / "new", wheel, files=files, identity=NEWER)
    found = difference(old, new)
    sizes = {
        change.path: (change.old and change.old.size, change.new and change.new.size)
        for change in found.other_files
    }
    assert sizes == {"files/gone": (0, None), "files/a.conf": (1, 2), "files/bin/tool": (None, 2)}
    assert [pair for pair in noted(found) if pair[0] == "executable"] == [("executable", "files/bin/tool")]
    document: Any = document_of(found)
    (added,) = [row for row in document["other_files"] if row["path"] == "files/bin/tool"]
    assert added["old"] is None
    assert added["new"]["executable"]


def test_system_packages_come_go_and_change_and_new_ones_stand_out(tmp_path: Path) -> None:
    wheel = real_wheel("alpha", "1.0")
    before = {"system/gone_1_amd64.deb": b"", "system/same_1_all.deb": b"", "system/bent_1_all.deb": b"1"}
    after = {"system/bent_1_all.deb": b"2", "system/same_1_all.deb": b"", "system/come_2_amd64.deb": b""}
    old = bundle(tmp_path / "old", wheel, files={**before, "system/up_1_all.deb": b""})
    new = bundle(tmp_path / "new", wheel, files={**after, "system/up_2_all.deb": b""}, identity=NEWER)
    found = difference(old, new)
    assert document_of(found)["system_packages"] == [
        {"what": "bent (all)", "old": "1", "new": "1 with other bytes"},
        {"what": "come (amd64)", "old": "not carried", "new": "2"},
        {"what": "gone (amd64)", "old": "1", "new": "not carried"},
        {"what": "up (all)", "old": "1", "new": "2"},
    ]
    assert ("other-bytes", "bent (all)") in noted(found)
    assert [pair for pair in noted(found) if pair[0] == "system-package"] == [
        ("system-package", "come (amd64)")
    ]
    assert "System packages" in as_text(found)


def test_manifest_changes_are_told(tmp_path: Path) -> None:
    made = bundle(tmp_path, real_wheel("alpha", "1.0"))
    old, new = read_pair(made.path, made.path, made.check, Recorder())
    document = json.loads(json.dumps(new.manifest))
    document["target"]["libc"]["version"] = [2, 36]
    document["stand_in"] = {"image": "sha256:1", "for": "rhel9"}
    document["allow"] = ["pth-file:alpha"]
    document["imports"] = []
    unasked = replace(new.packages["alpha"], requested=False)
    found = compare(old, replace(new, manifest=document, packages={"alpha": unasked}, signers=()))
    assert noted(found) == [
        ("unverified", made.path.name),
        ("import-unproved", "alpha"),
        ("requested", "alpha"),
        ("stand-in", "rhel9"),
        ("target", "libc"),
        ("allowed", "pth-file:alpha"),
    ]
    assert next((turn.what, turn.old, turn.new) for turn in found.settings) == (
        "libc",
        "glibc 2.31",
        "glibc 2.36",
    )


# --- refusals and hostile wheels --------------------------------------------------------------------------


def test_damaged_and_untrusted_bundles_are_not_compared(tmp_path: Path) -> None:
    old, new = (bundle(tmp_path / side, real_wheel("alpha", "1.0")) for side in ("old", "new"))
    with pytest.raises(SignatureInvalid, match=old.path.name):
        read_pair(old.path, new.path, make_checker([generate_key().public]), Recorder())
    data = bytearray(new.path.read_bytes())
    data[-3000] ^= 1
    new.path.write_bytes(data)
    with pytest.raises(BundleDamaged):
        difference(old, new)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return bundle(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("hostile", hostile_wheels(), ids=lambda one: one.what)
def test_a_hostile_wheel_is_read_or_reported_never_believed(
    tmp_path: Path, empty: MadeBundle, hostile: Hostile
) -> None:
    found = difference(empty, bundle(tmp_path, (FILENAME, hostile.data), identity=NEWER))
    (package,) = found.added
    assert all(
        text.isprintable() for text in (package.facts.licence, package.facts.fault, *package.facts.natives)
    )
    assert (("unreadable-wheel", "evil") in noted(found)) == bool(package.facts.fault)


BEFORE_ITSELF = bytes(40) + b"PK\x06\x07" + bytes(12) + b"\1\0\0\0" + b"PK\x05\x06" + bytes(18)
"""A zip whose 64-bit end record would have to begin before its first byte."""


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"no zip" * 999, BEFORE_ITSELF])
def test_a_wheel_that_is_no_zip_is_reported(tmp_path: Path, empty: MadeBundle, data: bytes) -> None:
    found = difference(empty, bundle(tmp_path, (FILENAME, data), identity=NEWER))
    assert ("unreadable-wheel", "evil") in noted(found)


def test_the_document_is_json_and_complete(tmp_path: Path) -> None:
    found = between(tmp_path, [real_wheel("alpha", "1.0", MIT)], [real_wheel("alpha", "1.1", APACHE)])
    document: dict[str, Any] = json.loads(json.dumps(document_of(found)))
    assert document["format"] == "parity-diff/1"
    assert document["verified"] is True
    assert document["old"]["serial"] == 7
    (change,) = document["packages"]["changed"]
    assert (change["kind"], change["licence_changed"]) == ("upgrade", True)
    assert (change["old"]["licence"], change["new"]["licence"]) == ("MIT", "Apache-2.0")
    assert {remark["kind"] for remark in document["look_at"]} == {"licence"}
