"""A file or folder of parity's that a command does not take is called what it is, with what to do with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.support.bundles import MadeBundle, make_bundle
from tests.support.recorder import Recorder
from typer.testing import CliRunner

from parity.cli.app import app
from parity.portable.bundle.reader import open_bundle, read_unverified, verify_bundle
from parity.portable.errors import BundleUnreadable, DeltaDamaged, FileNotWritten, VolumeDamaged
from parity.portable.transfer.join import check_volumes, find_volumes, join_volumes
from parity.portable.transfer.patch import patch_bundle
from parity.update import write_delta
from parity.volumes import split_bundle, split_whole


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def parts(made: MadeBundle, tmp_path: Path) -> dict[str, Path]:
    delta = tmp_path / "d.delta"
    write_delta(made.path, made.path, delta, made.check, Recorder())
    volume = split_bundle(made.path, tmp_path / "media", 1 << 20, Recorder()).volumes[0][0]
    return {"a delta": delta, "a volume": volume}


@pytest.mark.parametrize(("what", "remedy"), [("a delta", "parity patch"), ("a volume", "parity join")])
def test_what_crosses_in_the_place_of_a_bundle_is_not_called_damaged(
    made: MadeBundle, parts: dict[str, Path], what: str, remedy: str
) -> None:
    with open_bundle(str(parts[what])) as file:
        for reads in (read_unverified, lambda file: verify_bundle(file, made.check)):
            with pytest.raises(BundleUnreadable, match=f"this is {what}") as caught:
                reads(file)
            assert remedy in caught.value.remedy


def test_a_bundle_is_no_volume_and_no_delta(made: MadeBundle, parts: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(VolumeDamaged, match="it is a bundle"):
        join_volumes(find_volumes([str(made.path)]), str(tmp_path / "joined"))
    assert "it is a delta" in check_volumes([str(parts["a delta"])])[0].error
    with pytest.raises(DeltaDamaged, match="this is a bundle") as caught:  # the words turned round
        patch_bundle([str(parts["a delta"])], str(made.path), str(tmp_path / "new"), made.check)
    assert "name the delta last" in caught.value.remedy


def test_a_folder_is_called_what_it_is(made: MadeBundle, tmp_path: Path) -> None:
    disc = split_whole(made.path, tmp_path / "media", 1 << 24, Recorder()).discs[0][0]
    for folder, words, remedy in (
        (disc / "parity-bundle", "an unpacked bundle", "verify"),
        (disc, "or a disc", "parity join"),
        (tmp_path, "no bundle", "name a"),
    ):
        with pytest.raises(BundleUnreadable, match=words) as caught, open_bundle(str(folder)):
            pass
        assert remedy in caught.value.remedy


def test_nothing_takes_the_place_of_what_it_is_made_from(
    made: MadeBundle, parts: dict[str, Path], tmp_path: Path
) -> None:
    delta, volume, link = parts["a delta"], parts["a volume"], tmp_path / "link"
    before = delta.read_bytes(), volume.read_bytes(), made.path.read_bytes()
    link.hardlink_to(delta)
    for place in (delta, link):
        with pytest.raises(FileNotWritten, match="what is read"):
            patch_bundle([str(made.path)], str(delta), str(place), made.check)
    with pytest.raises(FileNotWritten, match="what is read"):
        join_volumes(find_volumes([str(volume)]), str(volume))
    again = tmp_path / "again.parity.tar"
    shutil.copy(made.path, again)
    for words in ([made.path, again, "-o", again], [made.path, "--have", again, "-o", again]):
        done = CliRunner().invoke(app, ["delta", "--unverified", *map(str, words)])
        assert isinstance(done.exception, FileNotWritten), done.output
    assert (delta.read_bytes(), volume.read_bytes(), again.read_bytes()) == before
