"""Fetched gems judged, and those that build something built: in containers without network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from parity.engine.workshop import STORE
from parity.errors import BuildFailed, HostileSource, NotIsolated
from parity.gems.room import CARRY, RubyPlace, RubyRoom, ruby_room
from parity.gems.scripts import LAY, REPACK
from parity.model import LockedGem
from parity.portable.ruby.names import full_name, is_feature
from parity.portable.ruby.scripts import ABOUT, INSTALL, JUDGE
from parity.portable.texts import printable
from parity.wire.gems import GemLayJob, GemRepacked, GemRepackJob, GemSaid, GemsLaid, RubySaid

JUDGED_BY = hashlib.sha256((ABOUT + JUDGE).encode()).hexdigest()
"""Which code judges: what older code said counts no more."""
_GEMS = f"{CARRY}/gems"
_ABI_ENGINE = "ruby"


@dataclass(frozen=True)
class JudgedGems:
    """What files say of themselves, in the order in which they were asked, and the Ruby that read them."""

    ruby: RubySaid
    said: tuple[GemSaid, ...]


def judged_gems(place: RubyPlace, files: Sequence[tuple[str, str]]) -> JudgedGems:
    """Read gems of the store.

    Args:
        place: where.
        files: name and SHA-256 of each.

    Raises:
        HostileSource: one is no gem.
        BuildFailed, ImageUnavailable, NotIsolated: Ruby does not work there.
    """
    with ruby_room(place, network=False) as room:
        _lay(room, files)
        ruby = room.tell(ABOUT, (), RubySaid, "judge")
        said = room.tell(JUDGE, [f"{_GEMS}/{name}" for name, _ in files], list[GemSaid], "judge")
    # JRuby and TruffleRuby have gems of their own platforms, and neither is any distribution's own.
    if ruby["engine"] != _ABI_ENGINE:
        raise BuildFailed(
            f"the image's Ruby is {printable(ruby['engine'])}, and gems are carried for MRI alone",
            where=place.image.name,
            remedy="take the distribution's own Ruby",
        )
    if len(said) != len(files):
        raise BuildFailed("Ruby did not tell of each gem", where=place.image.name)
    for (name, _), each in zip(files, said, strict=True):
        if each["error"]:
            raise HostileSource(
                f"{name} is no sound gem: {printable(each['error'])}",
                where=name,
                remedy="nothing of it is taken; ask whoever keeps the source",
            )
    return JudgedGems(ruby, tuple(said))


def demand_same(gem: LockedGem, said: GemSaid) -> None:
    """Refuse a gem whose metadata tells of another one than its file's name; HostileSource says which."""
    found = full_name(said["name"], said["version"], said["platform"])
    if [said[key] for key in ("name", "version", "platform")] != [gem.name, gem.version, gem.platform]:
        raise HostileSource(
            f"{gem.file} says of itself that it is {printable(found)[:200]}",
            where=gem.source,
            remedy="nothing of it is taken; ask whoever keeps the source",
        )


def features_of(said: GemSaid, named: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What is required of a gem: what the profile says, else what its name and files suggest."""
    if said["name"] in named:
        return named[said["name"]]
    # Made of the names of a stranger's files.
    return tuple(each for each in said["require"] if is_feature(each))


@contextmanager
def built_gems(
    place: RubyPlace, files: Sequence[tuple[str, str]], building: Sequence[str]
) -> Iterator[tuple[dict[str, str], Iterator[bytes]]]:
    """Install all gems in the builder, which has no network, and pack those anew that built something.

    Args:
        place: where; the builder's image.
        files: name and SHA-256 of all gems, in the order of installation.
        building: the files of those that build something.

    Yields:
        the new file of each of them, and all new files as a tar stream.

    Raises:
        BuildFailed: one does not build; with what its build said.
        ImageUnavailable, NotIsolated: Ruby does not work there.
    """
    with ruby_room(place, network=False) as room:
        _lay(room, files)
        own = room.folder("build")
        # All of them: a build may load gems that it needs, as mini_portile2 is by others.
        paths = [f"{_GEMS}/{name}" for name, _ in files]
        try:
            room.install(INSTALL, paths, f"{own}/home", "build")
        except BuildFailed as error:
            raise BuildFailed(
                f"gems do not build, without network: {error.message}",
                where=place.image.name,
                remedy="name the headers and tools that the build lacks under builder.packages "
                "(see the lines above), or another version of the gem",
                details=error.details,
            ) from error
        job: GemRepackJob = {
            "folder": _GEMS,
            "home": f"{own}/home",
            "stage": f"{own}/stage",
            "out": f"{CARRY}/out",
            "gems": list(building),
        }
        made = room.ask(REPACK, job, list[GemRepacked], "build")
        # A build runs strangers' code as the same user: what it left behind must not pass for another gem.
        if [each["of"] for each in made] != list(building):
            raise BuildFailed("Ruby packed other gems than it was asked for", where=place.image.name)
        yield {each["of"]: each["file"] for each in made}, room.files(f"{CARRY}/out")


def _lay(room: RubyRoom, files: Sequence[tuple[str, str]]) -> None:
    job: GemLayJob = {
        "store": STORE,
        "folder": _GEMS,
        "gems": [{"file": name, "sha256": sha256} for name, sha256 in files],
    }
    # Seen from inside: that the engine was asked for no network does not say that there is none.
    if not room.ask(LAY, job, GemsLaid, "judge")["alone"]:
        raise NotIsolated("the container that reads and builds gems is not cut off from the network")
