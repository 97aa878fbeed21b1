"""Signed sources of Debian packages that lie, and scripts of packages that attack whoever installs them."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.debs import Deb, DebSource, archive, tar
from tests.support.inside import inside
from tests.support.unpacked import target as targeted
from tests.support.unpacked import unpacked
from tests.support.wheels import make_wheel
from tests.support.workshops import Shop

from parity.docker_engine import DockerEngine
from parity.engine.guests import small_tar
from parity.model import Facts, PinnedImage, RehearsalPlan, SystemSet
from parity.system import SystemWish, fetch_system, prepared_image

URL = "http://127.0.0.1:8000"
_SERVE = (
    "cd /srv/repo && setsid python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 &"
    " until python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8000))' 2>/dev/null;"
    " do sleep 0.1; done"
)
_CONTROL = "Package: {}\nVersion: {}\nArchitecture: {}\nMaintainer: t\nDescription: t\n"
ROWS: Mapping[str, Mapping[str, object]] = {
    "size": {"Size": 10**15},
    "negative size": {"Size": -5},
    "path": {"Filename": "../../../../etc/passwd"},
    "elsewhere": {"Filename": "http://127.0.0.1:9/demo.deb"},
    "line": {"Filename": "./demo.deb' demo.deb 3 SHA256:" + "0" * 64},
    "escape": {"Filename": "./\x1b[2Jdemo.deb"},
    "digest": {"SHA256": "0" * 64},
}
"""What the list says of `demo` and is not so."""
OTHERS: Mapping[str, Deb] = {
    "another name": Deb("libc6"),
    "another version": Deb("demo", "9.0"),
    "another architecture": Deb("demo", arch="amd64"),
    "path as name": Deb("x", control=_CONTROL.format("../x", "1.0", "all")),
    "path as version": Deb("x", control=_CONTROL.format("demo", "1.0/../../x", "all")),
    "line in version": Deb("x", control=_CONTROL.format("demo", "1.0\n /x", "all")),
    "line in architecture": Deb("x", control=_CONTROL.format("demo", "1.0", "all\n /x")),
    "escape in version": Deb("x", control=_CONTROL.format("demo", "1.0\x1b[2J", "all")),
    "removes dpkg": Deb("demo", fields="Conflicts: dpkg\nProvides: dpkg\n"),
    "needs itself": Deb("demo", fields="Pre-Depends: other\n"),
}
"""What lies where the list has `demo`, of which it tells the truth in the last two."""
SCRIPTS: Mapping[str, tuple[str, str]] = {
    "processes": ("while :; do sleep 1000 & done", "Cannot fork"),
    "line": ("head -c 300000000 /dev/zero | tr '\\0' e; echo; echo error mine; exit 3", "error mine"),
    "flood": ("yes error | head -c 400000000; echo error mine; exit 3", "exit code 1"),
    "rights": ("mount -t tmpfs x /mnt || mknod /dev/x b 8 0 || exit 3", "not permitted"),
    "end": ("kill -9 -1", "broke off"),
    "escape": ("printf '\\033[2Jerror mine\\n'; exit 3", "error mine"),
}
"""What a package's script does, and what is told of it."""


def sources() -> Iterator[tuple[str, DebSource]]:
    """Each source by what is wrong of it; none brings `demo`."""
    for name, rows in ROWS.items():
        source = DebSource()
        source.add(Deb("demo").data(), Deb("demo").about(), rows)
        yield name, source
    for name, other in OTHERS.items():
        source = DebSource()
        true = other.fields != ""
        source.add(other.data(), (other if true else Deb("demo")).about())
        source.have(Deb("other", fields="Pre-Depends: demo\n"))
        yield name, source
    for name, data in {"text": b"hello\n", "endless control": endless(2_000_000_000)}.items():
        source = DebSource()
        source.add(data, Deb("demo").about())
        yield name, source


def endless(size: int) -> bytes:
    """A package whose control file has so many bytes, packed a thousand times."""
    about = Deb("demo").about() + "X-Junk: "
    head = tarfile.TarInfo("./control")
    head.size = size
    full, rest = divmod(size - len(about), 100_000_000)
    begun = head.tobuf(tarfile.GNU_FORMAT) + about.encode() + b"x" * rest
    bomb = gzip.compress(begun) + gzip.compress(b"x" * 100_000_000) * full
    return archive({"debian-binary": b"2.0\n", "control.tar.gz": bomb, "data.tar.gz": gzip.compress(tar({}))})


def brought(found: Shop, source: DebSource, url: str = URL) -> SystemSet:
    """What a workshop whose only source this is brings for `demo`; errors as `fetch_system`."""
    found.container.put("/", small_tar(source.files(url=url)))
    if url == URL:
        assert inside(found.container, _SERVE).code == 0
    return fetch_system(found.guest(), SystemWish(names=("demo",)))[0]


@contextmanager
def installed(
    engine: DockerEngine, image: PinnedImage, facts: Facts, folder: Path, postinst: str
) -> Iterator[None]:
    """A package with this script installed in Debian 11, as a rehearsal does; errors as `prepared_image`."""
    deb = Deb("demo", scripts={"postinst": f"#!/bin/sh\n{postinst}\n"}).data()
    row = {"name": "demo", "version": "1.0", "arch": "all", "path": "system/demo.deb", "requested": True}
    bundle = unpacked(
        folder / "bundle",
        [make_wheel(folder, "alpha", "1.0", {"alpha.py": b""})],
        aim=targeted("debian", "11", (2, 31), "3.9"),
        system={"manager": "deb", "packages": [row]},
        files={"system/demo.deb": deb},
    )
    files = {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
    plan = RehearsalPlan(memory=1 << 30, timeout=60)
    with prepared_image(engine, image, facts, plan, lambda: [small_tar(files)]):
        yield
