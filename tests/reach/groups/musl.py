"""musl: numpy and its like from musllinux wheels, sources, the far-side file under busybox."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.reach.families.musl import musl_images
from tests.reach.families.stories import told, unseen
from tests.reach.row import Row
from tests.support.cli import Done, Parity, write_profile
from tests.support.inside import fresh_room, inside, tar_of

from parity.docker_engine import connect
from parity.engine import Container
from parity.errors import ParityMismatch
from parity.model import PinnedImage

TITLE = "a musl system with CPython 3.11 and busybox, made from Debian's source packages"
_SUBJECT = "musl (replica of Alpine)"
_TARGET = {
    "os": {"id": "alpine", "version": "3.19"},
    "libc": "musl 1.2.5",
    "python": "3.11",
    "arch": "x86_64",
}
_WHEELS = ("numpy", "pandas", "cryptography", "pydantic")
_SOURCES = ("cffi", "markupsafe")
_USE = """
import cryptography.fernet, numpy, pandas, pydantic
told = cryptography.fernet.Fernet(cryptography.fernet.Fernet.generate_key()).encrypt(b'x')
print(numpy.arange(4).sum(), pandas.Series([1, 2]).sum(), pydantic.TypeAdapter(int).validate_python('7'))
"""
_PATIENCE = 1800


def run() -> Iterator[Row]:
    """Make or load the system, tell each story."""
    folder = Path(tempfile.mkdtemp(prefix="parity-reach-"))
    try:
        recipe = musl_images()
        musl = Musl(recipe.tag("plain"), recipe.tag("builder"), folder, Parity.with_uv(folder / "home"))
        bundle: dict[str, Any] = {}
        yield told(_SUBJECT, "numpy, pandas, cryptography, pydantic", lambda: _wheels(musl, bundle))
        if bundle:
            yield told(_SUBJECT, "the single far-side file, busybox", lambda: _single(musl, bundle))
        yield told(_SUBJECT, "sources, repaired for musllinux", lambda: _sources(musl))
        yield told(_SUBJECT, "another patch of musl in the profile", lambda: _other_patch(musl))
    finally:
        shutil.rmtree(folder)
    why = "this CPython asks for what came with musl 1.2.5: it does not start there"
    yield unseen("musl 1.2.3", "a wheel with packed relocations (DT_RELR)", why)
    yield unseen(_SUBJECT, "apk and Alpine's own packages", "Debian has none of them")


@dataclass(frozen=True)
class Musl:
    """The system, and where profiles are built for it.

    Attributes:
        plain: the image of the machine.
        builder: the image with a compiler.
        folder: ours.
        parity: the command, with a home of its own.
    """

    plain: str
    builder: str
    folder: Path
    parity: Parity

    def build(self, name: str, wanted: Sequence[str], image: str = "", **parts: Any) -> Done:
        """Build a profile for the system.

        Args:
            name: of the profile.
            wanted: requirements.
            image: in the place of the machine's own.
            parts: other keys of the profile.
        """
        install = {"requirements": list(wanted), **parts.pop("install", {})}
        shape = {"target": _TARGET, "image": {"reference": image or self.plain}, "install": install}
        profile = write_profile(self.folder, name, **{**shape, **parts})
        return self.parity.build(profile, self.folder / name, timeout=_PATIENCE)

    @contextmanager
    def machine(self, bundle: Mapping[str, Any]) -> Iterator[Container]:
        """A machine without network, the bundle's file at /it.parity.tar and unpacked at /media/bundle."""
        engine = connect()
        try:
            found = engine.image(self.plain)
            assert found is not None
            pinned = PinnedImage(found.id, "", self.plain, found.platform, "local")
            with fresh_room(engine, pinned) as room:
                room.put("/", tar_of(Path(bundle["bundle"]), "it.parity.tar"))
                lines = (
                    "mkdir -p /media/bundle && tar xf /it.parity.tar -C /media/bundle --strip-components=1"
                )
                assert inside(room, lines).code == 0
                yield room
        finally:
            engine.close()


def _wheels(musl: Musl, into: dict[str, Any]) -> str:
    into.update(musl.build("wheels", _WHEELS).bundle)
    with musl.machine(into) as room:
        used = inside(
            room, f'sh /media/bundle/install.sh /opt/app && /opt/app/current/bin/python -c "{_USE}"'
        )
        assert used.output.endswith("6 3 7\n"), used.output
    return "from musllinux wheels, installed by busybox's sh and tar, used"


def _single(musl: Musl, bundle: Mapping[str, Any]) -> str:
    """The far side's one file verifies, installs and lists under musl."""
    file, home = musl.folder / "parity-farside.py", musl.folder / "home"
    assert musl.parity.run("farside", "-o", file).code == 0
    key = home / "config" / "keys" / "parity.key.pub"
    with musl.machine(bundle) as room:
        room.put("/", tar_of(file, "parity-farside.py"))
        room.put("/", tar_of(key, "parity.key.pub"))
        for words in (
            "verify /it.parity.tar --key /parity.key.pub",
            "install /it.parity.tar --key /parity.key.pub --prefix /opt/app",
            "installed --prefix /opt/app",
        ):
            done = inside(room, f"python3 /parity-farside.py {words}")
            assert done.code == 0, f"{words}: {done.output}"
        assert "numpy" in inside(room, "ls /opt/app/current/lib/python3.11/site-packages").output
    return f"{file.stat().st_size >> 10} KiB"


def _sources(musl: Musl) -> str:
    done = musl.build(
        "sources",
        _SOURCES,
        install={"build-from-source": list(_SOURCES)},
        builder={"image": {"reference": musl.builder}},
    )
    bundle = done.bundle
    wheels = sorted(Path(each["wheel"]).name for each in bundle["packages"] if each["name"] in _SOURCES)
    assert all("musllinux_1_2_x86_64" in each for each in wheels), wheels
    with musl.machine(bundle) as room:
        lines = (
            "sh /media/bundle/install.sh /opt/app && /opt/app/current/bin/python -c 'import cffi, markupsafe'"
        )
        used = inside(room, f"{lines}; ls /opt/app/current/lib/python3.11/site-packages")
        assert used.code == 0, used.output
    return ", ".join(wheels)


def _other_patch(musl: Musl) -> str:
    done = musl.build("older", ("numpy",), target={**_TARGET, "libc": "musl 1.2.3"})
    assert done.code == ParityMismatch.exit_code, done.stdout + done.stderr
    assert "musl 1.2.3, the image has musl 1.2.5" in str(done.error), done.error
    return "refused: the image is newer"
