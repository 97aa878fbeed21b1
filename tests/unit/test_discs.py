"""Discs of whole files: each checkable with stock tools, together the bundle again, or a reason why not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.support.bundles import MadeBundle, file_size_limit, make_bundle
from tests.support.recorder import Recorder
from typer.testing import CliRunner

from parity.cli.app import app
from parity.errors import OptionConflict, WriteFailed
from parity.farside.index.catalogue import open_catalogue
from parity.farside.index.static import write_index
from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.portable.errors import FarsideError, VolumeDamaged, VolumesIncomplete
from parity.portable.transfer.discs import SUFFIX
from parity.portable.transfer.join_discs import check_discs, find_discs, join_discs
from parity.volumes import split_whole

WHEELS = {f"pack{number}-1.0-py3-none-any.whl": bytes([number]) * 40_000 for number in range(5)}
SIZE = 190_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"), wheels=WHEELS)


@pytest.fixture
def discs(made: MadeBundle, tmp_path: Path) -> list[Path]:
    """The bundle on three discs."""
    split = split_whole(made.path, tmp_path / "media", SIZE, Recorder())
    assert len(split.discs) == 3
    return [path for path, _, _ in split.discs]


def joined(paths: Sequence[Path], out: Path) -> bytes:
    join_discs(find_discs([str(path) for path in paths]), str(out))
    return out.read_bytes()


def refusal(paths: Sequence[Path], folder: Path) -> FarsideError:
    """How joining is refused; nothing is written then, and what was there stays."""
    out = folder / "out"
    out.mkdir()
    (out / "kept.tar").write_bytes(b"what was there before")
    with pytest.raises(FarsideError) as caught:
        joined(paths, out / "kept.tar")
    assert [path.name for path in out.iterdir()] == ["kept.tar"]
    assert (out / "kept.tar").read_bytes() == b"what was there before"
    return caught.value


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plant_link(path: Path) -> None:
    path.symlink_to("/nowhere")


def plant_file(path: Path) -> None:
    path.write_bytes(b"")


def plant_other_users_folder(path: Path) -> None:
    path.mkdir()
    (path / "held").write_bytes(b"")
    path.chmod(0)
    os.chown(path, 65532, 65532)


@pytest.mark.parametrize("plant", [plant_link, plant_file, plant_other_users_folder])
def test_what_somebody_planted_beside_discs_or_an_index_is_in_nobodys_way(
    made: MadeBundle, tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    plant(media / f".{made.path.name}{SUFFIX}.0123456789abcdef.tmp")
    plant(media / ".site.0123456789abcdef.tmp")
    assert split_whole(made.path, media, SIZE, Recorder()).discs
    with open_catalogue([], lambda *_: ("k" * 64,)) as catalogue:
        write_index(catalogue, str(media / "site"))
    assert (media / "site" / "simple").is_dir()


# --- there and back ---------------------------------------------------------------------------------------


def test_discs_in_any_order_give_the_bundle(made: MadeBundle, discs: list[Path], tmp_path: Path) -> None:
    assert joined(discs[::-1], tmp_path / "a.tar") == made.path.read_bytes()
    assert joined([tmp_path / "media"], tmp_path / "b.tar") == made.path.read_bytes()
    everything = tmp_path / "everything"
    for disc in discs:
        shutil.copytree(disc, everything, dirs_exist_ok=True)
    assert joined([everything], tmp_path / "c.tar") == made.path.read_bytes()


def test_stock_tools_check_each_disc_and_put_the_unpacked_bundle_together(
    made: MadeBundle, discs: list[Path], tmp_path: Path
) -> None:
    for number, disc in enumerate(discs, 1):
        done = subprocess.run(
            ["sha256sum", "-c", "--strict", f"SHA256SUMS.{number}-of-3"],
            cwd=disc,
            capture_output=True,
            check=True,
        )
        # All of the disc but the list itself.
        assert done.stdout.count(b": OK") == len(tree(disc)) - 1
        subprocess.run(["cp", "-R", disc / "parity-bundle", tmp_path], check=True)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "xf", made.path, "-C", unpacked], check=True)
    assert tree(tmp_path / "parity-bundle") == tree(unpacked / "parity-bundle")


def test_no_disc_has_more_than_was_asked_for_and_no_file_is_cut(made: MadeBundle, discs: list[Path]) -> None:
    for disc in discs:
        files = [path.stat().st_size for path in disc.rglob("*") if path.is_file()]
        folders = [path for path in disc.rglob("*") if path.is_dir()]
        assert sum(-(-size // 4096) * 4096 for size in files) + 4096 * len(folders) <= SIZE
    names = {path.name for disc in discs for path in (disc / "parity-bundle/wheels").iterdir()}
    assert names == set(WHEELS)


def test_the_same_bundle_gives_the_same_discs(made: MadeBundle, discs: list[Path], tmp_path: Path) -> None:
    split_whole(made.path, tmp_path / "again", SIZE, Recorder())
    assert tree(tmp_path / "again") == tree(tmp_path / "media")


# --- what is refused --------------------------------------------------------------------------------------


def test_a_file_that_fits_on_no_disc_is_named(made: MadeBundle, tmp_path: Path) -> None:
    with pytest.raises(
        OptionConflict, match=r"wheels/pack0-1\.0-py3-none-any\.whl has 40000 bytes"
    ) as caught:
        split_whole(made.path, tmp_path / "media", 120_000, Recorder())
    assert "without" in (caught.value.remedy or "") or "leave out --whole-files" in (
        caught.value.remedy or ""
    )
    assert not (tmp_path / "media").exists()


def test_a_disc_that_is_missing_is_told_by_its_number(discs: list[Path], tmp_path: Path) -> None:
    error = refusal([discs[0], discs[2]], tmp_path)
    assert isinstance(error, VolumesIncomplete)
    assert "of 3 discs these are missing: 2" in error.message


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def wheel_of(disc: Path) -> Path:
    return next((disc / "parity-bundle" / "wheels").iterdir())


def grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def linked(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


@pytest.mark.parametrize("harm", [flipped, grown, linked, Path.unlink])
def test_a_file_that_was_touched_is_named_with_its_disc(
    discs: list[Path], tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    wheel = wheel_of(discs[1])
    harm(wheel)
    (checked,) = check_discs(find_discs([str(discs[1])]))
    assert wheel.name in checked.error
    assert [one.error for one in check_discs(find_discs([str(discs[0])]))] == [""]
    error = refusal(discs, tmp_path)
    assert isinstance(error, VolumeDamaged)
    assert wheel.name in error.message
    assert "disc-2-of-3" in error.message or "disc 2" in error.message


def test_a_manifest_that_one_disc_has_damaged_is_taken_from_another(
    made: MadeBundle, discs: list[Path], tmp_path: Path
) -> None:
    flipped(discs[0] / "parity-bundle" / "manifest.json")
    assert check_discs(find_discs([str(discs[0])]))[0].error
    assert joined(discs, tmp_path / "a.tar") == made.path.read_bytes()
    for disc in discs[1:]:
        flipped(disc / "parity-bundle" / "parity-envelope.json")
    assert "no disc has the manifest" in refusal(discs, tmp_path).message


def test_a_signature_that_one_disc_has_damaged_is_taken_from_another(
    made: MadeBundle, discs: list[Path], tmp_path: Path
) -> None:
    """It is no part of the payload, so no digest that is signed tells of it."""
    envelope = discs[0] / "parity-bundle" / "parity-envelope.json"
    text = envelope.read_text()
    place = text.index('"sig":"') + 20
    envelope.write_text(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])
    assert "envelope" in check_discs(find_discs([str(discs[0])]))[0].error
    assert joined(discs, tmp_path / "a.tar") == made.path.read_bytes()


def test_discs_of_two_bundles_are_told_apart(discs: list[Path], tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other", wheels={**WHEELS, "pack0-1.0-py3-none-any.whl": b"n" * 40_000})
    second = split_whole(other.path, tmp_path / "second", SIZE, Recorder())
    error = refusal([*discs[:2], second.discs[2][0]], tmp_path)
    assert isinstance(error, VolumesIncomplete)
    assert "several bundles" in error.message


@pytest.mark.parametrize(
    "change",
    [
        {"number": 4},
        {"number": 0},
        {"count": 2},
        {"count": 10**30},
        {"format": "parity-disc/2"},
        {"bundle": {"name": "../web.tar", "payload": "0" * 64, "head": "0" * 64}},
        {"bundle": {"name": "-rf", "payload": "0" * 64, "head": "0" * 64}},
        {"discs": []},
        {"discs": [["a"], "b", ["c"]]},
        {"more": 1},
    ],
)
def test_what_a_disc_says_of_itself_is_held_to_its_shape(
    discs: list[Path], tmp_path: Path, change: dict[str, object]
) -> None:
    file = discs[0] / "disc.1-of-3.json"
    document = {**json.loads(file.read_text()), **change}
    file.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
    assert isinstance(refusal(discs, tmp_path), VolumeDamaged)


def test_paths_that_a_disc_makes_up_lead_nowhere(discs: list[Path], made: MadeBundle, tmp_path: Path) -> None:
    """They only say which disc is missing; files are looked for by the signed manifest."""
    for disc in discs:
        (file,) = disc.glob("disc.*.json")
        document = json.loads(file.read_text())
        document["discs"] = [["../../etc/passwd"], [], []]
        file.write_text(json.dumps(document, sort_keys=True, separators=(",", ":")) + "\n")
    assert joined(discs, tmp_path / "a.tar") == made.path.read_bytes()
    assert "which the bundle has not" in check_discs(find_discs([str(discs[0])]))[0].error


# --- whole or not at all ----------------------------------------------------------------------------------


def test_a_full_disk_leaves_no_disc(made: MadeBundle, tmp_path: Path) -> None:
    with file_size_limit(20_000), pytest.raises(WriteFailed):
        split_whole(made.path, tmp_path / "media", SIZE, Recorder())
    assert list((tmp_path / "media").iterdir()) == []


def test_a_full_disk_while_joining_is_not_blamed_on_a_disc(discs: list[Path], tmp_path: Path) -> None:
    with file_size_limit(100_000), pytest.raises(FarsideError) as caught:
        joined(discs, tmp_path / "a.tar")
    assert type(caught.value).__name__ == "FileNotWritten"
    assert not (tmp_path / "a.tar").exists()


def test_what_a_killed_run_left_is_swept_and_a_finished_set_is_never_replaced(
    made: MadeBundle, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    name = "demo-1.0-debian11-py39.parity.tar.discs"
    left = media / f".{name}.0123456789abcdef.tmp" / "disc-1-of-3"
    left.mkdir(parents=True)
    split_whole(made.path, media, SIZE, Recorder())
    assert [path.name for path in media.iterdir()] == [name]
    with pytest.raises(OptionConflict, match="already"):
        split_whole(made.path, media, SIZE, Recorder())


# --- commands ---------------------------------------------------------------------------------------------


def test_the_commands_split_check_and_join_and_the_single_file_joins(
    made: MadeBundle, tmp_path: Path
) -> None:
    words = [
        "split",
        str(made.path),
        "--whole-files",
        "--size",
        str(SIZE),
        "-o",
        str(tmp_path / "media"),
        "--json",
    ]
    told = json.loads(CliRunner().invoke(app, words).stdout)
    assert [each["number"] for each in told["discs"]] == [1, 2, 3]
    assert told["payload_sha256"] == made.built.payload_sha256
    checked = CliRunner().invoke(app, ["join", "--check", told["discs"][0]["path"], "--json"])
    assert (checked.exit_code, json.loads(checked.stdout)["ok"]) == (0, True)
    wheel = Path(told["discs"][1]["path"]) / "parity-bundle"
    near = CliRunner().invoke(app, ["join", told["folder"], "-o", str(tmp_path / "near.tar"), "--json"])
    assert json.loads(near.stdout)["discs"] == 3
    single = tmp_path / NAME
    single.write_text(single_file())
    far = [sys.executable, str(single), "join", *(each["path"] for each in told["discs"]), "-o"]
    subprocess.run([*far, str(tmp_path / "far.tar")], check=True, capture_output=True)
    for each in ("near.tar", "far.tar"):
        assert (tmp_path / each).read_bytes() == made.path.read_bytes()
        with open_bundle(str(tmp_path / each)) as file:
            assert verify_bundle(file, made.check)
    shutil.rmtree(wheel)
    bad = CliRunner().invoke(app, ["join", "--check", told["folder"], "--json"])
    assert bad.exit_code == VolumeDamaged.exit_code
    assert [each["ok"] for each in json.loads(bad.stdout)["volumes"]] == [True, False, True]
