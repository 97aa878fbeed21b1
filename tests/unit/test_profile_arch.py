"""Another architecture of a profile's target, named in the call instead of in a second file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parity.errors import ProfileError
from parity.profile import Overrides, load_profile

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "profiles").glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_target_is_one_of_another_architecture_too(name: str) -> None:
    profile = load_profile(name, overrides=Overrides(arch="aarch64"))
    # Lock and bundle are called after the profile, and those of two architectures are two.
    assert (profile.target.arch, profile.name) == ("aarch64", f"{name}-aarch64")
    assert json.loads(profile.document)["target"]["arch"] == "aarch64"
    own = load_profile(name, overrides=Overrides(arch="x86_64"))
    assert own.document == load_profile(name).document


def test_an_architecture_that_is_none_is_refused_with_what_was_meant() -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile("debian11-py39", overrides=Overrides(arch="arm64"))
    assert "aarch64" in str(caught.value.details)
