"""`parity build`: the main job."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared import complete, summary
from parity.cli.shared.display import Progress, board
from parity.cli.shared.keyring import signing_keys
from parity.cli.shared.options import Json, ProgressShown, SigningKeys, Verbose
from parity.cli.shared.output import error_document, output, print_json, show_error, stderr, stdout
from parity.cli.shared.places import base_folder, lock_folder
from parity.cli.shared.runs import Runs, some_failed
from parity.cli.shared.world import connected
from parity.errors import InputFileError, OptionConflict, RootError
from parity.files import sweep_leftovers
from parity.host.folders import cache_folder
from parity.model import BundleIdentity, ImageSource, Profile
from parity.pipeline.build import build as build_bundle
from parity.pipeline.context.values import BuildReport, BuildRequest
from parity.profile import Overrides, load_profile
from parity.resolve import lock_path, read_requirements, with_file_options

EPILOG = """
Examples:

`parity build profiles/rhel9-py39.yaml` builds what the profile asks for into dist/

`parity build debian11-py39 debian12-py311 -r web.txt` builds one set for two targets, side by side

`parity build rhel9-py39 --locked --key release.key --serial 42` is what CI runs

`parity build rhel9-py39 --stand-in debian11-py39` rehearses where no container registry answers
"""


@dataclass(frozen=True)
class _Wishes:
    """The options of one call, as they were given."""

    requirements: tuple[Path, ...]
    product: str | None
    output: Path
    lock: Path | None
    locked: bool
    upgrade: bool
    stand_in: str | None
    fresh: bool


_Profiles = Annotated[
    list[str],
    typer.Argument(metavar="PROFILE", help="Profile files, or names.", autocompletion=complete.profiles),
]
_Requirement = Annotated[
    list[Path] | None,
    typer.Option("-r", "--requirement", metavar="FILE", help="Install this instead of the profile's own."),
]
_OutputFolder = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the bundles go.")]
_Locked = Annotated[bool, typer.Option("--locked", help="Use the lock as it is, or fail.")]
_Upgrade = Annotated[bool, typer.Option("--upgrade", help="Resolve anew to the newest versions.")]
_Lock = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The lock's file; if not given: beside your profile, else beside the -r file, else here.",
    ),
]
_StandIn = Annotated[
    str | None,
    typer.Option(metavar="IMAGE", help="Build in this image (a profile's name) instead of the target's own."),
]
_Fresh = Annotated[
    bool, typer.Option("--fresh", help="Probe and rehearse again, even where nothing has changed.")
]
_Product = Annotated[str | None, typer.Option(metavar="NAME", help="The bundle's product name.")]
_BundleVersion = Annotated[
    str | None, typer.Option(metavar="VERSION", help="The bundle's version; today's date if not given.")
]
_Serial = Annotated[
    int | None,
    typer.Option(metavar="N", help="Only grows, per product; the time in seconds if not given."),
]
_ExcludeNewer = Annotated[str | None, typer.Option(metavar="DATE", help="Ignore what was uploaded later.")]
_Allow = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KIND:NAME", help="Accept this finding, as `rehearsal.allow` does (may be repeated)."
    ),
]


def build(
    profiles: _Profiles,
    *,
    requirement: _Requirement = None,
    output_folder: _OutputFolder = Path("dist"),
    key: SigningKeys = None,
    locked: _Locked = False,
    upgrade: _Upgrade = False,
    lock: _Lock = None,
    stand_in: _StandIn = None,
    fresh: _Fresh = False,
    product: _Product = None,
    bundle_version: _BundleVersion = None,
    serial: _Serial = None,
    exclude_newer: _ExcludeNewer = None,
    build_from_source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Build this package from its source distribution (may be repeated); "
            "auto: whatever has no fitting wheel.",
        ),
    ] = None,
    allow: _Allow = None,
    as_json: Json = False,
    verbose: Verbose = False,
    progress: ProgressShown = Progress.AUTO,
) -> None:
    """Build signed bundles whose install was rehearsed with the network cut."""
    output.json, output.verbose = as_json, verbose
    overrides = Overrides(
        requirements=tuple(requirement or ()),
        product=product,
        version=bundle_version,
        serial=serial,
        exclude_newer=exclude_newer,
        build_from_source=tuple(build_from_source or ()),
        allow=tuple(word for given in allow or () for word in given.split(",") if word),
    )
    wishes = _Wishes(overrides.requirements, product, output_folder, lock, locked, upgrade, stand_in, fresh)
    requests = _requests(profiles, overrides, wishes)
    with connected() as engine:
        keys = signing_keys(key or ())
        # Before the work, so that a disk which a killed run has filled is free again.
        for folder in _written_to(output_folder, requests):
            sweep_leftovers(folder)
        with board(stderr(), verbose=verbose, progress=progress) as shown:
            runs = Runs(engine, [signer for signer, _ in keys], shown, fresh=fresh)
            outcomes = runs.all(build_bundle, requests)
        _report(requests, outcomes, runs, [path for _, path in keys])


def _requests(names: list[str], overrides: Overrides, wishes: _Wishes) -> list[BuildRequest]:
    if wishes.locked and wishes.upgrade:
        raise OptionConflict("--locked keeps the lock, --upgrade replaces it: choose one")
    if wishes.lock and len(names) > 1:
        raise OptionConflict("--lock names one file, but there are several profiles")
    loaded = [load_profile(name, overrides=overrides) for name in names]
    stand_in = load_profile(wishes.stand_in).image if wishes.stand_in else None
    requests = [_request(profile, wishes, stand_in) for profile in loaded]
    files = [request.filename for request in requests]
    # Side by side they would write into one file; the last one would win.
    if len(set(files)) != len(files):
        raise OptionConflict(f"two profiles would write the same bundle: {', '.join(files)}")
    return requests


def _written_to(output_folder: Path, requests: list[BuildRequest]) -> set[Path]:
    """The folders in which a build that was killed may have left a file half written."""
    cache = cache_folder()
    locks = {request.lock_path.parent for request in requests}
    return {output_folder, cache / "tools", *(cache / "memory").glob("*"), *locks}


def _request(profile: Profile, wishes: _Wishes, stand_in: ImageSource | None) -> BuildRequest:
    now, given = _clock(), wishes.requirements
    product = _product(profile, wishes)
    what = read_requirements(profile.requirements, profile.name)
    profile = with_file_options(profile, what.options)
    if not (profile.project or what.requirements or what.direct):
        raise _nothing(profile, given)
    identity = BundleIdentity(
        product=product,
        version=profile.version or datetime.fromtimestamp(now, timezone.utc).strftime("%Y.%m.%d"),
        # Time only grows, so it serves as a serial where nobody counts; targets compare serials, no clocks.
        serial=now if profile.serial is None else profile.serial,
        profile=profile.name,
    )
    # Each product a lock of its own: `-r web.txt` must not replace the lock of the profile's own packages.
    label = profile.name if product == profile.name else f"{product}-{profile.name}"
    return BuildRequest(
        profile=profile,
        what=what,
        identity=identity,
        output=wishes.output,
        lock_path=wishes.lock or lock_path(lock_folder(profile.path, given, wishes.output), label),
        base=base_folder(profile.path, given),
        locked=wishes.locked,
        upgrade=wishes.upgrade,
        stand_in=stand_in,
    )


def _nothing(profile: Profile, given: Sequence[Path]) -> InputFileError:
    if given:
        files = ", ".join(map(str, given))
        return InputFileError(
            f"{files} asks for nothing to be installed",
            where=str(given[0]),
            remedy="write a requirement on a line of it",
        )
    return InputFileError(
        "the profile asks for nothing to be installed",
        where=str(profile.path),
        remedy="give a file with -r, or name requirements under install.requirements or install.files",
    )


def _product(profile: Profile, wishes: _Wishes) -> str:
    """What was asked for by name, else the requirements file's name, else what the profile says."""
    if wishes.requirements and not wishes.product:
        return wishes.requirements[0].stem
    return profile.product or profile.name


