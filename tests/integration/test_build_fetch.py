"""`builder.fetch`: what a build downloads is fetched before it, without secrets, and recorded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.crates import crates
from tests.support.index import PackageIndex, gateway
from tests.support.sources import setup_py, write_tree
from tests.support.wheels import make_wheel

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

READS = """
import os
home = open(os.path.expanduser("~/kept/cache.txt")).read()
more["py_modules"] = ["web"]
more["description"] = open("brought.txt").read() + home
"""
FETCH = """
import os, sys, urllib.request
assert not os.path.exists("/store") and os.getuid() != 0
assert not [name for name in os.environ if "TOKEN" in name or "UV_" in name or "PIP_" in name]
data = urllib.request.urlopen(sys.argv[1]).read().decode()
open("brought.txt", "w").write(data)
os.makedirs(os.path.expanduser("~/kept"))
open(os.path.expanduser("~/kept/cache.txt"), "w").write(" and home")
os.symlink("/etc/passwd", "odd")
"""

RUST = """
import subprocess
from setuptools import setup
subprocess.run(["cargo", "build", "--release", "--locked"], check=True)
said = subprocess.run(["target/release/rusty"], check=True, capture_output=True, text=True).stdout
setup(name="rusty", version="1.0", py_modules=[], description=said.strip())
"""
CARGO = """
[package]
name = "rusty"
version = "0.1.0"
edition = "2018"
[dependencies]
tiny-dep = { version = "1", registry = "here" }
"""
CARGO_LOCK = """
version = 3

[[package]]
name = "rusty"
version = "0.1.0"
dependencies = ["tiny-dep"]

[[package]]
name = "tiny-dep"
version = "1.0.0"
source = "%s"
checksum = "%s"
"""


def test_commands_fetch_with_network_and_the_build_gets_what_they_brought(
    parity: Parity, debian11: PinnedImage, tmp_path: Path
) -> None:
    served = tmp_path / "served"
    served.mkdir()
    files = {"setup.py": setup_py("web", "1.0", READS), "web.py": "", "get.py": FETCH}
    write_tree(tmp_path / "web", files)
    make_wheel(served, "thing", "1.0", {"thing.py": b""})
    with PackageIndex(served, host=gateway()) as index:
        profile = write_profile(
            tmp_path,
            "web-11",
            requirements=["./web"],
            builder={"packages": [], "fetch": [f"python3 get.py {index.url}thing/"]},
        )
        done = parity.build(profile, tmp_path / "dist", timeout=900)
    assert done.code == 0, done.stdout + done.stderr
    bundle = next((tmp_path / "dist").glob("*.parity.tar"))
    told = subprocess.run(
        ["tar", "xOf", bundle, "parity-bundle/sources.json"], check=True, capture_output=True
    ).stdout
    fetched = json.loads(told)["built"][0]["fetched_before"]
    assert fetched["commands"][0].startswith("python3 get.py")
    assert (len(fetched["sha256"]), fetched["bytes"] > 0) == (64, True)
    assert sorted(path.name for path in (tmp_path / "web").iterdir()) == sorted(files)
    proof = subprocess.run(
        ["tar", "xOf", bundle, "parity-bundle/proof.json"], check=True, capture_output=True
    ).stdout
    assert any(fetched["sha256"] in line for line in json.loads(proof)["resolving"])


def test_a_command_that_fails_says_so(parity: Parity, debian11: PinnedImage, tmp_path: Path) -> None:
    write_tree(tmp_path / "web", {"setup.py": setup_py("web", "1.0"), "web.py": ""})
    builder = {"packages": [], "fetch": {"web": ["echo no registry here >&2; exit 3"]}}
    profile = write_profile(tmp_path, "web-not-11", requirements=["./web"], builder=builder)
    done = parity.build(profile, tmp_path / "dist", timeout=900)
    said = done.stdout + done.stderr
    assert (done.code, "builder.fetch of web failed: no registry here" in said) == (49, True)


@pytest.mark.long
def test_cargo_fetches_from_a_registry_and_builds_without_network(
    parity: Parity, debian13: PinnedImage, tmp_path: Path
) -> None:
    with crates(tmp_path / "registry", gateway()) as (registry, checksum):
        files = {
            "setup.py": RUST,
            "Cargo.toml": CARGO,
            "Cargo.lock": CARGO_LOCK % (registry, checksum),
            ".cargo/config.toml": f'[registries.here]\nindex = "{registry}"\n',
            "src/main.rs": 'fn main() { println!("{}", tiny_dep::word()); }\n',
        }
        write_tree(tmp_path / "rusty", files)
        builder = {"packages": ["cargo"], "fetch": ["cargo fetch --locked"]}
        profile = write_profile(
            tmp_path, "rusty-13", extends="debian13-py313", requirements=["./rusty"], builder=builder
        )
        parity.build(profile, tmp_path / "dist", timeout=900)
    lock = (tmp_path / "dist" / "pylock.toml").read_text()
    assert "rusty-1.0" in lock
