"""Requirements to a lock: uv inside the image resolves, this side chooses and judges."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import AUDITS, KILLED, STORE, memory_error, out_of_memory
from parity.errors import IndexFailed, NoWheel, ToolUnavailable
from parity.model import Limits, Lock
from parity.model.limits import remedy, spelt
from parity.model.network import HostNetwork, clean_url
from parity.progress import Reporter
from parity.resolve.explain import OVERTIME, Lacking, lacking_wheel, resolve_error, undated_files
from parity.resolve.firsthash import compute_hashes
from parity.resolve.inputs import ResolveInputs, inputs_digest
from parity.resolve.known import Known, known_requirements, known_wheels, settings_text
from parity.resolve.lockfile import preferences, write_lock
from parity.resolve.requirements import RequirementLine
from parity.resolve.routes import check_confusion, routed_error, with_indexes
from parity.resolve.select import first_version, select_wheels, unhashed_wheels
from parity.resolve.uv import uv_version
from parity.wire.network import RoutesSaid
from parity.wire.resolving import GuessJob, PageTrouble, ResolveJob, ResolveResult
from parity.wire.tasks import GUESS, RESOLVE

UV_PATH = "/parity/bin/uv"
UV_CACHE = f"{STORE}/uv-cache"
RETRIES = 3
_SHOWN_VERSIONS = 5
_GUESSING_THREADS = 16  # more are slower: indexes hold further connections of one client back
_GUESSING_SECONDS = 60.0


def resolver() -> str:
    """The resolver and its version, as the lock names it."""
    return f"uv {uv_version()}"


def resolve_lock(
    guest: Guest,
    inputs: ResolveInputs,
    existing: Lock | None,
    *,
    upgrade: bool = False,
    timeout: float = Limits.resolving,
    bring_uv: Callable[[], None] | None = None,
    known: Sequence[Known] = (),
) -> Lock:
    """Resolve inside the image: one wheel and one hash for each package.

    For names in `inputs.sources` it is the source distribution; no code of it runs here.

    Args:
        guest: the workshop's, with uv at UV_PATH; it is resolved for its Python, from its network's
            indexes, and its reporter hears what uv had to say.
        inputs: what to install, for which facts and tags.
        existing: the lock there is; its versions are kept where they still fit.
        upgrade: leave `existing` out and ask the index afresh.
        timeout: seconds for uv.
        bring_uv: puts uv at UV_PATH, when it is needed; None where it is there.
        known: what was built already; it is not part of the lock that comes back.

    Raises:
        Unresolvable, NoWheel, HashMismatch, IndexConfusion, IndexFailed, ToolUnavailable.
    """
    network, reporter = guest.network, guest.reporter
    _demand_default(network)
    uv = _GuestUv(guest, inputs, timeout, tuple(known))
    guess = uv.guess() if upgrade or existing is None else _Guess()
    kept = guess.lock if upgrade or existing is None else write_lock(existing)
    uv = replace(uv, known=(*known, *guess.told))
    if bring_uv is not None:
        bring_uv()
    answer = uv.compile(_text(inputs.what.requirements), lock=kept, refresh=upgrade)
    reporter.debug(network.redact(answer["stderr"].strip()))
    check_confusion(answer["routes"], network, guess.routes)
    lock, hashed = uv.selected(answer)
    unhashed = {*hashed, *guess.unhashed, *(answer["routes"]["unhashed"] if answer["routes"] else ())}
    _warn(reporter, [wheel.name for wheel in lock.wheels if wheel.name in unhashed], answer["stderr"])
    return replace(with_indexes(lock, answer["routes"]), variables=inputs.what.variables)


def _demand_default(network: HostNetwork) -> None:
    if network.named and not (network.index_url or network.default_index):
        raise IndexFailed("no default index is known", remedy="name one in the profile: `index: {url: …}`")


@dataclass(frozen=True)
class _Guess:
    """What uv will likely choose, as the lock that it takes preferences from; and what was seen by it.

    `told` is those wheels' own metadata, so that uv need not ask the index for it once more.
    """

    lock: str | None = None
    told: tuple[Known, ...] = ()
    unhashed: tuple[str, ...] = ()
    routes: RoutesSaid | None = None


@dataclass(frozen=True)
class _GuestUv:
    """uv inside the container, asked through the guest."""

    guest: Guest
    inputs: ResolveInputs
    timeout: float
    known: tuple[Known, ...] = ()

    @property
    def network(self) -> HostNetwork:
        """The indexes, and how they are reached."""
        return self.guest.network

    def compile(
        self, requirements: str, *, lock: str | None = None, refresh: bool = False, alone: bool = False
    ) -> ResolveResult:
        """Run `uv pip compile`; `alone` leaves dependencies and constraints out."""
        job: ResolveJob = {
            **self.network.job(),
            "uv": UV_PATH,
            "python": self.guest.python,
            "cache": UV_CACHE,
            "requirements": requirements if alone else requirements + known_requirements(self.known),
            "sources": list(self.inputs.sources),
            "metadata": settings_text(self.known, self.inputs.sources),
            "constraints": "" if alone else _text(self.inputs.what.constraints),
            "lock": lock,
            "refresh": refresh,
            "no_deps": alone,
            "exclude_newer": self.inputs.exclude_newer,
            "prereleases": self.inputs.prereleases,
            "timeout": self.timeout,
            "retries": RETRIES,
        }
        return self._run(job)

    def _run(self, job: ResolveJob) -> ResolveResult:
        try:
            return self.guest.ask(RESOLVE, job, timeout=self.timeout + 30)
        except GuestFailed as error:
            message = "uv could not be run inside the image: " + self.network.redact(error.last_line)
            raise out_of_memory(error) or ToolUnavailable(message) from error
        except TimeoutError as error:
            raise self._overtime() from error

    def _overtime(self) -> IndexFailed:
        return IndexFailed(f"resolving took longer than {spelt(self.timeout)}", remedy=remedy("resolving"))

    def selected(self, answer: ResolveResult) -> tuple[Lock, frozenset[str]]:
        """The lock from uv's, and the packages that its index does not hash; errors as `resolve_lock`."""
        if answer["lock"] is None:
            raise self.error(answer)
        try:
            return self._selected(answer)
        except NoWheel as error:
            raise self.no_wheel(Lacking(error.where, ""), error.message) from error

    def _selected(self, answer: ResolveResult) -> tuple[Lock, frozenset[str]]:
        """The same; what its index does not hash is fetched first."""
        text, routes, computed = answer["lock"] or "", answer["routes"], dict[str, str]()
        names = routes["names"] if routes else {}
        hashed: frozenset[str] = frozenset()
        while missing := unhashed_wheels(text, self.inputs, computed):
            found = compute_hashes(self.guest, missing, lambda name: names.get(name, ""))
            computed.update(found)
            hashed |= missing.keys()
        index = clean_url(self.network.index_url) if self.network.index_url else None
        digest = inputs_digest(self.inputs, resolver())
        lock = select_wheels(text, self.inputs, index, digest, resolver(), computed)
        return lock, hashed

    def guess(self) -> _Guess:
        """Guess what uv will choose, if it can be guessed.

        The wheels are in the store then, and uv has fewer answers to wait for.
        """
        index = self.network.index_url or self.network.default_index
        if index is None or self.inputs.exclude_newer is not None or self.inputs.prereleases:
            return _Guess()
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
            return _Guess()
        if found["troubles"]:
            raise self._trouble(found["troubles"][0])
        built = {*self.inputs.sources, *(one.name for one in self.known)}
        metadata = {name: said for name, said in found["metadata"].items() if name not in built}
        versions = {name: said["version"] for name, said in metadata.items()}
        lock = preferences(versions) if versions else None
        return _Guess(lock, known_wheels(metadata), tuple(found["unhashed"]), found["routes"])

    def _trouble(self, said: PageTrouble) -> IndexFailed:
        """A page that nobody should have to read."""
        message = self.network.redact(f"the index failed: its page of {said['name']}: {said['message']}")
        return IndexFailed(message, where=clean_url(said["url"]))

    def error(self, answer: ResolveResult) -> Exception:
        """What to raise for a failed resolution."""
        if answer["exit_code"] in (KILLED, -signal.SIGKILL):
            return memory_error()
        if answer["exit_code"] == OVERTIME:
            return self._overtime()
        routed = routed_error(answer["routes"], self.network)
        if routed is not None:
            return routed
        lacking = lacking_wheel(answer["stderr"])
        failed = resolve_error(answer["exit_code"], answer["stderr"], self.network)
        if lacking is None or isinstance(failed, IndexFailed):
            return failed
        named = f"{lacking.name} {lacking.tried}".rstrip()
        return self.no_wheel(lacking, f"{named} has no wheel that fits the target", (failed.message,))

    def no_wheel(self, lacking: Lacking, message: str, details: tuple[str, ...] = ()) -> NoWheel:
        """The error for a lacking wheel, with the versions that do have one."""
        versions = tuple(self.fitting_versions(lacking.name))
        if versions:
            told = f"these versions of {lacking.name} have a fitting wheel: {', '.join(versions)}"
            remedy = f"allow {lacking.name}=={versions[0]} by a requirement or a constraint"
        else:
            told = f"no version of {lacking.name} has a fitting wheel on this index"
            remedy = f"let it be built (--build-from-source {lacking.name}), or put a wheel on your own index"
        return NoWheel(f"{message}; {told}", where=lacking.name, remedy=remedy, details=details)

    def fitting_versions(self, name: str) -> Iterator[str]:
        """The newest versions of a project that have a fitting wheel, newest first: uv is asked for each."""
        asked = name
        for _ in range(_SHOWN_VERSIONS):
            answer = self.compile(asked, alone=True)
            if answer["lock"] is None:
                return
            version, fits = first_version(answer["lock"], self.inputs)
            if fits:
                yield version
            asked = f"{name}<{version}"


def _warn(reporter: Reporter, unhashed: list[str], stderr: str) -> None:
    """Tell what the index did not."""
    if left_out := undated_files(stderr):
        reporter.warn(f"without an upload time, and left out by exclude-newer: {', '.join(left_out)}")
    if unhashed:
        reporter.warn(
            f"the index tells no SHA-256 for {', '.join(unhashed)}: computed from what it served now; "
            "later builds are held to that"
        )


def _text(lines: tuple[RequirementLine, ...]) -> str:
    return "".join(f"{line.text}\n" for line in lines)
