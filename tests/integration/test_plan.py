"""`parity lock` and `parity plan` on the real engine: what they say is what a build then does."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.support.cli import Done, Parity, containers_left_by, write_profile
from tests.support.index import PackageIndex, tiny_wheel

pytestmark = pytest.mark.engine


def one(done: Done, key: str) -> dict[str, Any]:
    """The one profile's document of a command that went well."""
    assert done.code == 0, done.stdout + done.stderr
    assert containers_left_by(done) == []
    (found,) = done.document[key]
    return dict(found)


def versions(document: dict[str, Any]) -> dict[str, str]:
    return {package["name"]: package["version"] for package in document["packages"]}


@pytest.mark.long
def test_a_lock_is_brought_up_to_date_alone_and_by_name(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    for name in ("alpha", "beta"):
        tiny_wheel(index.wheels, name, "1.0")
    profile = write_profile(tmp_path, "alone", requirements=["alpha", "beta"], index={"url": index.url})
    file = tmp_path / "pylock.toml"
    words = ("lock", profile, "--lock", file, "--json")

    missing = parity.run(*words, "--locked")
    assert missing.code == 43, missing.stdout
    assert not file.exists()

    first = one(parity.run(*words), "locks")
    assert (first["changes"]["new_lock"], versions(first)) == (True, {"alpha": "1.0", "beta": "1.0"})
    assert list(tmp_path.glob("**/*.tar")) == []
    before = file.read_bytes()
    for name in ("alpha", "beta"):
        tiny_wheel(index.wheels, name, "2.0")
    assert one(parity.run(*words, "--locked"), "locks")["changed"] is False
    assert file.read_bytes() == before

    by_name = one(parity.run(*words, "-P", "Beta"), "locks")
    assert versions(by_name) == {"alpha": "1.0", "beta": "2.0"}
    assert by_name["changes"]["changed"] == [{"name": "beta", "old": "1.0", "new": "2.0", "kind": "upgrade"}]

    told = parity.run(*words[:-1], "--upgrade")
    assert "~  alpha  1.0 → 2.0" in told.stdout


def test_a_plan_tells_what_a_build_would_do_and_keeps_nothing(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    own = f"never-{uuid4().hex}; python_version < '3'"  # so that no store has these bytes already
    tiny_wheel(index.wheels, "alpha", "1.0", requires=["beta>=1", own])
    tiny_wheel(index.wheels, "beta", "1.0", requires=[own])
    profile = write_profile(tmp_path, "planned", requirements=["alpha"], index={"url": index.url})
    file = tmp_path / "pylock.toml"
    words = ("plan", profile, "--lock", file, "--json")

    new = parity.run(*words, "--exit-code")
    assert new.code == 43
    (document,) = new.document["plans"]
    assert (document["would_change"], document["fetch"]["wheels"], document["fetch"]["in_store"]) == (
        True,
        2,
        0,
    )
    assert not file.exists()
    (again,) = parity.run(*words).document["plans"]
    assert again["fetch"]["in_store"] == 0, "a plan brings nothing into the store"

    built = parity.build(profile, tmp_path, "--lock", file).bundle
    assert versions(built) == versions(document)
    same = one(parity.run(*words, "--exit-code"), "plans")
    assert (same["would_change"], same["fetch"]["wheels"], same["look_at"]) == (False, 0, [])
    assert {package["tag"] for package in same["packages"]} == {"py3-none-any"}

    index.marks["beta-1.0-py3-none-any.whl"] = 'data-yanked="it eats &lt;disks&gt;"'
    tiny_wheel(index.wheels, "alpha", "1.1", requires=["beta>=1", "gamma"])
    tiny_wheel(index.wheels, "gamma", "3.0")
    before = file.read_bytes()
    told = parity.run(*words[:-1], "-P", "alpha", "--format", "markdown")
    assert told.code == 0, told.stderr
    assert "**yanked** beta: beta 1.0 was yanked by its authors: it eats \\<disks\\>" in told.stdout
    assert "| \\~ | alpha | 1.0 → 1.1 |" in told.stdout
    assert "| + | gamma | 3.0 |" in told.stdout
    assert file.read_bytes() == before


@pytest.mark.long
def test_who_requires_whom_and_who_holds_what_back(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0", requires=["beta<2; python_version < '3.10'"])
    tiny_wheel(index.wheels, "beta", "1.0")
    profile = write_profile(tmp_path, "graph", requirements=["alpha"], index={"url": index.url})
    words = (profile, "--lock", tmp_path / "pylock.toml")
    one(parity.run("lock", *words, "--json"), "locks")
    for version in ("1.5", "2.0"):
        tiny_wheel(index.wheels, "beta", version)

    tree = parity.run("tree", *words)
    assert tree.stdout.splitlines() == [
        "alpha 1.0",
        '└── beta 1.0 (<2; since python_version < "3.10")',
    ]
    why = one(parity.run("why", "beta", *words, "--json"), "graphs")
    assert [need["by"] for package in why["packages"] for need in package["required_by"]] == ["alpha"]
    assert parity.run("why", "gamma", *words).code == 12
    # The lock by itself: its name tells the target, and what is asked for by now does not matter.
    (tmp_path / "pylock.web-debian11-py39.toml").write_bytes((tmp_path / "pylock.toml").read_bytes())
    assert parity.run("tree", "pylock.web-debian11-py39.toml", cwd=tmp_path).stdout == tree.stdout
    assert parity.run("tree", "pylock.toml", cwd=tmp_path).code == 12

    found = one(parity.run("outdated", *words, "--json"), "outdated")
    assert found["outdated"] == [
        {
            "name": "beta",
            "version": "1.0",
            "upgraded": "1.5",
            "newest": "2.0",
            "source_only": False,
            "holders": [{"by": "alpha", "specifier": "<2"}],
        }
    ]
    assert versions(one(parity.run("lock", *words, "--json"), "locks")) == {"alpha": "1.0", "beta": "1.0"}
