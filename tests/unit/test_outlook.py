"""Where a profile's image would come from, told without pulling or making anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from parity.engine import ImageInfo
from parity.images import ImageMaker
from parity.images.outlook import image_outlook
from parity.model import ImageSource
from parity.progress import Silent


class Here:
    """An engine that has these images, and a machine that can bootstrap nothing."""

    arch, is_root = "x86_64", False

    def __init__(self, registry: str = "no route", **images: str) -> None:
        self._registry = registry
        self._images = images

    def image(self, reference: str) -> ImageInfo | None:
        found = self._images.get(reference)
        return ImageInfo("sha256:0", (), found, 0) if found else None

    def registry_problem(self, reference: str) -> str:
        return self._registry

    def find(self, program: str) -> str | None:
        return None


def outlook(here: Here, reference: str | None = None, folder: Path | None = None) -> tuple[bool, str]:
    maker = ImageMaker(cast(Any, here), cast(Any, here), Silent())
    found = image_outlook(ImageSource(reference, folder), "x86_64", maker)
    return found.good, found.told


@pytest.mark.parametrize(
    ("here", "good", "told"),
    [
        (Here(app="linux/amd64"), True, "app is here"),
        (Here(""), True, "app will be pulled"),
        (Here("no route"), False, "app cannot be pulled: no route"),
        (
            Here(app="linux/arm64"),
            False,
            "app is here for linux/arm64, not linux/amd64; app cannot be pulled",
        ),
    ],
)
def test_an_image_with_a_name(here: Here, good: bool, told: str) -> None:
    found = outlook(here, "app")
    assert found[0] is good
    assert found[1].startswith(told)


@pytest.mark.parametrize(
    ("dockerfile", "good"),
    [
        ("FROM base\n", False),
        ("ARG X\nfrom --platform=linux/amd64 there AS one\nFROM base\n", True),
        ("ARG BASE=base\nFROM ${BASE}\n", True),
        ("", True),
    ],
)
def test_an_image_with_a_recipe_needs_what_that_begins_with(
    tmp_path: Path, dockerfile: str, good: bool
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    found = outlook(Here(there="linux/amd64"), folder=tmp_path)
    assert found[0] is good
    assert ("cannot be built: no route" in found[1]) is not good


def test_where_no_way_is_open_each_is_told(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM base")
    (tmp_path / "bootstrap.json").write_text("{}")
    good, told = outlook(Here(), "app", tmp_path)
    assert not good
    assert [each.split(":")[0] for each in told.split("; ")] == [
        "app cannot be pulled",
        f"{tmp_path.name}/Dockerfile cannot be built",
        f"{tmp_path.name} cannot be bootstrapped",
    ]
    assert outlook(Here(), folder=tmp_path / "none")[0] is False
