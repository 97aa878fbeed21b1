"""A delta and its base give back the new bundle byte for byte, or nothing at all."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bundles import IDENTITY, MadeBundle, file_size_limit, make_bundle
from tests.support.large import Ballast, large_bundle
from tests.support.recorder import Recorder
from tests.support.updates import NEWER, many_wheels, older_and_newer, plain_wheel

import parity.farside
from parity.errors import WriteFailed
from parity.portable.errors import (
    BundleDamaged,
    BundleUnreadable,
    FileNotWritten,
    SignatureInvalid,
    WrongBase,
)
from parity.portable.transfer import text_delta
from parity.portable.transfer.patch import patch_bundle
from parity.sign import generate_key, make_checker
from parity.update import MadeDelta, write_delta
from parity.volumes import split_bundle

SOURCE = Path(parity.farside.__file__).parents[2]
PATHS = ["README.txt", "farside/a.py", "files/bin/tool", "files/model", "proof.json", "tools/uv-1.whl", "z"]
NAMES = [f"{name}-1.0-py3-none-any.whl" for name in ("alpha", "beta", "gamma", "delta")]
CONTENTS = st.one_of(
    st.binary(max_size=300), st.sampled_from([b"", b"same " * 9000, b"same " * 9001 + b"end", bytes(40000)])
)
LEFT_OPEN = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def delta_of(old: MadeBundle, new: MadeBundle, folder: Path) -> MadeDelta:
    return write_delta(old.path, new.path, folder / "update.delta", new.check, Recorder())


def patched(old: MadeBundle, delta: MadeDelta, new: MadeBundle, folder: Path) -> bytes:
    out = folder / "patched.tar"
    patch_bundle(str(old.path), str(delta.path), str(out), new.check)
    return out.read_bytes()


# --- byte for byte ----------------------------------------------------------------------------------------


def test_the_new_bundle_comes_back_byte_for_byte(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    assert patched(old, delta, new, tmp_path) == new.path.read_bytes()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=LEFT_OPEN)
@given(
    files=st.tuples(*[st.dictionaries(st.sampled_from(PATHS), CONTENTS)] * 2),
    wheels=st.tuples(*[st.dictionaries(st.sampled_from(NAMES), CONTENTS)] * 2),
)
def test_so_it_does_for_any_two_bundles(
    tmp_path_factory: pytest.TempPathFactory,
    files: tuple[dict[str, bytes], dict[str, bytes]],
    wheels: tuple[dict[str, bytes], dict[str, bytes]],
) -> None:
    folder = tmp_path_factory.mktemp("pair")
    old = make_bundle(folder / "old", files[0], wheels[0])
    new = make_bundle(folder / "new", files[1], wheels[1], identity=NEWER)
    delta = delta_of(old, new, folder)
    assert patched(old, delta, new, folder) == new.path.read_bytes()
    lacking = set(new.files.values()) - set(old.files.values())
    assert delta.size <= 4096 + 2 * sum(len(data) for data in lacking)


def test_changing_2_of_143_packages_costs_little_more_than_these_two_wheels(tmp_path: Path) -> None:
    wheels = many_wheels(143, 4000)
    newer = {name: data for name, data in wheels.items() if not name.startswith(("package007", "package140"))}
    newer.update([plain_wheel("package007", "1.0.1", 4100), plain_wheel("package140", "2.0", 4200)])
    old = make_bundle(tmp_path / "old", wheels=wheels)
    new = make_bundle(tmp_path / "new", wheels=newer, identity=NEWER)
    delta = delta_of(old, new, tmp_path)
    assert {part.path for part in delta.index.files if part.sha256 is None} == {
        "wheels/package007-1.0.1-py3-none-any.whl",
        "wheels/package140-2.0-py3-none-any.whl",
    }
    assert delta.size <= 4100 + 4200 + 6000
    assert patched(old, delta, new, tmp_path) == new.path.read_bytes()


def test_the_new_bundle_may_take_the_place_of_the_old_one(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    patch_bundle(str(old.path), str(delta.path), str(old.path), new.check)
    assert old.path.read_bytes() == new.path.read_bytes()
    assert [path.name for path in old.path.parent.iterdir()] == [old.path.name]


def test_a_base_signed_anew_is_the_same_base(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    wheels = {path[7:]: data for path, data in old.files.items() if path.startswith("wheels/")}
    again = make_bundle(tmp_path / "again", wheels=wheels, key=generate_key())
    assert again.path.read_bytes() != old.path.read_bytes()
    assert patched(again, delta, new, tmp_path) == new.path.read_bytes()


def test_a_delta_to_an_older_bundle_is_no_different(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(new, old, tmp_path)
    assert delta.index.base is not None
    assert delta.index.result.serial < delta.index.base.serial
    assert patched(new, delta, old, tmp_path) == old.path.read_bytes()


# --- refusals ---------------------------------------------------------------------------------------------


def nothing_written(
    error: type[Exception], tmp_path: Path, *patch: object, match: str | None = None
) -> pytest.ExceptionInfo[Exception]:
    folder = tmp_path / "out"
    folder.mkdir(exist_ok=True)
    (folder / "kept.tar").write_bytes(b"what was there before")
    old, delta, check = patch
    with pytest.raises(error, match=match) as caught:
        patch_bundle(str(old), str(delta), str(folder / "kept.tar"), check)  # type: ignore[arg-type]
    assert [path.name for path in folder.iterdir()] == ["kept.tar"]
    assert (folder / "kept.tar").read_bytes() == b"what was there before"
    return caught


def test_a_wrong_base_is_refused_and_both_are_named(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    caught = nothing_written(WrongBase, tmp_path, new.path, delta.path, new.check)
    assert old.built.payload_sha256 in str(caught.value)
    assert new.built.payload_sha256 in str(caught.value)
    assert "demo 1.0, serial 7" in str(caught.value)


def test_a_missing_base_is_refused(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    nothing_written(BundleUnreadable, tmp_path, tmp_path / "none.tar", delta.path, new.check)


def test_a_result_that_nobody_trusted_has_signed_is_refused(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    stranger = make_checker([generate_key().public])
    nothing_written(SignatureInvalid, tmp_path, old.path, delta.path, stranger)


def test_a_base_that_is_damaged_where_it_is_needed_is_named(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    data = bytearray(old.path.read_bytes())
    at = data.index(new.files["wheels/shared-1.0-py3-none-any.whl"])
    data[at + 100] ^= 1
    old.path.write_bytes(data)
    nothing_written(
        BundleDamaged, tmp_path, old.path, delta.path, new.check, match="the old bundle: wheels/shared"
    )


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    delta = delta_of(old, new, tmp_path)
    with file_size_limit(70000):
        nothing_written(FileNotWritten, tmp_path, old.path, delta.path, new.check)
    (tmp_path / "small").mkdir()
    with file_size_limit(1000), pytest.raises(WriteFailed):
        write_delta(old.path, new.path, tmp_path / "small" / "d", new.check, Recorder())
    assert list((tmp_path / "small").iterdir()) == []


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_delta_is_made_only_of_bundles_that_are_whole_and_trusted(tmp_path: Path, side: str) -> None:
    old, new = older_and_newer(tmp_path)
    bad = old if side == "old" else new
    whole = bad.path.read_bytes()
    stranger = make_checker([generate_key().public])
    with pytest.raises(SignatureInvalid):
        write_delta(old.path, new.path, tmp_path / "d", stranger, Recorder())
    bad.path.write_bytes(whole[:-2000] + b"?" + whole[-1999:])
    with pytest.raises(BundleDamaged, match=bad.path.name):
        write_delta(old.path, new.path, tmp_path / "d", new.check, Recorder())
    assert not (tmp_path / "d").exists()


# --- memory and the far side's Python ---------------------------------------------------------------------

PATCH_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from parity.portable.transfer.join import find_volumes, join_volumes
from parity.portable.transfer.patch import patch_bundle
if sys.argv[2] == "patch":
    patch_bundle(*sys.argv[3:6], lambda signed, signatures: "anyone")
else:
    join_volumes(find_volumes([sys.argv[3]]), sys.argv[4])
assert not [name for name in sys.modules if name in ("cryptography", "packaging", "rich", "typer")]
with open("/proc/self/status") as status:
    print(next(line for line in status if line.startswith("VmHWM")).split()[1])
"""


