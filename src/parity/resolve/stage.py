"""Requirements to a lock: uv inside the image resolves, this side chooses and judges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from parity.engine.guests import Guest
from parity.errors import IndexFailed, NoWheel
from parity.model import Limits, Lock
from parity.model.network import HostNetwork
from parity.progress import Reporter
from parity.resolve.asking import SOURCES, Guess, GuestUv
from parity.resolve.blame import failure, no_wheel
from parity.resolve.explain import Lacking, undated_files
from parity.resolve.heldback import held_back, preferences_of
from parity.resolve.inputs import ResolveInputs
from parity.resolve.known import Known
from parity.resolve.remarks import demand_hashes, remarks
from parity.resolve.routes import check_confusion, check_mixed, with_folders, with_indexes
from parity.wire.resolving import ResolveResult


def resolve_lock(
    guest: Guest,
    inputs: ResolveInputs,
    existing: Lock | None,
    *,
    upgrade: bool = False,
    renewed: Collection[str] = (),
    timeout: float = Limits.resolving,
    bring_uv: Callable[[], None] | None = None,
    known: Sequence[Known] = (),
    thorough: bool = False,
    ahead: bool = True,
) -> Lock:
    """Resolve inside the image: one wheel, or a source distribution, and one hash for each package.

    Args:
        guest: the workshop's, with uv at UV_PATH; it is resolved for its Python, from its network's
            indexes, and its reporter hears what uv had to say.
        inputs: what to install, for which facts and tags.
        existing: the lock there is; its versions are kept where they still fit.
        upgrade: leave `existing` out and ask the index afresh.
        renewed: packages of `existing` to leave out; the index is asked afresh, too.
        timeout: seconds for uv.
        bring_uv: puts uv at UV_PATH, when it is needed; None where it is there.
        known: what was built already; it is not part of the lock that comes back.
        thorough: tell in the lock what is held back, and what else whoever asked should know.
        ahead: whether wheels may be fetched before they are asked for, which is faster.

    Raises:
        Unresolvable, NoWheel, HashMismatch, InputFileError, IndexConfusion, IndexFailed, ToolUnavailable.
    """
    network, reporter, uv = guest.network, guest.reporter, GuestUv(guest, inputs, timeout, tuple(known))
    _demand_default(network, inputs)
    existing = None if upgrade or existing is None else _without(existing, renewed)
    guess = uv.guess() if ahead and existing is None else Guess()
    kept = guess.lock if existing is None else preferences_of(existing, sources=inputs.auto)
    if bring_uv is not None:
        bring_uv()
    uv = replace(uv, known=(*known, *guess.told))
    fresh, offer = upgrade or bool(renewed), SOURCES if inputs.auto else ""
    answer = uv.compile(uv.requirements, lock=kept, refresh=fresh, offer=offer)
    reporter.debug(network.redact(answer["stderr"].strip()))
    check_confusion(answer["routes"], network, guess.routes)
    lock, hashed = _selected(uv, answer)
    demand_hashes(inputs.what, lock)
    _warn(reporter, lock, {*hashed, *guess.unhashed}, answer)
    told = replace(lock, variables=inputs.what.variables, setuptools_for=inputs.what.setuptools_for)
    lock = with_folders(with_indexes(told, answer["routes"]), network)
    check_mixed(lock, answer["routes"], network)
    return _with_words(uv, lock, guess, existing, answer["stderr"]) if thorough else lock


def _with_words(uv: GuestUv, lock: Lock, guess: Guess, existing: Lock | None, stderr: str) -> Lock:
    """The lock with what whoever asked should know."""
    held = () if uv.inputs.auto else held_back(uv, lock, guess, existing)
    return replace(lock, held_back=held, notes=remarks(stderr, uv.inputs, uv.known))


def _without(lock: Lock, names: Collection[str]) -> Lock:
    return replace(lock, wheels=tuple(wheel for wheel in lock.wheels if wheel.name not in names))


def _selected(uv: GuestUv, answer: ResolveResult) -> tuple[Lock, frozenset[str]]:
    """The lock from uv's, and the packages that its index does not hash; errors as `resolve_lock`."""
    if answer["lock"] is None:
        raise failure(uv, answer)
    try:
        return uv.selected(answer)
    except NoWheel as error:
        raise no_wheel(uv, Lacking(error.where, ""), error.message) from error


def _demand_default(network: HostNetwork, inputs: ResolveInputs) -> None:
    """What passes through our hands needs an address."""
    if (network.named or inputs.auto) and not (network.index_url or network.default_index):
        raise IndexFailed("no default index is known", remedy="name one in the profile: `index: {url: …}`")


def _warn(reporter: Reporter, lock: Lock, seen: set[str], answer: ResolveResult) -> None:
    """Tell what the index did not; `seen` are packages without a hash, whether they were chosen or not."""
    seen |= {*(answer["routes"]["unhashed"] if answer["routes"] else ())}
    unhashed = [wheel.name for wheel in lock.wheels if wheel.name in seen]
    if left_out := undated_files(answer["stderr"]):
        reporter.warn(f"without an upload time, and left out by exclude-newer: {', '.join(left_out)}")
    if unhashed:
        reporter.warn(
            f"the index tells no SHA-256 for {', '.join(unhashed)}: computed from what it served now; "
            "later builds are held to that"
        )
