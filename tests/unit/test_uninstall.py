"""What was installed is taken away again, and nothing else, whatever a receipt or a RECORD says."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity
from tests.support.signed import Signed, successive
from tests.unit.test_install_releases import put, silent, tree, versions

from parity.farside.install.releases import installed, rollback
from parity.farside.install.uninstall import uninstall
from parity.portable.errors import InstallFailed, NothingInstalled, PrefixInUse
from parity.portable.treepaths import Refused, check_path


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Signed]:
    return successive(tmp_path_factory.mktemp("bundles"), {serial: {} for serial in (1, 2)})


@pytest.fixture
def prefix(bundles: list[Signed], tmp_path: Path) -> Path:
    """Two releases, the newer one current, and beside them what nobody may touch."""
    (tmp_path / "canary").write_text("mine")
    for bundle in bundles:
        put(bundle, tmp_path / "app")
    return tmp_path / "app"


def release(prefix: Path, current: bool = True) -> Path:
    rows = installed(str(prefix))["releases"]
    return Path(next(row["path"] for row in rows if row["current"] is current))


def remove(prefix: Path, wanted: str = "") -> Any:
    return uninstall(str(prefix), wanted, silent, confirmed=True)


def test_all_of_it_goes_and_the_prefix_with_it(prefix: Path) -> None:
    ids = [row["release"] for row in installed(str(prefix))["releases"]]
    found = remove(prefix)
    assert (found["removed"], found["left"]) == (ids, [])
    assert sorted(path.name for path in prefix.parent.iterdir()) == ["canary"]
    with pytest.raises(NothingInstalled):
        remove(prefix)


def test_a_path_too_deep_to_be_taken_away_is_refused_before(tmp_path: Path) -> None:
    for name in ("a/" * 100, "a/" * 1400):
        with pytest.raises(Refused, match="folders"):
            check_path(name + "x")
    check_path("a/" * 99 + "x")


def test_without_consent_it_is_only_said_what_would_go(prefix: Path) -> None:
    before, said = tree(prefix), list[str]()
    (release(prefix) / "mine.txt").write_text("notes")
    with pytest.raises(InstallFailed, match="not confirmed") as caught:
        uninstall(str(prefix), "", said.append, confirmed=False)
    assert "--yes" in caught.value.remedy
    assert any("mine.txt" in line for line in said)
    assert any("serial 2 of demo" in line for line in said)
    assert tree(prefix).items() >= before.items()


def test_one_release_goes_without_a_word_of_forgetting(prefix: Path) -> None:
    said = list[str]()
    uninstall(str(prefix), release(prefix, current=False).name, said.append, confirmed=True)
    assert not any("forgotten" in line for line in said)


def test_another_product_is_let_in_by_its_word_alone_and_the_record_keeps_that(
    prefix: Path, tmp_path: Path
) -> None:
    (bundle,) = successive(tmp_path / "other", {1: {"product": "other"}})
    before = tree(prefix)
    with pytest.raises(PrefixInUse, match="this is other"):
        put(bundle, prefix)
    assert tree(prefix).items() >= before.items()
    assert put(bundle, prefix, allow_other_product=True)["switched"]
    act: Any = installed(str(prefix))["acts"][-1]
    (override,) = act["overrides"]
    assert override.startswith("allow-other-product: ")


def test_one_release_goes_and_its_serial_is_remembered(prefix: Path) -> None:
    old = release(prefix, current=False).name
    assert remove(prefix, old[:6])["removed"] == [old]
    assert versions(prefix) == [("2.0", True)]
    assert installed(str(prefix))["acts"][-1]["act"] == "uninstall"
    with pytest.raises(NothingInstalled):
        rollback(str(prefix), "", imports=False, say=silent)


def test_the_current_release_alone_is_not_taken_away(prefix: Path) -> None:
    with pytest.raises(PrefixInUse, match="current") as caught:
        remove(prefix, release(prefix).name)
    assert "roll back first" in caught.value.remedy
    assert len(versions(prefix)) == 2


def test_what_others_put_there_is_kept_and_listed_and_survives_the_next_installation(
    prefix: Path, bundles: list[Signed]
) -> None:
    place = release(prefix)
    site = next(place.glob("lib/*/site-packages"))
    own = ["notes.txt", f"{site.relative_to(place)}/mine.py", f"{site.relative_to(place)}/alpha/data.csv"]
    for name in own:
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text("mine")
    (site / "mine-1.0.dist-info").mkdir()
    (site / "mine-1.0.dist-info" / "RECORD").write_text("mine.py,,\n")
    (place / "link").symlink_to(prefix.parent / "canary")
    found = remove(prefix)
    kept = Path(f"{place}.left")
    record = f"{site.relative_to(place)}/mine-1.0.dist-info/RECORD"
    assert sorted(found["left"]) == sorted(str(kept / name) for name in (*own, record, "link"))
    assert sorted(tree(kept)) == sorted([*own, record])
    assert not (prefix / "current").exists()
    put(bundles[1], prefix)
    assert sorted(tree(kept)) == sorted([*own, record])
    (release(prefix) / "notes.txt").write_text("more")
    with pytest.raises(PrefixInUse, match="already"):
        remove(prefix)


def test_what_runs_from_it_is_not_taken_away(prefix: Path) -> None:
    python = prefix / "current" / "bin" / "python"
    with subprocess.Popen([python, "-c", "print('on', flush=True); input()"], stdin=-1, stdout=-1) as running:
        assert running.stdout is not None
        running.stdout.readline()
        with pytest.raises(PrefixInUse, match=str(running.pid)):
            remove(prefix)
        assert len(versions(prefix)) == 2
        running.communicate(b"\n")
    assert len(remove(prefix)["removed"]) == 2


def receipt_says(**said: Any) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        path = place / "parity-receipt.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **said}))

    return change


def record_says(line: str) -> Callable[[Path], None]:
    def change(place: Path) -> None:
        record = next(place.glob("lib/*/site-packages/alpha*.dist-info/RECORD"))
        record.write_text(record.read_text() + line)

    return change


def linked(place: Path) -> None:
    """A folder that leads out, with names in it that RECORD has."""
    site = next(place.glob("lib/*/site-packages"))
    (site / "alpha.py").unlink(missing_ok=True)
    (site / "more").symlink_to(place.parents[2])
    record_says("more/canary,,\n")(place)


def file_row(path: str) -> dict[str, Any]:
    digest = hashlib.sha256(b"mine").hexdigest()
    return {"path": path, "size": 4, "sha256": digest, "executable": False}


HOSTILE: dict[str, Callable[[Path], None]] = {
    "files above": receipt_says(
        files=[file_row("../../../canary"), file_row("/etc/passwd"), 7, {"path": []}]
    ),
    "files are no list": receipt_says(files={"path": "../../../canary"}),
    "place elsewhere": receipt_says(place="/", release="../.."),
    "packages with paths": receipt_says(packages=[{"name": "../../..", "version": "/", "size": None}]),
    "record above": record_says("../../../../../../canary,,\n" * 3),
    "record absolute": record_says('/etc/passwd,,\n"/etc/hosts",,\n'),
    "record of nothing": record_says('\0,,\n"\n,\n' + "x" * 70000 + ",,\n"),
    "a link in the release": linked,
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_word_of_a_receipt_or_record_leads_elsewhere(prefix: Path, change: Callable[[Path], None]) -> None:
    change(release(prefix))
    beside = prefix.parent
    before = {
        path: path.read_bytes() for path in (beside / "canary", Path("/etc/passwd"), Path("/etc/hosts"))
    }
    with suppress(InstallFailed, PrefixInUse):
        remove(prefix)
    assert {path: path.read_bytes() for path in before} == before


def unreadable(place: Path) -> None:
    (place / "parity-receipt.json").write_text("{")


def renamed(place: Path) -> None:
    place.rename(place.parent / "backup")


def beside(place: Path) -> None:
    (place.parents[1] / "notes.txt").write_text("mine")


@pytest.mark.parametrize("change", [unreadable, renamed, beside])
def test_what_is_not_ours_is_refused_whole(prefix: Path, change: Callable[[Path], None]) -> None:
    change(release(prefix, current=False))
    before = tree(prefix)
    with pytest.raises(PrefixInUse, match="not ours"):
        remove(prefix)
    assert tree(prefix) == before


@pytest.mark.parametrize("name", ["releases", "current", ".parity-prefix"])
def test_what_only_bears_our_names_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    (tmp_path / "app").mkdir()
    if name != ".parity-prefix":
        (tmp_path / "app" / ".parity-prefix").write_text("")
    (tmp_path / "app" / name).symlink_to(tmp_path / "other")
    with pytest.raises((PrefixInUse, NothingInstalled)):
        remove(tmp_path / "app")
    assert (tmp_path / "other" / "file").read_text() == "mine"


def test_both_sides_have_the_word(prefix: Path, bundles: list[Signed], tmp_path: Path) -> None:
    parity = Parity(tmp_path)
    asked = parity.run("uninstall", "--prefix", prefix)
    assert asked.code == InstallFailed.exit_code
    assert "--yes" in asked.stderr
    place = bundles[0].unpack(tmp_path / "unpacked")
    old = release(prefix, current=False).name
    words = [
        sys.executable,
        str(place / "install.py"),
        "uninstall",
        "--prefix",
        str(prefix),
        "--json",
        "--yes",
    ]
    done = subprocess.run([*words, "--release", old], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["removed"] == [old]
    assert len(parity.run("uninstall", "--prefix", prefix, "--yes", "--json").document["removed"]) == 1
    assert not prefix.exists()
