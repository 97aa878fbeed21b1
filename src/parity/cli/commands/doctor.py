"""`parity doctor`: is this machine ready to build, and if not, what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from parity.cli.shared import complete
from parity.cli.shared.display import size
from parity.cli.shared.keyring import own_key_path
from parity.cli.shared.options import Arch, Json
from parity.cli.shared.output import output, print_json, stdout
from parity.cli.shared.profile_health import look
from parity.cli.shared.world import machine
from parity.docker_engine import DockerEngine, connect
from parity.engine import EngineInfo
from parity.errors import (
    EngineLost,
    EngineRefused,
    EngineUnavailable,
    IndexFailed,
    NotReady,
    OptionConflict,
)
from parity.host.network import host_network
from parity.images import registry_of, registry_remedy
from parity.model import IndexSettings, Profile
from parity.portable.texts import counted
from parity.profile import Overrides, load_profile
from parity.sign import public_path

EPILOG = """
`parity doctor` looks at this machine

`parity doctor rhel9-py39` looks at what building for that target needs, too
"""
State = Literal["ok", "warning", "missing"]
_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "missing": ("✗", "red")}
# A set with a large package, its bundle and its environment take some gigabytes together.
_ENOUGH_DISK = 5 * 10**9
_FOREIGN = ("x86_64", "aarch64", "ppc64le", "s390x")
# Any image that the engine's default registry has; nothing of it is pulled.
_REGISTRY_PROBE = "debian:stable-slim"


@dataclass(frozen=True)
class DoctorFinding:
    """One thing that was looked at; `remedy` is empty where all is well."""

    what: str
    state: State
    found: str
    remedy: str = ""


def doctor(
    profile: Annotated[
        str,
        typer.Argument(
            metavar="PROFILE",
            help="Look at its architecture, image, lock and indexes too.",
            autocompletion=complete.profiles,
        ),
    ] = "",
    *,
    arch: Arch = None,
    as_json: Json = False,
) -> None:
    """Check what a build needs: engine, rights, disk, emulation, certificates, proxies, registries."""
    output.json = as_json
    if arch and not profile:
        raise OptionConflict(
            "--arch is the architecture of a profile's target", remedy="name the profile, too"
        )
    found = load_profile(profile, overrides=Overrides(arch=arch)) if profile else None
    findings = list(_findings(found))
    ready = not any(finding.state == "missing" for finding in findings)
    if as_json:
        print_json({"ready": ready, "findings": [asdict(finding) for finding in findings]})
        raise typer.Exit(0 if ready else NotReady.exit_code)
    for finding in findings:
        stdout().print(_line(finding))
    if not ready:
        raise NotReady(
            "this machine cannot build bundles yet", remedy="mend what is marked ✗ above, then look again"
        )


def _line(finding: DoctorFinding) -> Text:
    mark, style = _MARKS[finding.state]
    text = Text.assemble((f" {mark} ", style), (f"{finding.what:<13}", "bold"), finding.found)
    if finding.remedy:
        text.append(f"\n{'':<16}→ {finding.remedy}")
    return text


def _findings(profile: Profile | None) -> Iterator[DoctorFinding]:
    engine = None
    try:
        engine = connect()
        info = engine.info()
    except (EngineUnavailable, EngineLost, EngineRefused) as error:
        engine = None
        # With all that was tried: a build that finds no engine sends here for more.
        found = "; ".join((error.message, *error.details))
        yield DoctorFinding("engine", "missing", found, _own(error.remedy))
    else:
        yield from _engine(info)
        yield _registry(engine, info, profile)
    yield _disk("output disk", Path.cwd())
    yield _emulation()
    yield _bootstrap()
    yield from _network(profile.index if profile else IndexSettings())
    yield _key()
    for each in look(profile, engine) if profile else ():
        yield DoctorFinding(each.what, "ok" if each.good else "missing", each.found, _own(each.remedy))


def _own(remedy: str) -> str:
    """A remedy without what sends to this very command."""
    return "; ".join(part for part in remedy.split("; ") if "parity doctor" not in part)


def _engine(info: EngineInfo) -> Iterator[DoctorFinding]:
    yield DoctorFinding("engine", "ok", f"{info.name} {info.version} at {info.address}, {info.platform}")
    yield DoctorFinding("API", "ok", info.api_version)
    yield DoctorFinding("store", "ok", info.storage_driver or "not told")
    yield _limits(info)
    if info.rootless:
        yield DoctorFinding("rights", "ok", "the engine runs rootless")
    else:
        remedy = "whoever may use this engine is root on its host: prefer a rootless engine for CI"
        yield DoctorFinding("rights", "warning", "the engine runs as root", remedy)
    # The path is the engine's: only an engine on this machine means this machine's disk by it.
    if info.address.startswith("unix:") and Path(info.root).is_dir():
        yield _disk("engine disk", Path(info.root))


def _disk(what: str, folder: Path) -> DoctorFinding:
    free = shutil.disk_usage(folder).free
    if free < _ENOUGH_DISK:
        return DoctorFinding(
            what, "warning", f"{size(free)} free at {folder}", "free some space: bundles take gigabytes"
        )
    return DoctorFinding(what, "ok", f"{size(free)} free at {folder}")


def _registry(engine: DockerEngine, info: EngineInfo, profile: Profile | None) -> DoctorFinding:
    """Whether the profile's own registry lets its image be had; without one, whether any registry answers."""
    reference = profile.image.reference if profile else None
    problem = engine.registry_problem(reference or _REGISTRY_PROBE)
    name = (registry_of(reference) if reference else "") or "a container registry"
    if problem:
        usual = "images must be present, bootstrapped, or replaced with --stand-in; or set the engine's proxy"
        remedy = registry_remedy(problem, reference, info) if reference else ""
        said = f"{name} does not give {reference}" if reference else "no container registry answers"
        return DoctorFinding("registry", "warning", f"{said}: {problem}", remedy or usual)
    return DoctorFinding(
        "registry", "ok", f"{name} answers" + (f", and has {reference}" if reference else "")
    )