def far_side(*words: object) -> int:
    """Run the far side's code in a Python of its own; gives its peak memory in bytes."""
    command = [sys.executable, "-I", "-c", PATCH_ALONE, str(SOURCE), *map(str, words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout) * 1024


def test_patching_and_joining_take_no_more_memory_for_a_large_bundle(tmp_path: Path) -> None:
    peaks: dict[str, list[int]] = {"patch": [], "join": []}
    for megabytes in (1, 128):
        folder = tmp_path / str(megabytes)
        large = Ballast("large", megabytes << 20)
        old = large_bundle(folder / "old", [large, Ballast("small", 10)])
        new = large_bundle(folder / "new", [large, Ballast("small", 20)])
        delta = write_delta(old, new, folder / "d", lambda signed, keys: ("anyone",), Recorder())
        assert delta.size < 5000
        peaks["patch"].append(far_side("patch", old, folder / "d", folder / "patched"))
        assert (folder / "patched").stat().st_size == new.stat().st_size
        split_bundle(old, folder / "volumes", 40_000_000, Recorder())
        peaks["join"].append(far_side("join", folder / "volumes", folder / "joined"))
    for little, much in peaks.values():
        assert much - little < 12_000_000


# --- thin texts -------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.binary(max_size=60000), older=st.binary(max_size=60000))
def test_a_thin_text_comes_back_whatever_it_was_packed_against(text: bytes, older: bytes) -> None:
    assert text_delta.unpack(text_delta.pack(text, older), older, len(text)) == text


@settings(max_examples=300, deadline=None, derandomize=True)
@given(packed=st.binary(max_size=400), size=st.integers(0, 70000))
def test_any_bytes_give_a_text_of_the_right_size_or_the_one_error(packed: bytes, size: int) -> None:
    with suppress(text_delta.ThinBroken):
        assert len(text_delta.unpack(packed, b"older", size)) == size


def test_a_bomb_takes_no_more_than_the_text_it_promised() -> None:
    bomb = text_delta.pack(bytes(16384), b"")
    with pytest.raises(text_delta.ThinBroken):
        text_delta.unpack(bomb, b"", 100)


def test_a_changed_line_in_a_long_text_costs_next_to_nothing() -> None:
    lines = [f"package-{n}==1.{n} --hash=sha256:{n * 7919:064x}" for n in range(600)]
    older = "\n".join(lines).encode()
    lines[300] = "package-300==2.0 --hash=sha256:" + "a" * 64
    assert len(text_delta.pack("\n".join(lines).encode(), older)) < 1000


def test_identities_read_well(tmp_path: Path) -> None:
    old, new = older_and_newer(tmp_path)
    index = delta_of(old, new, tmp_path).index
    assert str(index.base) == (
        f"demo 1.0, serial {IDENTITY.serial}, payload sha256:{old.built.payload_sha256}"
    )
