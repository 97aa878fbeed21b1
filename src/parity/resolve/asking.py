"""uv inside the container, asked through the guest: what it resolves, and what it will likely choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import AUDITS, STORE, out_of_memory
from parity.errors import IndexFailed, ToolUnavailable
from parity.model import Lock
from parity.model.limits import remedy, spelt
from parity.model.network import HostNetwork, clean_url
from parity.resolve.firsthash import compute_hashes
from parity.resolve.inputs import ResolveInputs, inputs_digest
from parity.resolve.known import Known, known_requirements, known_wheels, settings_text
from parity.resolve.lockfile import preferences
from parity.resolve.requirements import RequirementLine
from parity.resolve.select import select_wheels, unhashed_wheels
from parity.resolve.uv import uv_version
from parity.wire.network import RoutesSaid
from parity.wire.resolving import GuessJob, PageTrouble, ResolveJob, ResolveResult
from parity.wire.tasks import GUESS, RESOLVE

UV_PATH = "/parity/bin/uv"
UV_CACHE = f"{STORE}/uv-cache"
RETRIES = 3
SOURCES, ALL = "sources", "all"
"""What the index may offer besides fitting wheels: sources; or what does not fit at all, too."""
_GUESSING_THREADS = 16  # more are slower: indexes hold further connections of one client back
_GUESSING_SECONDS = 60.0


def resolver() -> str:
    """The resolver and its version, as the lock names it."""
    return f"uv {uv_version()}"


@dataclass(frozen=True)
class Guess:
    """What uv will likely choose, as the lock that it takes preferences from; and what was seen by it.

    `told` is those wheels' own metadata, so that uv need not ask the index for it once more; `source_only`
    are projects with a newer version that has no fitting wheel; `made` is whether there was a guess at all.
    """

    lock: str | None = None
    told: tuple[Known, ...] = ()
    unhashed: tuple[str, ...] = ()
    routes: RoutesSaid | None = None
    source_only: frozenset[str] = frozenset()
    made: bool = False


@dataclass(frozen=True)
class GuestUv:
    """uv inside the container, asked through the guest."""

    guest: Guest
    inputs: ResolveInputs
    timeout: float
    known: tuple[Known, ...] = ()

    @property
    def network(self) -> HostNetwork:
        """The indexes, and how they are reached."""
        return self.guest.network

    @property
    def requirements(self) -> str:
        """The user's requirement lines."""
        return lines_of(self.inputs.what.requirements)

    @property
    def can_offer(self) -> bool:
        """Whether the index's pages can be read on their way, which takes its address."""
        return bool(self.network.index_url or self.network.default_index)

    def compile(
        self,
        requirements: str,
        *,
        lock: str | None = None,
        refresh: bool = False,
        alone: bool = False,
        offer: str = "",
        pinned: Sequence[str] | None = None,
    ) -> ResolveResult:
        """Run `uv pip compile`.

        Args:
            requirements: lines.
            lock: whose versions are preferred.
            refresh: ask the index for everything anew.
            alone: leave dependencies and constraints out.
            offer: SOURCES, ALL, or nothing; addresses of what was offered are in `offered`.
            pinned: lines that say each version; the answer is then no lock, but who requires what.
        """
        limits = "" if alone else lines_of(self.inputs.what.constraints)
        reach = self.network.job()
        if offer and not reach["index_url"]:
            reach["index_url"] = self.network.default_index
        job: ResolveJob = {
            **reach,
            "uv": UV_PATH,
            "python": self.guest.python,
            "cache": UV_CACHE,
            "requirements": requirements if alone else requirements + known_requirements(self.known),
            "sources": list(self.inputs.sources),
            "metadata": settings_text(self.known, self.inputs.sources),
            "constraints": limits + "".join(f"{line}\n" for line in pinned or ()),
            "lock": lock,
            "refresh": refresh,
            "no_deps": alone,
            "exclude_newer": self.inputs.exclude_newer,
            "prereleases": self.inputs.prereleases,
            "timeout": self.timeout,
            "retries": RETRIES,
            "offer": offer,
            "tags": list(self.inputs.tags),
            "python_version": self.inputs.facts.markers["python_full_version"],
            "tree": pinned is not None,
        }
        return self._run(job)

    def _run(self, job: ResolveJob) -> ResolveResult:
        try:
            return self.guest.ask(RESOLVE, job, timeout=self.timeout + 30)
        except GuestFailed as error:
            message = "uv could not be run inside the image: " + self.network.redact(error.last_line)
            raise out_of_memory(error) or ToolUnavailable(message) from error
        except TimeoutError as error:
            raise self.overtime() from error

    def overtime(self) -> IndexFailed:
        """Resolving took too long."""
        return IndexFailed(f"resolving took longer than {spelt(self.timeout)}", remedy=remedy("resolving"))

    def selected(self, answer: ResolveResult) -> tuple[Lock, frozenset[str]]:
        """The lock from uv's, and the packages that its index does not hash; those are fetched first.

        Raises:
            NoWheel, HashMismatch, IndexFailed: see `select_wheels`.
        """
        text, routes, computed = answer["lock"] or "", answer["routes"], dict[str, str]()
        names, offered = (routes["names"] if routes else {}), answer["offered"]
        hashed: frozenset[str] = frozenset()
        while missing := unhashed_wheels(text, self.inputs, computed, offered):
            found = compute_hashes(self.guest, missing, lambda name: names.get(name, ""))
            computed.update(found)
            hashed |= missing.keys()
        index = clean_url(self.network.index_url) if self.network.index_url else None
        digest = inputs_digest(self.inputs, resolver())
        lock = select_wheels(text, self.inputs, index, digest, resolver(), computed, offered=offered)
        return lock, hashed

    def guess(self) -> Guess:
        """Guess what uv will choose, if it can be guessed.

        The wheels are in the store then, and uv has fewer answers to wait for.
        """
        index = self.network.index_url or self.network.default_index
        if index is None or self.inputs.exclude_newer is not None or self.inputs.prereleases:
            return Guess()
        job: GuessJob = {
            **self.network.job(),
            "store": STORE,
            "audits": AUDITS,
            "index_url": index,
            "requirements": [line.text for line in self.inputs.what.requirements],
            "constraints": [line.text for line in self.inputs.what.constraints],
            "tags": list(self.inputs.tags),
            "markers": dict(self.inputs.facts.markers),
            "threads": _GUESSING_THREADS,
            "deadline": _GUESSING_SECONDS,
        }
        try:
            found = self.guest.ask(GUESS, job, timeout=5 * _GUESSING_SECONDS)
        except TimeoutError as error:  # which ends the workshop
            raise IndexFailed("asking the index came to no end", where=clean_url(index)) from error
        except GuestFailed as error:
            self.guest.reporter.debug(self.network.redact(f"no guess: {error}"))
            return Guess()
        if found["troubles"]:
            raise self._trouble(found["troubles"][0])
        built = {*self.inputs.sources, *(one.name for one in self.known)}
        metadata = {name: said for name, said in found["metadata"].items() if name not in built}
        source_only = frozenset(found["source_only"])
        # With sources, a version without a wheel may be newer: what was guessed is not to be preferred then.
        passed_over = source_only if self.inputs.auto else frozenset[str]()
        versions = {name: said["version"] for name, said in metadata.items() if name not in passed_over}
        lock = preferences(versions) if versions else None
        return Guess(
            lock, known_wheels(metadata), tuple(found["unhashed"]), found["routes"], source_only, made=True
        )

    def _trouble(self, said: PageTrouble) -> IndexFailed:
        """A page that nobody should have to read."""
        message = self.network.redact(f"the index failed: its page of {said['name']}: {said['message']}")
        return IndexFailed(message, where=clean_url(said["url"]))


def lines_of(lines: Sequence[RequirementLine]) -> str:
    """Requirement lines as a file has them."""
    return "".join(f"{line.text}\n" for line in lines)
