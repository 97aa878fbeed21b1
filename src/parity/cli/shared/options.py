"""Options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from parity.cli.shared import complete
from parity.cli.shared.display import Progress
from parity.portable.bundle.trust import VARIABLE

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; nothing else there.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Plain lines with every detail; tracebacks of parity's own faults."),
]
ProgressShown = Annotated[
    Progress,
    typer.Option(
        "--progress",
        metavar="HOW",
        help="auto, plain (lines), tty (a live board), json (an object for each line) or quiet (-q); "
        "on stderr.",
        show_default=False,
    ),
]
TrustedKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="PUB", help="Accept this public key; your own and the trusted ones if not given."
    ),
]
Threshold = Annotated[
    int | None,
    typer.Option(
        "--threshold",
        min=1,
        metavar="N",
        help=f"How many of these keys must have signed; {VARIABLE}, else 1, if not given.",
    ),
]
SigningKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="KEY", help="Sign with this private key, or with each; your own if not given."
    ),
]
TargetWords = Annotated[
    list[str],
    typer.Argument(
        metavar="TARGET [PACKAGE|FOLDER]",
        help="Targets (a profile's name or file), and what to install: packages, or a project's folder.",
        autocompletion=complete.profiles,
    ),
]
RequirementFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "-r",
        "--requirement",
        metavar="FILE",
        help="Install this instead of the profile's own: requirements.txt, pyproject.toml, uv.lock, "
        "pylock.toml or a script (PEP 723).",
    ),
]
ConstraintFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "-c",
        "--constraint",
        metavar="FILE",
        help="Versions from this file's lines and no others, for whatever is installed (may be repeated).",
    ),
]
Packages = Annotated[
    list[str] | None,
    typer.Option("-p", "--package", metavar="REQ", help="Install this package (may be repeated)."),
]
Extras = Annotated[
    list[str] | None, typer.Option("--extra", metavar="NAME", help="An extra of the project, too.")
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", metavar="NAME", help="A dependency group of the project, too.")
]
LockFile = Annotated[
    Path | None,
    typer.Option(
        "--lock",
        metavar="FILE",
        help="The lock's file; if not given: beside your profile, else beside the -r file, else here.",
    ),
]
StandIn = Annotated[
    str | None,
    typer.Option(
        metavar="IMAGE",
        help="Build in this image (a profile's name) instead of the target's own.",
        autocompletion=complete.profiles,
    ),
]
ExcludeNewer = Annotated[str | None, typer.Option(metavar="DATE", help="Ignore what was uploaded later.")]
FromSource = Annotated[
    list[str] | None,
    typer.Option(
        "--build-from-source",
        metavar="NAME",
        help="Build this package from its source distribution (may be repeated); "
        "auto: whatever has no fitting wheel.",
    ),
]
Locked = Annotated[bool, typer.Option("--locked", help="Use the lock as it is, or fail.")]
Upgrade = Annotated[bool, typer.Option("--upgrade", help="Resolve anew to the newest versions.")]
UpgradeNames = Annotated[
    list[str] | None,
    typer.Option(
        "-P",
        "--upgrade-package",
        metavar="NAME",
        help="Resolve this package anew, the others keep their versions.",
    ),
]
Arch = Annotated[
    str | None,
    typer.Option(
        "--arch",
        metavar="ARCH",
        help="The target's architecture as `uname -m` says it, instead of the profile's: aarch64.",
    ),
]
Product = Annotated[
    str | None,
    typer.Option(
        "--product",
        metavar="NAME",
        help="What the bundle is called; if not given: the project's or list's own name.",
    ),
]
