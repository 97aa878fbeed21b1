"""Volumes: each checkable on its own, together the bundle again, or a reason why not."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bundles import MadeBundle, file_size_limit, make_bundle
from tests.support.mutations import mutant
from tests.support.recorder import Recorder
from tests.support.updates import NEWER
from tests.support.volume_mutations import MUTATIONS

from parity.errors import OptionConflict, WriteFailed
from parity.portable.errors import (
    BundleDamaged,
    BundleUnreadable,
    FarsideError,
    FileNotWritten,
    VolumeDamaged,
    VolumesIncomplete,
)
from parity.portable.transfer.join import check_volumes, find_volumes, join_volumes
from parity.portable.transfer.volumes import HEADER_SIZE, parse_header
from parity.volumes import parse_size, split_bundle

SIZE = 25000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def volumes(made: MadeBundle, tmp_path: Path) -> list[Path]:
    """The bundle in volumes, four of them."""
    split = split_bundle(made.path, tmp_path / "volumes", SIZE, Recorder())
    assert len(split.volumes) == 4
    return [path for path, _ in split.volumes]


def joined(paths: Sequence[Path], out: Path) -> bytes:
    join_volumes(find_volumes([str(path) for path in paths]), str(out))
    return out.read_bytes()


def refusal(paths: Sequence[Path], folder: Path) -> FarsideError:
    """How joining is refused; nothing is written then, and what was there stays."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    (out / "kept.tar").write_bytes(b"what was there before")
    with pytest.raises(FarsideError) as caught:
        joined(paths, out / "kept.tar")
    assert [path.name for path in out.iterdir()] == ["kept.tar"]
    assert (out / "kept.tar").read_bytes() == b"what was there before"
    assert caught.value.message.isprintable()
    return caught.value


