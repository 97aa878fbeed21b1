"""Several profiles in one call: side by side, one failing does not stop the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

DEBIAN = ("debian11-py39", "debian12-py311", "debian13-py313")


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    """Two packages, one of them with native code for each Python."""
    path = tmp_path / "two.txt"
    path.write_text("markupsafe\nidna\n")
    return path


def test_three_targets_and_one_that_is_none(
    parity: Parity,
    debian11: PinnedImage,
    debian12: PinnedImage,
    debian13: PinnedImage,
    wanted: Path,
    tmp_path: Path,
) -> None:
    targets = [write_profile(tmp_path, f"on-{name}", extends=name) for name in DEBIAN]
    wrong = write_profile(tmp_path, "wrong", target={"libc": "glibc 2.17"})
    out = tmp_path / "out"
    done = parity.run("build", *targets, wrong, "-r", wanted, "-o", out, "--json")
    assert done.code == 83
    bundles: dict[str, Any] = {each["profile"]: each for each in done.document["bundles"]}
    assert list(bundles) == [*(f"on-{name}" for name in DEBIAN), "wrong"]
    assert bundles["wrong"]["ok"] is False
    assert bundles["wrong"]["error"]["exit_code"] == 30
    written = sorted(path.name for path in out.iterdir())
    assert written == sorted(Path(bundles[f"on-{name}"]["bundle"]).name for name in DEBIAN)
    for name, python in zip(DEBIAN, ("cp39", "cp311", "cp313"), strict=True):
        bundle = bundles[f"on-{name}"]
        assert bundle["ok"]
        assert bundle["product"] == "two"
        (native,) = (each for each in bundle["packages"] if each["name"] == "markupsafe")
        assert f"-{python}-{python}-" in native["wheel"]
        assert (tmp_path / f"pylock.two-on-{name}.toml").exists()
    assert containers_left_by(done) == []

    # Again, as a person sees it: the good ones' summaries on stdout, the bad one's reasons on stderr.
    again = parity.run("build", targets[0], wrong, "-r", wanted, "-o", out)
    assert again.code == 83
    assert "on-debian11-py39 is ready to carry" in again.stdout
    assert "error: wrong: the image does not match" in again.stderr
    assert "1 of 2 profiles failed: wrong" in again.stderr


def test_all_well_is_exit_code_zero_and_one_document(
    parity: Parity, debian11: PinnedImage, debian12: PinnedImage, wanted: Path, tmp_path: Path
) -> None:
    profiles = [write_profile(tmp_path, f"well-{name}", extends=name) for name in DEBIAN[:2]]
    done = parity.run("build", *profiles, "-r", wanted, "-o", tmp_path, "--json")
    assert done.code == 0
    # Progress stays on stderr, so that a log of CI shows it.
    assert "well-debian11-py39: done in " in done.stderr
    assert "error" not in done.stderr
    assert [each["ok"] for each in done.document["bundles"]] == [True, True]
    digests = {each["payload_sha256"] for each in done.document["bundles"]}
    assert len(digests) == 2


def test_what_cannot_go_together_is_refused_before_anything_starts(
    parity: Parity, wanted: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    twins = [write_profile(folder, "twin") for folder in (tmp_path, here)]
    same = parity.run("build", *twins, "-r", wanted, "-o", tmp_path, "--json")
    assert (same.code, same.error["kind"]) == (13, "OptionConflict")
    one_lock = parity.run("build", *DEBIAN, "--lock", tmp_path / "pylock.toml", "--json")
    assert one_lock.error["kind"] == "OptionConflict"
    both = parity.run("build", DEBIAN[0], "--locked", "--upgrade", "--json")
    assert both.error["kind"] == "OptionConflict"
    assert "profile" in parity.run("build", "no-such-profile", "--json").error["message"]
