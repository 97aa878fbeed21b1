"""Why nothing could be resolved: which packages lack a wheel, who wants them, and what helps."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping, Sequence

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from parity.engine.workshop import KILLED, memory_error
from parity.errors import IndexFailed, NoWheel, ParityError, Unresolvable
from parity.model.network import HostNetwork
from parity.resolve.asking import ALL, SOURCES, GuestUv
from parity.resolve.explain import (
    OVERTIME,
    Lacking,
    WrongPython,
    absent_version,
    lacking_wheel,
    resolve_error,
    wrong_python,
)
from parity.resolve.routes import routed_error
from parity.resolve.select import BUILD_THEM, first_version, versions_in, without_wheel
from parity.wire.network import RoutesSaid
from parity.wire.resolving import ResolveResult

_SHOWN_VERSIONS = 5
_ROOT = "-r requirements.txt"
_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?(?:==| @ ).*")
_SYSTEMS = {"win": "win32", "macosx": "darwin"}


def failure(uv: GuestUv, answer: ResolveResult) -> Exception:
    """The error for what uv could not resolve."""
    if answer["exit_code"] in (KILLED, -signal.SIGKILL):
        return memory_error()
    if answer["exit_code"] == OVERTIME:
        return uv.overtime()
    routed = routed_error(answer["routes"], uv.network)
    if routed is not None:
        return routed
    failed = resolve_error(answer["exit_code"], answer["stderr"], uv.network)
    if isinstance(failed, IndexFailed):
        return failed
    return _lacking(uv, answer) if uv.can_offer else _as_told(uv, answer)


def _lacking(uv: GuestUv, answer: ResolveResult) -> Exception:
    """Whether wheels are what is lacking is seen by offering more than wheels."""
    sourced = answer if uv.inputs.auto else uv.compile(uv.requirements, offer=SOURCES)
    if sourced["lock"] is None and (wrong := wrong_python(sourced["stderr"])):
        return _for_another_python(uv, wrong)
    # An offer passes over what is for another Python, so that nothing is said of it there.
    plain = uv.compile(uv.requirements) if uv.inputs.auto else answer
    offer, found = SOURCES, sourced
    if sourced["lock"] is None:
        offer, found = ALL, uv.compile(uv.requirements, offer=ALL)
    if found["lock"] is None:
        return _as_told(uv, sourced)  # even so it does not fit together
    lacking = without_wheel(found["lock"], uv.inputs, found["offered"])
    wrong = wrong_python(plain["stderr"]) if plain["lock"] is None else None
    if offer == ALL and wrong and wrong.name in lacking:
        return _for_another_python(uv, wrong)
    if offer == ALL:
        lacking = {name: said for name, said in lacking.items() if _is_wheel(said[1])} or lacking
    may_be_built = uv.inputs.auto and not any(_is_wheel(url) for _, url in lacking.values())
    if not lacking or may_be_built:
        return _as_told(uv, answer)
    parents = wanted_by(uv, found, offer)
    if all(_is_wheel(url) for _, url in lacking.values()):
        return _nothing_fits(uv, lacking, parents)
    return _only_sources(lacking, parents)


def _as_told(uv: GuestUv, answer: ResolveResult) -> Exception:
    """The error by uv's own words."""
    failed = resolve_error(answer["exit_code"], answer["stderr"], uv.network)
    lacking = lacking_wheel(answer["stderr"])
    if name := absent_version(answer["stderr"]):
        return _no_such_version(uv, name, failed)
    if lacking is None or isinstance(failed, IndexFailed):
        return doubting_address(failed, uv.network, answer["routes"])
    named = f"{lacking.name} {lacking.tried}".rstrip()
    return no_wheel(uv, lacking, f"{named} has no wheel that fits the target", (failed.message,))


def doubting_address(failed: ParityError, network: HostNetwork, routes: RoutesSaid | None) -> ParityError:
    """An error for a package that is nowhere; the index's address is doubted where it had nothing at all.

    A server that answers 404 to whatever is below a mistyped address looks like an index without packages.

    Args:
        failed: returned as it is where an index has something, or none was named.
        network: tells the address that was named.
        routes: what was found on which index; None where nobody looked.
    """
    if not isinstance(failed, Unresolvable) or not failed.where or network.index_url is None:
        return failed
    if routes is None or routes["names"]:
        return failed
    return Unresolvable(
        failed.message,
        where=failed.where,
        remedy=f"{failed.remedy}; {network.index_url} had nothing that was asked for: see that it is an "
        "index's address, which often ends with /simple/",
        details=failed.details,
    )


def _for_another_python(uv: GuestUv, wrong: WrongPython) -> Unresolvable:
    versions = ", ".join(each for each in _fitting_versions(uv, wrong.name) if each != wrong.version)
    target = wrong.target or uv.inputs.facts.markers["python_full_version"]
    told = f"; these versions have a fitting wheel: {versions}" if versions else ""
    newest = versions.partition(",")[0]
    return Unresolvable(
        f"{wrong.name} {wrong.version} is for Python {wrong.wants}, the target has {target}{told}",
        where=wrong.name,
        remedy=f"allow {wrong.name}=={newest} by a requirement or a constraint"
        if newest
        else f"use another version of what wants {wrong.name}, or a target with a Python that it takes",
    )


def _no_such_version(uv: GuestUv, name: str, failed: ParityError) -> ParityError:
    """Which versions there are."""
    versions = ", ".join(_fitting_versions(uv, name))
    if not versions:
        return failed
    return Unresolvable(
        f"{failed.message} These versions of {name} have a fitting wheel: {versions}",
        where=name,
        remedy=f"name one of the versions of {name} that there are",
        details=failed.details,
    )


