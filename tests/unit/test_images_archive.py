"""A root file system as an image archive: what goes in, what stays out, the same bytes each time."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from parity.images.archive import clamp_from_release, image_archive, write_layer

CLAMP = 1_600_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    files = {
        "etc/hostname": "builder",
        "etc/machine-id": "0123",
        "etc/resolv.conf": "nameserver",
        "usr/bin/tool": "#!/bin/sh\n",
        "usr/lib/x.py": "x = 1\n",
        "var/cache/apt/archives/python3.deb": "deb",
        "var/lib/apt/lists/list": "list",
        "var/lib/dpkg/status": "ok",
        "var/lib/dpkg/status-old": "old",
        "var/log/apt/history.log": "today",
        "var/log/bootstrap.log": "today",
        "tmp/x": "x",
        "dev/x": "x",
        "debootstrap/debootstrap.log": "x",
    }
    for name, text in files.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    (made / "usr/bin/tool").chmod(0o4755)
    (made / "bin").symlink_to("usr/bin")
    (made / "usr/bin/twin").hardlink_to(made / "usr/bin/tool")
    os.mkfifo(made / "usr/pipe")
    os.utime(made / "usr/lib/x.py", (1_500_000_000, 1_500_000_000))
    return made


def members(layer: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(layer) as tar:
        return {member.name: member for member in tar}


def test_what_belongs_to_one_machine_or_one_moment_stays_out(root: Path, tmp_path: Path) -> None:
    write_layer(root, tmp_path / "layer", CLAMP)
    found = members(tmp_path / "layer")
    gone = {"etc/hostname", "etc/resolv.conf", "var/lib/dpkg/status-old", "debootstrap", "usr/pipe"}
    gone |= {"var/log/bootstrap.log", "var/log/apt/history.log", "var/cache/apt/archives/python3.deb"}
    assert gone.isdisjoint(found)
    assert {"tmp", "dev", "var/lib/apt/lists", "var/log/apt", "var/cache/apt/archives"} <= set(found)
    assert not any(name.startswith(("tmp/", "dev/", "var/lib/apt/lists/")) for name in found)
    assert found["etc/machine-id"].size == 0


def test_links_modes_and_times_are_kept_and_nobodys_name(root: Path, tmp_path: Path) -> None:
    write_layer(root, tmp_path / "layer", CLAMP)
    found = members(tmp_path / "layer")
    assert (found["bin"].type, found["bin"].linkname) == (tarfile.SYMTYPE, "usr/bin")
    assert (found["usr/bin/twin"].type, found["usr/bin/twin"].linkname) == (tarfile.LNKTYPE, "usr/bin/tool")
    assert found["usr/bin/tool"].mode == 0o4755
    assert found["usr/lib/x.py"].mtime == 1_500_000_000  # byte code is valid for this time only
    assert found["var/lib/dpkg/status"].mtime == CLAMP
    assert {member.uname for member in found.values()} == {""}


def test_equal_files_give_equal_bytes_at_any_time(root: Path, tmp_path: Path) -> None:
    first = write_layer(root, tmp_path / "one", CLAMP)
    for path in root.rglob("*"):
        if path.name != "x.py" and not path.is_symlink():
            os.utime(path, (1_900_000_000, 1_900_000_000))
    second = write_layer(root, tmp_path / "two", CLAMP)
    assert first == second == hashlib.sha256((tmp_path / "two").read_bytes()).hexdigest()


def test_the_archive_says_the_platform_we_give_it(root: Path, tmp_path: Path) -> None:
    digest = write_layer(root, tmp_path / "layer", CLAMP)
    data = b"".join(image_archive(tmp_path / "layer", digest, "linux/arm/v7", "how"))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {member.name: stream.read() for member in tar if (stream := tar.extractfile(member))}
    manifest = json.loads(files["manifest.json"])
    config = json.loads(files[manifest[0]["Config"]])
    assert manifest[0]["Config"] == hashlib.sha256(files[manifest[0]["Config"]]).hexdigest() + ".json"
    assert (config["os"], config["architecture"], config["variant"]) == ("linux", "arm", "v7")
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert files["layer.tar"] == (tmp_path / "layer").read_bytes()


def test_the_archives_release_file_dates_the_image() -> None:
    text = "Origin: Debian\nDate: Sat, 14 Sep 2024 09:50:00 UTC\nSHA256:\n"
    assert clamp_from_release(text) == 1726307400
    assert clamp_from_release("Origin: Debian\n") is None
