"""A folder that holds a root file system as an image archive that an engine can load.

We write the archive ourselves because `docker import` labels every image with the engine's own
platform. Format: "docker save", see the Docker image specification v1.2 (combined image JSON).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tarfile
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

_CHUNK = 1 << 20
_BLOCK = 512
# Not now: the configuration's digest is the image's id, and equal archives give equal images.
_EPOCH = "1970-01-01T00:00:00Z"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# What a bootstrap leaves behind that is of one machine or one moment.
_EMPTIED = {"debootstrap", "dev", "proc", "run", "sys", "tmp", "var/lib/apt/lists"}
_WITHOUT_FILES = ("var/cache/apt", "var/log")  # apt misses the folders below these
_DROPPED = {
    "debootstrap",
    "etc/hostname",
    "etc/resolv.conf",
    "var/cache/debconf/config.dat-old",
    "var/cache/debconf/templates.dat-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/status-old",
}
# There and empty: systemd fills it at the first start (machine-id(5)); a copied one would be shared.
_BLANKED = {"etc/machine-id"}


def write_layer(root: Path, layer: Path, clamp: int) -> str:
    """Write the files below `root` as one layer: sorted, times no later than `clamp`, no user names.

    Args:
        root: the root file system.
        layer: the tar to write.
        clamp: seconds since 1970; later times become this.

    Returns:
        The layer's SHA-256 in hexadecimal.
    """
    linked: dict[tuple[int, int], str] = {}
    with layer.open("wb") as raw, tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, name in _members(root):
            _add(tar, path, name, clamp, linked)
    digest = hashlib.sha256()
    for chunk in _chunks(layer):
        digest.update(chunk)
    return digest.hexdigest()


def image_archive(layer: Path, diff_id: str, platform: str, note: str) -> Iterator[bytes]:
    """The layer and its configuration as an archive to load, in chunks.

    Args:
        layer: the layer's tar.
        diff_id: its SHA-256 in hexadecimal.
        platform: `os/architecture[/variant]` for the image's label.
        note: how the layer came about, for the image's history.

    Yields:
        a tar of the configuration, manifest.json and the layer, byte for byte the same for the same input.
    """
    config = _json(_config(diff_id, platform, note))
    name = hashlib.sha256(config).hexdigest() + ".json"
    # Without a tag: a name in the archive would take that name from whatever image has it.
    manifest = _json([{"Config": name, "RepoTags": None, "Layers": ["layer.tar"]}])
    for member, data in ((name, config), ("manifest.json", manifest)):
        yield _header(member, len(data)) + data + bytes(-len(data) % _BLOCK)
    size = layer.stat().st_size
    yield _header("layer.tar", size)
    yield from _chunks(layer)
    yield bytes(-size % _BLOCK) + bytes(2 * _BLOCK)


def clamp_from_release(text: str) -> int | None:
    """Seconds since 1970 of the `Date` field in an archive's Release file; None without one.

    Source: Debian's repository format; dates are those of RFC 5322.
    """
    for line in text.splitlines():
        field, _, value = line.partition(":")
        if field == "Date":
            return int(parsedate_to_datetime(value.strip()).timestamp())
    return None


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _members(root: Path) -> Iterator[tuple[Path, str]]:
    for folder, folders, files in os.walk(root):
        # `os.walk` goes on in the order that it finds here; bytes, since names need not be UTF-8.
        folders.sort(key=os.fsencode)
        here = Path(folder).relative_to(root).as_posix()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        if here != ".":
            yield Path(folder), here
        if here in _EMPTIED:
            folders.clear()
            continue
        # `os.walk` lists links to folders among the folders; in a tar they are links.
        folders[:] = [name for name in folders if name not in links]
        if here.startswith(_WITHOUT_FILES):
            continue
        for name in sorted([*files, *links], key=os.fsencode):
            yield Path(folder) / name, name if here == "." else f"{here}/{name}"


def _add(tar: tarfile.TarFile, path: Path, name: str, clamp: int, linked: dict[tuple[int, int], str]) -> None:
    if name in _DROPPED:
        return
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    info.mtime = min(int(status.st_mtime), clamp)
    if stat.S_ISLNK(status.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISDIR(status.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISREG(status.st_mode):
        _add_file(tar, info, path, status, linked)
        return
    else:
        return  # sockets, pipes and devices are the engine's to make
    tar.addfile(info)


def _add_file(
    tar: tarfile.TarFile,
    info: tarfile.TarInfo,
    path: Path,
    status: os.stat_result,
    linked: dict[tuple[int, int], str],
) -> None:
    # Hard links stay what they are: distributions hold large files (git's, perl's) under many names.
    first = linked.setdefault((status.st_dev, status.st_ino), info.name)
    if first != info.name:
        info.type, info.linkname = tarfile.LNKTYPE, first
        tar.addfile(info)
    elif info.name in _BLANKED:
        tar.addfile(info)
    else:
        info.size = status.st_size
        with path.open("rb") as stream:
            tar.addfile(info, stream)


def _config(diff_id: str, platform: str, note: str) -> dict[str, object]:
    system, architecture, *variant = platform.split("/")
    return {
        "os": system,
        "architecture": architecture,
        **({"variant": variant[0]} if variant else {}),
        "created": _EPOCH,
        "config": {"Env": [f"PATH={_PATH}"], "Cmd": ["/bin/sh"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        "history": [{"created": _EPOCH, "created_by": note}],
    }


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.GNU_FORMAT)
