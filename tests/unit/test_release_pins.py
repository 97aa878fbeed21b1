"""What parity's own bundle carries is what pyproject.toml asks for: pinned, hashed, from anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.support.engine import ROOT

from parity.model.toml import parse

PINS = ROOT / "images/parity/requirements.txt"
PROJECT = parse((ROOT / "pyproject.toml").read_text())["project"]


def lines() -> list[str]:
    """Every line of the file, continued ones as one."""
    text = PINS.read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if not line.startswith("#")]


def pins() -> dict[str, list[Requirement]]:
    found: dict[str, list[Requirement]] = {}
    for line in lines():
        pin = Requirement(line.partition("--hash")[0].strip())
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def version(pin: Requirement) -> Version:
    (said,) = pin.specifier
    assert said.operator == "=="
    return Version(said.version)


def test_every_line_is_one_release_with_its_digests_and_no_address() -> None:
    assert "://" not in PINS.read_text()
    for line in lines():
        assert re.fullmatch(r"[a-z0-9._-]+==[^ ]+( ; [^-]+)?( +--hash=sha256:[0-9a-f]{64})+", line), line


def test_each_dependency_is_pinned_as_pyproject_allows() -> None:
    found = pins()
    for line in PROJECT["dependencies"]:
        asked = Requirement(line)
        own = found[canonicalize_name(asked.name)]
        assert all(asked.specifier.contains(version(pin)) for pin in own), asked


def test_what_the_dependencies_require_is_pinned_too() -> None:
    found = pins()
    for name in found:
        assert required(name) <= found.keys()


def required(name: str) -> set[str]:
    try:
        needs = metadata.requires(name) or ()
    except metadata.PackageNotFoundError:  # of another platform or Python
        return set()
    return set(_here(needs))


def _here(needs: list[str] | tuple[str, ...]) -> Iterator[str]:
    for need in map(Requirement, needs):
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            yield canonicalize_name(need.name)


def test_the_image_takes_these_pins() -> None:
    (recipe,) = re.findall(r"^image:.*?\n\n", Path(ROOT / "Makefile").read_text(), re.DOTALL | re.MULTILINE)
    assert "-r images/parity/requirements.txt" in recipe
