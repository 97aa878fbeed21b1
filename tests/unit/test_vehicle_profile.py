"""`vehicle` in a profile: what is read of it, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.bundles import (
    FILES,
    IDENTITY,
    PROFILE_SHA256,
    WHEELS,
    make_bundle,
    manifest_of,
    signing_key,
    wheel_stream,
)

from parity.cli.shared.asked import HowToBuild, WhatToBuild, build_requests
from parity.errors import HashMismatch, OptionConflict, ProfileError
from parity.model import BuiltBundle, VehiclePlan
from parity.pack import VEHICLES
from parity.pack.as_export import SealedOnce
from parity.pack.writer import held_bundle
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.profile import load_profile
from parity.progress import Silent
from parity.sign import make_sealer

BASE = "extends: debian11-py39\ninstall: {requirements: [requests]}\n"
DIGEST = "registry.example:5000/base@sha256:" + "1" * 64
WHOLE = f"""\
vehicle:
  form: image
  prefix: /opt/web
  name: site/web:1.0
  user: "1000:1000"
  entrypoint: web serve --name 'two words'
  base-on-site: {DIGEST}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "web.yaml"
    path.write_text(BASE + text)
    return path


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("", VehiclePlan()),
        ("vehicle: image\n", VehiclePlan("image")),
        ("vehicle: {form: environment, prefix: /apps/web}\n", VehiclePlan("environment", "/apps/web")),
        (
            "vehicle: {form: environment, with-python: true}\n",
            VehiclePlan("environment", with_python=True),
        ),
        ("vehicle: {form: environment, prefix: /tmp/web}\n", VehiclePlan("environment", "/tmp/web")),
        ("vehicle: {form: image, prefix: /devices}\n", VehiclePlan("image", "/devices")),
        (
            WHOLE,
            VehiclePlan(
                "image",
                "/opt/web",
                "site/web:1.0",
                "1000:1000",
                ("web", "serve", "--name", "two words"),
                DIGEST,
            ),
        ),
    ],
)
def test_a_vehicle_is_a_word_or_a_form_with_its_words(tmp_path: Path, text: str, plan: VehiclePlan) -> None:
    assert load_profile(write(tmp_path, text)).vehicle == plan


def test_the_vehicle_is_no_part_of_what_travels(tmp_path: Path) -> None:
    """So a build's image is the one that `parity export` makes of the bundle without it."""
    plain = load_profile(write(tmp_path, ""))
    assert load_profile(write(tmp_path, WHOLE)).document == plain.document


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("vehicle: wagon\n", "vehicle", "bundle, image or environment"),
        ("vehicle: {prefix: /opt/web}\n", "vehicle", "`form` is missing"),
        ("vehicle: {form: imag}\n", "vehicle.form", "expected one of"),
        ("vehicle: {form: image, usr: '1:1'}\n", "vehicle.usr", "unknown key"),
        ("vehicle: {form: bundle, prefix: /opt/web}\n", "vehicle.prefix", "image or environment"),
        ("vehicle: {form: environment, user: '1:1'}\n", "vehicle.user", "leave it out, or change the form"),
        ("vehicle: {form: image, with-python: true}\n", "vehicle.with-python", "of the form environment"),
        ("vehicle: {form: environment, with-python: '3'}\n", "vehicle.with-python", "true or false"),
        ("vehicle: {form: environment, base-on-site: a}\n", "vehicle.base-on-site", "of the form image"),
        ("vehicle: {form: image, user: '0:0'}\n", "vehicle.user", "not root's"),
        ("vehicle: {form: image, user: root}\n", "vehicle.user", "UID:GID"),
        ("vehicle: {form: image, prefix: opt/web}\n", "vehicle.prefix", "absolute path"),
        ("vehicle: {form: image, prefix: /opt/../web}\n", "vehicle.prefix", "absolute path"),
        ("vehicle: {form: environment, prefix: /proc/web}\n", "vehicle.prefix", "none in /dev"),
        ("vehicle: {form: image, prefix: /sys}\n", "vehicle.prefix", "none in /dev"),
        ("vehicle: {form: image, prefix: /tmp/web}\n", "vehicle.prefix", "of its own"),
        ("vehicle: {form: image, prefix: /run/web}\n", "vehicle.prefix", "of its own"),
        ("vehicle: {form: image, prefix: /var/tmp/web}\n", "vehicle.prefix", "of its own"),
        ("vehicle: {form: image, name: web}\n", "vehicle.name", "with its tag"),
        ("vehicle: {form: image, base-on-site: 'base:1'}\n", "vehicle.base-on-site", "@sha256:DIGEST"),
        ('vehicle: {form: image, entrypoint: "web \'serve"}\n', "vehicle.entrypoint", "quotes closed"),
        ("vehicle: {form: image, entrypoint: ' '}\n", "vehicle.entrypoint", "no command"),
        ("vehicle: {form: image, entrypoint: '\"\" web'}\n", "vehicle.entrypoint", "no command"),
        ("vehicle: environment\nsystem-packages: [libgomp1]\n", "system-packages", "`vehicle: image`"),
    ],
)
def test_wrong_words_and_combinations_are_refused_with_their_place(
    tmp_path: Path, text: str, place: str, said: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, text))
    (problem,) = caught.value.problems
    assert (problem.path, problem.line > 2) == (place, True)
    assert said in problem.message


