"""Builders: which recipe, which name, what the engine is told. On the fake engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.engine import IMAGES
from tests.support.fake_engine import FakeEngine
from tests.support.recorder import Recorder

from parity.engine import ImageInfo
from parity.errors import ImageUnavailable
from parity.host.processes import ThisMachine
from parity.images import Builder, ImageMaker, builder_for, builder_of, image_tag, list_images, target_of
from parity.model import ImageSource, PinnedImage, SourcePlan

BASE = PinnedImage("sha256:" + "a" * 64, "", "images/debian", "linux/amd64", "local")
MADE = ImageInfo("sha256:" + "b" * 64, (), "linux/amd64", 5)
TARGETS = sorted(path.parent for path in IMAGES.glob("*/Dockerfile") if target_of(path.parent) is None)


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path / "engine")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("debian", "debian-builder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    return tmp_path / "debian"


def builder(engine: FakeEngine, target: ImageSource, plan: SourcePlan, **proxies: str) -> Builder:
    here = ThisMachine(Path("/nowhere"), {})
    return builder_for(BASE, target, plan, "x86_64", ImageMaker(engine, here, Recorder()), proxies=proxies)


@pytest.mark.parametrize("folder", TARGETS, ids=lambda folder: folder.name)
def test_every_target_has_a_builder_that_begins_with_it(folder: Path) -> None:
    lines = (builder_of(folder) / "Dockerfile").read_text().splitlines()
    rest = [line for line in lines if not line.startswith("#")]
    assert rest[:3] == ["ARG BASE", "FROM ${BASE}", 'ARG PACKAGES=""']
    assert "${PACKAGES}" in "".join(rest[3:])


def test_the_recipe_beside_the_targets_is_built_once_for_these_packages(
    engine: FakeEngine, folder: Path
) -> None:
    plan = SourcePlan(packages=("libpq-dev", "libffi-dev"))
    wanted = builder(engine, ImageSource(folder=folder), plan, https="http://u:secret@proxy:3128", no="")
    engine.buildable[wanted.name] = MADE
    assert (wanted.image.id, wanted.image.origin) == (MADE.id, "built")
    given = engine.arguments[0]
    assert (given["BASE"], given["PACKAGES"]) == (BASE.id, "libpq-dev libffi-dev")
    assert given["HTTPS_PROXY"] == given["https_proxy"] == "http://u:secret@proxy:3128"
    assert "no_proxy" not in given
    again = builder(engine, ImageSource(folder=folder), SourcePlan(packages=plan.packages[::-1]))
    assert (again.name, again.image.origin) == (wanted.name, "local")
    assert len(engine.arguments) == 1


def test_the_name_changes_with_recipe_target_and_packages(engine: FakeEngine, folder: Path) -> None:
    target = ImageSource(folder=folder)
    names = {builder(engine, target, SourcePlan()).name}
    names.add(builder(engine, target, SourcePlan(packages=("libpq-dev",))).name)
    (builder_of(folder) / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nRUN true\n")
    names.add(builder(engine, target, SourcePlan()).name)
    assert len(names) == 3
    assert all(name.startswith("parity/debian-builder:") for name in names)


def test_a_reference_is_taken_as_it_is_and_takes_no_packages(engine: FakeEngine) -> None:
    engine.images["own/builder:1"] = MADE
    plan = SourcePlan(builder=ImageSource(reference="own/builder:1"))
    found = builder(engine, ImageSource(reference="debian:11"), plan)
    assert found.name == found.image.id == MADE.id
    with pytest.raises(ImageUnavailable, match="installed by a recipe"):
        _ = builder(
            engine, ImageSource(reference="debian:11"), SourcePlan(plan.names, plan.builder, ("gcc",))
        ).image


def test_what_is_missing_is_said(engine: FakeEngine, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageUnavailable, match=r"has no builder") as caught:
        builder(engine, ImageSource(reference="debian:11"), SourcePlan())
    assert "builder.image" in caught.value.remedy
    with pytest.raises(ImageUnavailable, match="no recipe"):
        builder(engine, ImageSource(folder=tmp_path / "other"), SourcePlan())
    with pytest.raises(ImageUnavailable, match="cannot be made"):
        _ = builder(engine, ImageSource(folder=folder), SourcePlan()).image


def test_the_list_names_builders_where_their_target_is_present(engine: FakeEngine, folder: Path) -> None:
    rows = {row.name: row for row in list_images(folder.parent, engine)}
    assert (rows["debian-builder"].tag, rows["debian-builder"].present) == ("", None)
    engine.images[image_tag(folder)] = ImageInfo(BASE.id, (), "linux/amd64", 5)
    tag = builder(engine, ImageSource(folder=folder), SourcePlan()).name
    engine.images[tag] = MADE
    rows = {row.name: row for row in list_images(folder.parent, engine)}
    assert (rows["debian-builder"].tag, rows["debian-builder"].present) == (tag, MADE)