# --- there and back ---------------------------------------------------------------------------------------


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(size=st.integers(6000, 90000), seed=st.integers(0, 999))
def test_volumes_of_any_size_in_any_order_give_the_bundle(
    made: MadeBundle, tmp_path_factory: pytest.TempPathFactory, size: int, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("volumes")
    split = split_bundle(made.path, folder, size, Recorder())
    paths = [path for path, _ in split.volumes]
    assert all(path.stat().st_size < size for path in paths)
    random.Random(seed).shuffle(paths)  # noqa: S311
    assert joined(paths, folder / "joined") == made.path.read_bytes()
    assert joined([folder], folder / "joined") == made.path.read_bytes()
    shutil.rmtree(folder)


def test_the_shell_alone_puts_them_together(made: MadeBundle, tmp_path: Path) -> None:
    split_bundle(made.path, tmp_path, 8000, Recorder())
    assert len(list(tmp_path.iterdir())) > 9  # so that the numbers' zeros matter
    name = made.path.name
    line = f'for volume in {name}.vol-*; do tail -c +{HEADER_SIZE + 1} "$volume"; done >{name}'
    subprocess.run(["sh", "-ec", line], cwd=tmp_path, check=True)
    assert (tmp_path / name).read_bytes() == made.path.read_bytes()


def test_a_bundle_that_was_renamed_gets_its_own_name_back(
    made: MadeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(made.path, tmp_path / "x")
    split_bundle(tmp_path / "x", tmp_path / "volumes", SIZE, Recorder())
    monkeypatch.chdir(tmp_path)
    join_volumes(find_volumes(["volumes"]), "")
    assert (tmp_path / made.path.name).read_bytes() == made.path.read_bytes()


def test_every_volume_can_be_checked_without_the_others(volumes: list[Path]) -> None:
    for number, path in enumerate(volumes, 1):
        (found,) = check_volumes([str(path)])
        assert found.volume is not None
        assert (found.error, found.volume.number, found.volume.total) == ("", number, 4)


# --- refusals ---------------------------------------------------------------------------------------------


def test_missing_volumes_are_named_by_their_numbers(volumes: list[Path], tmp_path: Path) -> None:
    error = refusal([volumes[2]], tmp_path)
    assert isinstance(error, VolumesIncomplete)
    assert error.message == "of 4 volumes these are missing: 1, 2, 4"


def test_a_volume_that_is_there_twice_is_named(volumes: list[Path], tmp_path: Path) -> None:
    error = refusal([*volumes, volumes[1]], tmp_path)
    assert isinstance(error, VolumesIncomplete)
    assert error.message == "of 4 volumes these are there twice: 2"


def test_volumes_of_two_bundles_are_not_mixed(volumes: list[Path], tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other", identity=NEWER)
    split = split_bundle(other.path, tmp_path / "more", SIZE, Recorder())
    error = refusal([*volumes[:2], *(path for path, _ in split.volumes[2:])], tmp_path)
    assert isinstance(error, VolumesIncomplete)
    assert "2 sets" in error.message
    assert volumes[0].name in error.message


def test_volumes_of_two_cuts_of_one_bundle_are_not_mixed(
    made: MadeBundle, volumes: list[Path], tmp_path: Path
) -> None:
    split = split_bundle(made.path, tmp_path / "more", SIZE + 1000, Recorder())
    error = refusal([volumes[0], *(path for path, _ in split.volumes[1:])], tmp_path)
    assert isinstance(error, VolumesIncomplete)


def test_every_bad_volume_is_named_at_once(volumes: list[Path], tmp_path: Path) -> None:
    for path in (volumes[0], volumes[2]):
        data = bytearray(path.read_bytes())
        data[HEADER_SIZE + 500] ^= 1
        path.write_bytes(data)
    error = refusal(volumes, tmp_path)
    assert isinstance(error, VolumeDamaged)
    assert "volume 1 of 4" in error.message
    assert "volume 3 of 4" in error.message
    assert "volume 2" not in error.message
    assert [bool(one.error) for one in check_volumes([str(path) for path in volumes])] == [
        True,
        False,
        True,
        False,
    ]


def test_every_bit_of_a_header_counts(volumes: list[Path]) -> None:
    header = volumes[1].read_bytes()[:HEADER_SIZE]
    assert parse_header(header).number == 2
    for at in range(HEADER_SIZE):
        mutant = bytearray(header)
        mutant[at] ^= 1 << at % 8
        with pytest.raises(VolumeDamaged):
            parse_header(bytes(mutant))


def test_a_mutated_volume_is_found_by_itself_and_when_joining(volumes: list[Path], tmp_path: Path) -> None:
    whole = volumes[3].read_bytes()
    for number in range(150):
        volumes[3].write_bytes(mutant(MUTATIONS[number % len(MUTATIONS)], str(number), whole))
        assert check_volumes([str(volumes[3])])[0].error
        assert isinstance(refusal(volumes, tmp_path), VolumeDamaged)


def test_other_files_are_no_volumes(made: MadeBundle, tmp_path: Path) -> None:
    assert isinstance(refusal([made.path], tmp_path), VolumeDamaged)
    assert isinstance(refusal([tmp_path], tmp_path), VolumesIncomplete)
    assert isinstance(refusal([tmp_path / "none"], tmp_path), BundleUnreadable)


def test_a_full_disk_leaves_neither_volumes_nor_a_bundle(
    made: MadeBundle, volumes: list[Path], tmp_path: Path
) -> None:
    with file_size_limit(30000):
        assert isinstance(refusal(volumes, tmp_path), FileNotWritten)
        with pytest.raises(WriteFailed):
            split_bundle(made.path, tmp_path / "more", 40000, Recorder())
    assert list((tmp_path / "more").iterdir()) == []


@pytest.mark.parametrize("at", [100, 600, 66000, -2000])
def test_a_damaged_bundle_is_not_split(made: MadeBundle, tmp_path: Path, at: int) -> None:
    data = bytearray(made.path.read_bytes())
    data[at] ^= 1
    (tmp_path / "bad").write_bytes(data)
    for bad in (bytes(data), bytes(data[:-512]), b"", b"no bundle" * 20000):
        (tmp_path / "bad").write_bytes(bad)
        with pytest.raises(BundleDamaged):
            split_bundle(tmp_path / "bad", tmp_path / "volumes", SIZE, Recorder())
    assert not (tmp_path / "volumes").exists()


def test_what_cannot_be_read_is_not_split(tmp_path: Path) -> None:
    with pytest.raises(BundleUnreadable):
        split_bundle(tmp_path, tmp_path / "volumes", SIZE, Recorder())


def test_volumes_may_be_neither_tiny_nor_too_many(made: MadeBundle, tmp_path: Path) -> None:
    with pytest.raises(OptionConflict, match="too small"):
        split_bundle(made.path, tmp_path, 2047, Recorder())
    assert list(tmp_path.iterdir()) == []


# --- sizes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 << 30),
        ("4 gib", 4 << 30),
        ("700MB", 700_000_000),
        ("4.7GB", 4_700_000_000),
        ("1.5KiB", 1536),
        ("650m", 650_000_000),
        ("2048", 2048),
        ("2048B", 2048),
    ],
)
def test_sizes_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "4 XB", "-1", "4GiBs", "0", "1e9", "0.0001B", "٤GiB", "9" * 20])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|byte"):
        parse_size(text)