def _limits(info: EngineInfo) -> DoctorFinding:
    if not info.unlimited:
        return DoctorFinding("limits", "ok", "memory, swap and processes of containers")
    remedy = "rootless engines need cgroup v2 with delegation; without it a rehearsal's proof says so"
    return DoctorFinding("limits", "warning", f"not enforced: {', '.join(info.unlimited)}", remedy)


def _emulation() -> DoctorFinding:
    here = machine()
    able = [arch for arch in _FOREIGN if arch == here.arch or here.emulates(arch)]
    if len(able) == 1:
        remedy = "for other architectures: apt-get install qemu-user-static binfmt-support"
        return DoctorFinding("emulation", "warning", f"{here.arch} only", remedy)
    return DoctorFinding("emulation", "ok", ", ".join(able))


def _bootstrap() -> DoctorFinding:
    here = machine()
    if here.find("debootstrap") is None:
        remedy = "only needed where no container registry answers: apt-get install debootstrap"
        return DoctorFinding("bootstrap", "warning", "there is no debootstrap", remedy)
    if not here.is_root:
        return DoctorFinding(
            "bootstrap", "warning", "debootstrap needs root", "run parity as root, or pull images"
        )
    return DoctorFinding("bootstrap", "ok", "Debian and Ubuntu images can be made from packages")


def _network(indexes: IndexSettings) -> Iterator[DoctorFinding]:
    try:
        network = host_network(indexes, os.environ)
    except IndexFailed as error:
        yield DoctorFinding("index", "missing", error.message, _own(error.remedy))
        return
    where = f"from {network.index_source}"
    yield DoctorFinding(
        "index", "ok", f"{network.index_url} {where}" if network.index_url else "the tools' default"
    )
    for one in network.named:
        login = "with a login" if one.login else "without a login"
        bound = ", ".join(one.index.packages) or "nothing is bound to it"
        yield DoctorFinding("index", "ok", f"{one.index.name}: {one.index.url} {login}; {bound}")
    for warning in network.warnings:
        yield DoctorFinding(
            "index", "warning", warning, "name one index in the profile, or leave it as it is"
        )
    ca = (
        counted(network.ca_bundle.count("BEGIN CERTIFICATE"), "certificate")
        if network.ca_bundle
        else "the image's own"
    )
    yield DoctorFinding("CA bundle", "ok", ca)
    if network.client_certificate:
        yield DoctorFinding("certificate", "ok", "this machine has one of its own for indexes that demand it")
    proxies = ", ".join(f"{name}: {network.redact(value)}" for name, value in sorted(network.proxies.items()))
    yield DoctorFinding("proxies", "ok", proxies or "none")


def _key() -> DoctorFinding:
    path = own_key_path()
    override = "PARITY_HOME" in os.environ
    if not path.exists():
        return DoctorFinding(
            "signing key", "ok", "none yet: made at the first build, or with `parity keygen`"
        )
    return DoctorFinding("signing key", "ok", f"{public_path(path)}{' (PARITY_HOME)' if override else ''}")
