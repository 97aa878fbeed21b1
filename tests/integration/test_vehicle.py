"""A proved set in a form of its own: by the profile's `vehicle`; and by one that only the registry names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile, written_environment
from tests.support.copied import copied
from tests.support.index import PackageIndex, tiny_wheel

from parity.portable.bundle.manifest import HEAD_SIZE

pytestmark = pytest.mark.engine

WHEELHOUSE = '''
"""The wheels with their hashes as a plain tar, for who has pip and wants no more. Signed by nobody."""

import hashlib
import io
import tarfile

from parity.files import atomic_file
from parity.model import BuiltBundle
from parity.pack.vehicle import Vehicle

WANTED = ("README.txt", "requirements.txt", "pylock.toml", "proof.json")


class Wheelhouse(Vehicle):
    """`wheelhouse`."""

    name, suffix = "wheelhouse", ".wheelhouse.tar"

    def write(self, cargo, folder, seal, reporter):
        """Wheels and texts, each under its path in the payload."""
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as tar:
            for file in cargo.draft.proved(cargo.proof):
                if file.path in WANTED:
                    _add(tar, file.path, b"".join(file.open()))
            for name, chunks in cargo.wheels():
                _add(tar, "wheels/" + name, b"".join(chunks))
        data = held.getvalue()
        with atomic_file(folder / self.filename(cargo.identity)) as out:
            out.write(data)
            out.commit()
        return BuiltBundle(out.path, len(data), hashlib.sha256(data).hexdigest(), cargo.identity, ())


def _add(tar, path, data):
    member = tarfile.TarInfo(path)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
'''
ASKED = """
import dataclasses
import parity.cli.shared.asked as asked
from parity.cli import main
from parity.model import VehiclePlan
load = asked.load_profile
asked.load_profile = lambda *a, **k: dataclasses.replace(load(*a, **k), vehicle=VehiclePlan("wheelhouse"))
main()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A parity that knows a second vehicle: two files were touched."""
    return copied(
        tmp_path / "checkout",
        {"pack/as_wheelhouse.py": WHEELHOUSE},
        {
            "pack/vehicles.py": (
                ("BundleFormat\n", "BundleFormat\nfrom parity.pack.as_wheelhouse import Wheelhouse\n"),
                ("(BundleFormat(), ", "(BundleFormat(), Wheelhouse(), "),
            )
        },
    )


def test_what_was_rehearsed_is_written_by_a_vehicle_that_only_the_registry_names(
    source: Path, parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    profile = write_profile(tmp_path, "house", requirements=["alpha"], index={"url": index.url})
    environment = {**written_environment(parity.home), "PYTHONPATH": str(source)}
    words = ["build", str(profile), "--output", str(tmp_path / "out"), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", ASKED, *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (told,) = json.loads(done.stdout)["bundles"]
    assert told["proof"]["installed"] == [{"name": "alpha", "version": "1.0"}]
    assert told["bundle"].endswith(".wheelhouse.tar")
    assert os.listdir(tmp_path / "out") == [Path(told["bundle"]).name]
    house = tmp_path / "laid out"
    with tarfile.open(told["bundle"]) as tar:
        tar.extractall(house, filter="data")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--find-links",
        "wheels",
        "--require-hashes",
    ]
    command += ["--target", str(tmp_path / "site"), "-r", "requirements.txt"]
    subprocess.run(command, cwd=house, check=True, capture_output=True)
    assert (tmp_path / "site" / "alpha").exists() or (tmp_path / "site" / "alpha.py").exists()


# --- vehicle: image | environment -------------------------------------------------------------------------


def test_a_build_writes_the_image_and_the_environment_that_an_export_makes_of_the_same_lock(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    how: dict[str, object] = {"requirements": ["alpha"], "index": {"url": index.url}}
    words = ("--lock", tmp_path / "pylock.toml", "--serial", "7", "--bundle-version", "1.0")
    plan = {"form": "image", "prefix": "/opt/house", "entrypoint": "python -m alpha", "user": "1000:1000"}
    out = tmp_path / "out"
    built = parity.build(write_profile(tmp_path, "house", **how, vehicle=plan), out, *words)
    image = built.bundle
    assert image["vehicle"] == "image"
    assert os.listdir(out) == ["house-1.0-house.image.tar"]
    write_profile(tmp_path, "house", **how, vehicle={"form": "environment", "prefix": "/opt/house"})
    environment = parity.build(tmp_path / "house.yaml", out, *words).bundle
    bundle = parity.build(write_profile(tmp_path, "house", **how), out, *words).bundle
    assert {image["export"]["bundle"], environment["export"]["bundle"]} == {bundle["payload_sha256"]}
    options = ["--entrypoint", "python -m alpha", "--user", "1000:1000"]
    for form, more, told in (("image", options, image), ("environment", [], environment)):
        prefix = ["--prefix", "/opt/house", "--json"]
        done = parity.run("export", form, bundle["bundle"], "-o", tmp_path / form, *prefix, *more)
        again = done.document
        assert again["payload_sha256"] == told["payload_sha256"]
        ours, theirs = (Path(each).read_bytes()[HEAD_SIZE:] for each in (told["bundle"], again["file"]))
        assert ours == theirs
        assert parity.run("verify", told["bundle"], "--json").document["vehicle"] == form


def test_a_base_that_is_not_here_stops_a_build_before_anything_is_resolved(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    plan = {"form": "image", "base-on-site": "registry.invalid/base@sha256:" + "0" * 64}
    how: dict[str, object] = {"requirements": ["alpha"], "index": {"url": index.url}}
    done = parity.build(write_profile(tmp_path, "house", **how, vehicle=plan), tmp_path / "out")
    assert done.error["kind"] == "ImageUnavailable"  # and not that there is no alpha
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_a_build_that_was_killed_while_it_exports_leaves_nothing_that_the_next_one_does_not_sweep(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    how: dict[str, object] = {"requirements": ["alpha"], "index": {"url": index.url}}
    profile, out = write_profile(tmp_path, "house", **how, vehicle="environment"), tmp_path / "out"
    words = ["build", str(profile), "-o", str(out), "--bundle-version", "1.0"]
    command = [sys.executable, "-m", "parity", *words, "--progress", "plain"]
    process = subprocess.Popen(
        command, env=written_environment(parity.home), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    with process:
        assert process.stderr is not None
        assert any(b": environment: " in line for line in process.stderr)
        process.kill()
    assert not list(out.glob("*.tar"))
    done = parity.run(*words)
    assert done.code == 0, done.stderr
    assert os.listdir(out) == ["house-1.0-house.environment.tar"]
    assert f"  environment {out}/" in done.stdout
