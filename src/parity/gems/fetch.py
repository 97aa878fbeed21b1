"""Wishes to gems: the image's own rubygems resolves and fetches; no gem's code runs, nothing is believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from parity.errors import BuildFailed, HostileSource, IndexFailed, LockOutdated, ParityError, Unresolvable
from parity.gems.room import RubyPlace, ruby_room
from parity.gems.scripts import FETCH
from parity.model import GemSettings, GemsPlan, LockedGem
from parity.model.network import HostNetwork
from parity.portable.ruby.names import full_name, is_word
from parity.portable.texts import printable
from parity.wire.gems import GemFetched, GemFetchJob, GemProblem, GemsFetched

_FOLDER = "fetched"
_SHORTEST_SECRET = 4


@dataclass(frozen=True)
class GemWay:
    """How gem sources are reached: proxies and certificates, and what gem is told on this machine."""

    network: HostNetwork
    settings: GemSettings


@dataclass(frozen=True)
class FetchedGems:
    """What came, in the order of installation, and not hashed yet.

    Attributes:
        rows: which gems.
        present: gems of the image that serve as they are.
        files: their files as a tar stream.
    """

    rows: tuple[GemFetched, ...]
    present: tuple[str, ...]
    files: Iterator[bytes]


@contextmanager
def fetched_gems(
    place: RubyPlace, plan: GemsPlan, locked: Sequence[LockedGem] | None, way: GemWay
) -> Iterator[FetchedGems]:
    """Resolve and fetch in a container that has network, no store and no rights.

    Args:
        place: where; the target's image.
        plan: what is wanted.
        locked: exactly these, without asking which; None to resolve.
        way: how sources are reached.

    Raises:
        Unresolvable: no source has a gem, or no set fits together.
        LockOutdated: what was locked is no longer to be had.
        IndexFailed: a source cannot be reached.
        HostileSource: it names gems as none may be called.
        BuildFailed, ImageUnavailable: Ruby does not work there, or is not there.
    """
    # Logins are in this container, so nothing of a gem runs here: rubygems reads metadata and fetches files.
    with ruby_room(place, network=True) as room:
        folder = room.folder("fetch")
        job: GemFetchJob = {
            "wanted": [[name, *wanted] for name, wanted in plan.wanted],
            "locked": None if locked is None else [_place(each) for each in locked],
            "sources": list(plan.sources),
            "gemrc": list(way.settings.gemrc),
            "logins": dict(way.settings.logins),
            "mirrors": dict(way.settings.mirrors),
            "platforms": {name: list(each) for name, each in plan.platforms},
            "bound": {name: list(each) for name, each in plan.bound},
            "proxies": dict(way.network.proxies),
            # A file, since OpenSSL reads no text; it is no secret.
            "ca": room.certificates(way.network.ca_bundle),
            "work": folder,
            "folder": f"{folder}/{_FOLDER}",
        }
        try:
            found = room.ask(FETCH, job, GemsFetched, "fetch")
        except BuildFailed as error:
            # Ruby's last words may quote an address with its login.
            raise _redacted(error, way) from error
        if found["error"]:
            raise _failed(found["error"], locked is not None, way)
        # Names become files here and on the target: what cannot be one goes no further.
        _demand_sound(found["gems"])
        _demand_locked(found["gems"], plan)
        yield FetchedGems(tuple(found["gems"]), tuple(found["present"]), room.files(job["folder"]))


def _place(gem: LockedGem) -> GemFetched:
    return {
        "name": gem.name,
        "version": gem.version,
        "platform": gem.platform,
        "source": gem.source,
        "file": gem.file,
    }


def _demand_sound(rows: Sequence[GemFetched]) -> None:
    """What Ruby tells is held against what gems may be called: it repeats what a source says."""
    for row in rows:
        name = full_name(row["name"], row["version"], row["platform"])
        if not all(map(is_word, (row["name"], row["version"], row["platform"]))):
            raise HostileSource(f"a source names a gem {name[:200]!a}", where=row["source"][:200])
        if row["file"] != f"{name}.gem":
            raise HostileSource(f"a source gives {row['file'][:200]!a} for {name}", where=row["source"][:200])
    # GEM_HOME could hold two versions; then what `require` takes would depend on the target.
    if len({row["name"] for row in rows}) != len(rows):
        raise HostileSource("a gem is named twice")


def _demand_locked(rows: Sequence[GemFetched], plan: GemsPlan) -> None:
    """Refuse what bundler's lock does not have; bundler would, too."""
    # A resolver that adds gems beside the lock would carry what nobody has reviewed.
    more = sorted({row["name"] for row in rows} - dict(plan.platforms).keys()) if plan.gemfile else []
    if more:
        raise Unresolvable(
            f"gems: the Gemfile's lock lacks what its gems need: {', '.join(more)}",
            where=str(plan.gemfile),
            remedy="write the lock anew: `bundle lock`",
        )


def _failed(problem: GemProblem, locked: bool, way: GemWay) -> ParityError:
    # What a source says is a stranger's word.
    lines = [printable(line)[:500] for line in _clean(problem["message"], way).splitlines()]
    message, details = (lines or ["no reason given"])[0], tuple(lines[1:20])
    if problem["kind"] == "hostile":
        return HostileSource(message, details=details)
    # Nothing was resolved: whatever went wrong, it is the lock that does not serve any more.
    if locked:
        return LockOutdated(
            f"the locked gems cannot be had: {message}",
            remedy="see that the source answers; --upgrade locks what it has now",
            details=details,
        )
    # Not the network's fault: trying again later does not help, so it is told apart.
    if problem["kind"] in ("unknown", "conflict"):
        return Unresolvable(
            f"gems: {message}",
            remedy="check names and versions under `gems` in the profile, and the sources named above",
            details=details,
        )
    return IndexFailed(
        f"gems: {message}",
        remedy="check the address (gems.sources in the profile, else ~/.gemrc), proxy and certificates",
        details=details,
    )


def _clean(text: str, way: GemWay) -> str:
    """The text without logins."""
    text = way.network.redact(text)
    # Those of the network are known to it; these are bundler's alone.
    for _, login in way.settings.logins:
        # The password alone, too: tools quote it without its user. A very short one would blot out words.
        for secret in (login, login.partition(":")[2]):
            text = text.replace(secret, "***") if len(secret) >= _SHORTEST_SECRET else text
    return text


def _redacted(error: BuildFailed, way: GemWay) -> BuildFailed:
    details = tuple(_clean(line, way) for line in error.details)
    return BuildFailed(_clean(error.message, way), where=error.where, remedy=error.remedy, details=details)