def _only_sources(lacking: Mapping[str, tuple[str, str]], parents: Mapping[str, Sequence[str]]) -> NoWheel:
    told = [f"{name} {version}{chain(name, parents)}" for name, (version, _) in sorted(lacking.items())]
    first = min(lacking)
    message = (
        f"{told[0]}: it has no wheel that fits the target, only a source distribution"
        if len(told) == 1
        else f"{len(told)} packages have no wheel that fits the target, only a source distribution: "
        + "; ".join(told)
    )
    remedy = f"let what has no wheel be built in the builder, without network: {BUILD_THEM}"
    return NoWheel(message, where=first, remedy=remedy)


def _nothing_fits(
    uv: GuestUv,
    lacking: Mapping[str, tuple[str, str]],
    parents: Mapping[str, Sequence[str]],
) -> NoWheel:
    """There is neither a wheel nor a source; the first package tells what to do."""
    name = min(lacking)
    version, url = lacking[name]
    told = f"{name} {version}{chain(name, parents)}: it has no wheel that fits the target, and no source"
    if others := [f"{each} {lacking[each][0]}{chain(each, parents)}" for each in sorted(lacking)[1:]]:
        told += "; nor has " + "; ".join(others)
    versions = tuple(_fitting_versions(uv, name))
    known = (
        f"these versions of {name} have a fitting wheel: {', '.join(versions)}"
        if versions
        else f"no version of {name} has a fitting wheel on this index"
    )
    remedy = _remedy(uv, name, url, versions, parents)
    return NoWheel(f"{told}; {known}", where=name, remedy=remedy)


def _remedy(
    uv: GuestUv, name: str, url: str, versions: Sequence[str], parents: Mapping[str, Sequence[str]]
) -> str:
    """What helps where nothing can be built; a version is named only where it works."""
    is_own = _ROOT in parents.get(name, (_ROOT,))
    if versions and (is_own or _fits_in(uv, f"{name}=={versions[0]}")):
        return f"allow {name}=={versions[0]} by a requirement or a constraint"
    system = _system_of(url)
    own = "put a wheel of it on your own index"
    if is_own and system:
        return f'it is for another system: write `{name}; sys_platform == "{system}"`, or {own}'
    if is_own:
        return f"leave it out, or {own}"
    return f"use another version of {parents[name][0]}, which wants it on this target, or {own}"


def _fits_in(uv: GuestUv, line: str) -> bool:
    return uv.compile(f"{uv.requirements}{line}\n")["lock"] is not None


def _system_of(url: str) -> str:
    """The `sys_platform` that a wheel is for; empty where it is for Linux, or for any."""
    try:
        tags = parse_wheel_filename(url.rpartition("/")[2])[3]
    except InvalidWheelFilename:
        return ""
    found = {
        next((name for key, name in _SYSTEMS.items() if tag.platform.startswith(key)), "") for tag in tags
    }
    return found.pop() if len(found) == 1 else ""


def no_wheel(uv: GuestUv, lacking: Lacking, message: str, details: tuple[str, ...] = ()) -> NoWheel:
    """The error for one lacking wheel, with the versions that do have one."""
    versions = tuple(_fitting_versions(uv, lacking.name))
    if versions:
        told = f"these versions of {lacking.name} have a fitting wheel: {', '.join(versions)}"
        remedy = f"allow {lacking.name}=={versions[0]} by a requirement or a constraint"
    else:
        told = f"no version of {lacking.name} has a fitting wheel on this index"
        remedy = "leave it out, use another version of what wants it, or put a wheel on your own index"
    return NoWheel(f"{message}; {told}", where=lacking.name, remedy=remedy, details=details)


def _fitting_versions(uv: GuestUv, name: str) -> Iterator[str]:
    """The newest versions of a project that have a fitting wheel, newest first: uv is asked for each."""
    asked = name
    for _ in range(_SHOWN_VERSIONS):
        answer = uv.compile(asked, alone=True)
        if answer["lock"] is None:
            return
        version, fits = first_version(answer["lock"], uv.inputs)
        if fits:
            yield version
        asked = f"{name}<{version}"


def wanted_by(uv: GuestUv, answer: ResolveResult, offer: str) -> dict[str, list[str]]:
    """Who requires each package of what uv resolved, by name; empty where uv does not tell."""
    by_path = {one.name for one in uv.known if one.path}
    versions = versions_in(answer["lock"] or "", uv.inputs)
    pinned = [f"{name}=={version}" for name, version in versions.items() if name not in by_path]
    return parents_in(uv.compile(uv.requirements, offer=offer, pinned=pinned)["lock"] or "")


def parents_in(text: str) -> dict[str, list[str]]:
    """Who requires each package, of the comments that uv puts behind each in a requirements file."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if match := _PINNED.fullmatch(line):
            name = match[1]
            found[name] = []
        elif (name and line.lstrip().startswith("# ")) or line.strip() == "# via":
            said = line.strip().removeprefix("#").strip().removeprefix("via").strip()
            found[name] += [said] if said and not said.startswith("-c ") else []
    return found


def chain(name: str, parents: Mapping[str, Sequence[str]]) -> str:
    """`, wanted by B, wanted by C` up to what the user asks for, by the shortest way; empty for what is."""
    way: dict[str, list[str]] = {name: []}
    waiting = [name]
    while waiting:
        at = waiting.pop(0)
        above = parents.get(at, ())
        if _ROOT in above or not above:
            return "".join(f", wanted by {each}" for each in way[at])
        for parent in above:
            if parent not in way:
                way[parent] = [*way[at], parent]
                waiting.append(parent)
    return ""


def _is_wheel(url: str) -> bool:
    return url.endswith(".whl")