def _clock() -> int:
    """Seconds since 1970; SOURCE_DATE_EPOCH where it is set (reproducible-builds.org)."""
    return int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())


def _report(
    requests: list[BuildRequest],
    outcomes: Sequence[BuildReport | RootError],
    runs: Runs,
    key_paths: Sequence[Path],
) -> None:
    """Say how every run ended.

    Raises:
        RootError: the one run's own error, or SomeFailed where there were several.
    """
    names = [request.profile.name for request in requests]
    every = zip(names, outcomes, strict=True)
    failed = {name: each for name, each in every if not isinstance(each, BuildReport)}
    if len(outcomes) == 1 and failed:
        raise failed[names[0]]
    documents = []
    for name, outcome in zip(names, outcomes, strict=True):
        if not isinstance(outcome, BuildReport):
            documents.append({"profile": name, "ok": False, "error": error_document(outcome)})
            if not output.json:
                show_error(outcome, run=name)
            continue
        watch, seconds = runs.watches[name], runs.seconds[name]
        documents.append(summary.machines(outcome, watch, seconds, key_paths))
        if not output.json:
            stdout().print(summary.people(outcome, watch, seconds, key_paths))
    if output.json:
        print_json({"bundles": documents})
    if failed:
        some_failed(failed, len(outcomes))