def test_what_may_be_missing_of_the_system_is_found_out_by_the_rehearsal(tmp_path: Path) -> None:
    text = "vehicle: environment\nsystem-packages: auto\n"
    assert load_profile(write(tmp_path, text)).vehicle.form == "environment"


def test_a_stand_in_makes_no_image_and_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    profile = str(write(tmp_path, "vehicle: image\n"))
    with pytest.raises(OptionConflict, match="stands in") as caught:
        build_requests(WhatToBuild((profile,)), HowToBuild(tmp_path, stand_in="debian12-py311"))
    assert "--stand-in" in (caught.value.remedy or "")


def test_a_file_is_called_after_its_form(tmp_path: Path) -> None:
    for form in ("image", "environment"):
        (request,) = build_requests(
            WhatToBuild((str(write(tmp_path, f"vehicle: {form}\n")),), version="1.0"), HowToBuild(tmp_path)
        )
        assert request.filename == f"web-1.0-web.{form}.tar" == VEHICLES[form].filename(request.identity)


# --- the bundle that an export is made of -----------------------------------------------------------


def held(folder: Path, seal: SealedOnce) -> BuiltBundle:
    """Written, read by whoever may, and gone again."""
    listed, files = manifest_of(FILES, WHEELS)
    stream = wheel_stream(WHEELS)
    with held_bundle(folder, IDENTITY, listed, files, stream, seal, Silent()) as bundle:
        with open_bundle(str(bundle.path)) as file:
            found = verify_bundle(file, seal.check)
        assert found.statement.payload.sha256 == bundle.payload_sha256
        assert found.signers == bundle.signers
    return bundle


def test_the_bundle_below_an_export_is_there_for_a_while_and_leaves_nothing(tmp_path: Path) -> None:
    bundle = held(tmp_path / "out", SealedOnce(make_sealer([signing_key()], IDENTITY, PROFILE_SHA256)))
    assert not bundle.path.exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_another_bundle_in_its_place_is_refused_although_a_trusted_key_signed_it(tmp_path: Path) -> None:
    ours = SealedOnce(make_sealer([signing_key()], IDENTITY, PROFILE_SHA256))
    held(tmp_path, ours)
    # The same payload, signed once more: only what this very run sealed is taken.
    again = make_bundle(tmp_path / "again", key=signing_key())
    with open_bundle(str(again.path)) as file:
        assert verify_bundle(file, again.check)
        with pytest.raises(HashMismatch, match="somebody changed"):
            verify_bundle(file, ours.check)
