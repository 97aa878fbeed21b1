"""`parity doctor`, `image` and `cache` with the real engine, and every command where no engine answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.engine import IMAGES

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "DOCKER_CONTEXT": ""}


def test_doctor_says_what_is_there_and_a_remedy_for_what_is_not(parity: Parity) -> None:
    document = parity.run("doctor", "--json").document
    assert document["ready"] is True
    findings = {each["what"]: each for each in document["findings"]}
    wanted = {
        "engine",
        "API",
        "rights",
        "registry",
        "store",
        "limits",
        "emulation",
        "index",
        "CA bundle",
        "proxies",
        "output disk",
    }
    assert wanted <= set(findings)
    for each in document["findings"]:
        assert each["state"] in ("ok", "warning")
        assert (each["state"] == "ok") == (each["remedy"] == "")
    people = parity.run("doctor")
    assert people.code == 0
    assert findings["engine"]["found"] in people.stdout


def test_doctor_looks_at_a_profiles_indexes(parity: Parity) -> None:
    login = {"UV_INDEX_INTERNAL_PASSWORD": "canary-7"}
    done = parity.run("doctor", "private-debian12-py311", "--json", env=login)
    found = [each["found"] for each in done.document["findings"] if each["what"] == "index"]
    assert "internal: https://packages.example.org/simple/ with a login; acme-*" in found
    assert "canary-7" not in done.stdout + done.stderr


def test_doctor_looks_at_a_profiles_image_architecture_and_lock(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    def looked(name: str, **changes: Any) -> dict[str, Any]:
        profile = write_profile(tmp_path, name, **changes)
        found = parity.run("doctor", profile, "--json").document["findings"]
        return {each["what"]: each for each in found}

    well = looked("well")
    assert {well[what]["state"] for what in ("image", "architecture", "lock")} == {"ok"}
    assert "is here" in well["image"]["found"]
    assert "none yet" in well["lock"]["found"]
    (tmp_path / "pylock.ill.toml").write_text("lock-version = 7")
    ill = looked("ill")
    assert (ill["lock"]["state"], bool(ill["lock"]["remedy"])) == ("missing", True)
    assert str(tmp_path / "pylock.ill.toml") in ill["lock"]["found"]


def test_doctor_without_an_engine_is_not_ready(parity: Parity) -> None:
    done = parity.run("doctor", env=NO_ENGINE)
    assert done.code == 84
    assert "engine" in done.stdout
    assert "parity doctor" not in done.stdout + done.stderr
    document = parity.run("doctor", "--json", env=NO_ENGINE)
    assert document.code == 84
    assert document.document["ready"] is False


@pytest.mark.parametrize(
    "words", [("build", "demo", "--json"), ("image", "list", "--json"), ("cache", "info", "--json")]
)
def test_commands_without_an_engine_say_so_in_one_line(parity: Parity, words: tuple[str, ...]) -> None:
    done = parity.run(*words, env=NO_ENGINE)
    assert (done.code, done.error["kind"]) == (20, "EngineUnavailable")
    assert "\n" not in done.error["message"]
    assert "parity doctor" in done.error["remedy"]


def test_images_are_listed_and_found_again(parity: Parity, debian11: PinnedImage) -> None:
    rows = {row["name"]: row for row in parity.run("image", "list", "--json").document["images"]}
    assert rows["debian11-py39"]["id"] == debian11.id
    assert rows["debian11-py39"]["bootstraps"] is True
    assert set(rows) == {path.parent.name for path in IMAGES.glob("*/Dockerfile")}
    done = parity.run("image", "build", "debian11-py39", "--json")
    assert done.document["debian11-py39"] == {
        "id": debian11.id,
        "origin": "local",
        "platform": "linux/amd64",
    }
    assert parity.run("image", "build", "no-such-image", "--json").error["kind"] == "ImageUnavailable"


def test_the_cache_tells_what_it_holds_and_prunes_only_what_is_old(
    parity: Parity, small: dict[str, Any]
) -> None:
    done = parity.run("cache", "info", "--json")
    before = done.document["engine"]
    assert before["volume"] == "parity-store"
    assert before["wheels"] >= len(small["packages"])
    assert done.document["host"]["bytes"] > 10_000_000  # uv
    assert containers_left_by(done) == []
    assert parity.run("cache", "prune", "--days", "3650", "--json").document["wheels"] == 0
    again = parity.build("debian11-py39", Path(small["bundle"]).parent, "-r", _wanted(small)).bundle
    assert again["fetched"] == 0


def _wanted(small: dict[str, Any]) -> Path:
    return Path(small["bundle"]).parent / "small.txt"
