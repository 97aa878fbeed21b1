"""The installers are one closed list: profile, manifest and the far side know the same ones."""

from __future__ import annotations

import json

import pytest

from parity.farside.install.installers import TOOLS
from parity.portable.installers.registry import INSTALLERS
from parity.profile import schema_text


def test_the_profiles_choices_are_the_installers() -> None:
    assert json.loads(schema_text())["properties"]["installer"]["enum"] == list(INSTALLERS)


def test_each_installer_has_its_tool_on_the_far_side() -> None:
    assert list(TOOLS) == list(INSTALLERS)


@pytest.mark.parametrize(
    ("name", "pip", "tags", "accepted"),
    [
        ("uv", "20.3", ("py3-none-any",), None),
        ("pip", "20.3", ("py3-none-any",), ("pip 20.3", ("py3-none-any",))),
        ("pip", "9.0.3", None, None),
    ],
)
def test_only_a_pip_that_installs_and_can_be_asked_limits_the_wheels(
    name: str, pip: str, tags: tuple[str, ...] | None, accepted: object
) -> None:
    assert INSTALLERS[name].accepted(pip, tags) == accepted
