"""What is measured, under which name, and what it is to be."""

from __future__ import annotations

from tests.bench.figures import Goal, Unit

SIZES = {"100MB": 100, "2GB": 2000}
"""Sizes of made-up bundles, in millions of bytes."""
LARGE = {
    "pack": "pack and sign out of the engine",
    "verify": "parity verify",
    "serve": "parity serve, every file read",
    "delta": "parity delta, a quarter is new",
    "patch": "parity patch",
    "split": "parity split",
    "join": "parity join",
}
"""What large bundles go through."""

LABELS: dict[str, tuple[str, Unit]] = {
    "cold": ("parity build, everything cold", "s"),
    "cold-tools": ("parity build, cold but uv and key at hand", "s"),
    "cold-unguessed": ("the same without the guess of what uv will choose", "s"),
    "rebuild": ("parity build again, nothing changed", "s"),
    "recipe": ("the recipe: pip download, test install, tar.gz, signature", "s"),
    "recipe-download": ("· of this pip download", "s"),
    "recipe-install": ("· of this venv and pip install, no network", "s"),
    "recipe-pack": ("· of this tar.gz and openssl", "s"),
    "pex": ("pex3 download --complete-platform alone", "s"),
    "install": ("offline install: tar xf, install.sh (hashes, wheels, imports checked)", "s"),
    "install-bare": ("the same without the imports, which pip does not try either", "s"),
    "install-pip": ("offline install: tar xf, venv, pip install --no-index", "s"),
    "install-pip-plain": ("the same with pip --no-compile", "s"),
    "verify": ("parity verify, this bundle", "s"),
    "sha256sum": ("sha256sum, the same file", "s"),
    "rehearse": ("parity verify --rehearse, this bundle", "s"),
    "export-image": ("parity export image, the very image tried", "s"),
    "export-image-again": ("the same with the base's layers kept by an earlier export", "s"),
    "export-environment": ("parity export environment, tried at its place and elsewhere", "s"),
    "verify-2GB": ("parity verify, 2 GB bundle", "s"),
    "sha256sum-2GB": ("sha256sum, the same 2 GB", "s"),
    "serve-uv": ("uv pip install of this bundle from parity serve", "s"),
    "static-uv": ("the same from a plain static server over parity index", "s"),
    "twelve-apart": ("12 builds of two packages, one command after another", "s"),
    "twelve-on": ("the same as one command over two engines of this machine", "s"),
    "twelve-scheduler": ("the same by a scheduler's workers on these engines", "s"),
    "peak-build": ("peak memory, parity build", "MB"),
    "peak-export-image": ("peak memory, parity export image", "MB"),
    "peak-export-image-again": ("the same with the base's layers kept", "MB"),
    "peak-export-environment": ("peak memory, parity export environment", "MB"),
    **{
        f"peak-{command}-{size}": (f"peak memory, {words}, {size[:-2]} {size[-2:]}", "MB")
        for command, words in LARGE.items()
        for size in SIZES
    },
}

_AT_LEAST = (
    ("recipe ÷ our whole cold build", "recipe", "cold", 5, 8),
    ("pex3 download alone ÷ our whole cold build", "pex", "cold", 1.7, 2),
    ("cold build without the guess ÷ with it", "cold-unguessed", "cold-tools", 1.15, 1.15),
    ("12 builds one after another ÷ over two engines", "twelve-apart", "twelve-on", 1.5, 2),
    ("12 builds one after another ÷ by a scheduler", "twelve-apart", "twelve-scheduler", 1.2, 1.5),
    ("pip install --no-index ÷ our offline install", "install-pip", "install", 4, 4),
    ("pip install --no-index ÷ ours without the imports", "install-pip", "install-bare", 4, 4),
)
_AT_MOST = (
    ("export image ÷ rehearsal of the bundle", "export-image", "rehearse", 1, 1),
    ("export image again ÷ rehearsal of the bundle", "export-image-again", "rehearse", 1, 1),
    ("export environment ÷ rehearsal of the bundle", "export-environment", "rehearse", 1, 1),
    ("verify ÷ sha256sum, 2 GB", "verify-2GB", "sha256sum-2GB", 1.5, 1.3),
    ("uv pip install from parity serve ÷ from a plain static server", "serve-uv", "static-uv", 1.05, 1),
    *(
        (f"{command}: memory at 2 GB ÷ at 100 MB", f"peak-{command}-2GB", f"peak-{command}-100MB", 1.1, 1.1)
        for command in LARGE
    ),
)
_MEMORY = (
    ("peak memory of a build", "peak-build"),
    ("peak memory of an export, image", "peak-export-image"),
    ("peak memory of an export, environment", "peak-export-environment"),
    *((f"peak memory of {command}, 2 GB", f"peak-{command}-2GB") for command in LARGE),
)
_REBUILD = "rebuild with nothing changed, share of the cold build"
GOALS = (
    *(Goal(label, over, under, "times", True, *limits) for label, over, under, *limits in _AT_LEAST),
    Goal(_REBUILD, "rebuild", "cold", "share", False, 0.2, 0.15),
    *(Goal(label, over, under, "times", False, *limits) for label, over, under, *limits in _AT_MOST),
    *(Goal(label, key, "", "MB", False, 150, 150) for label, key in _MEMORY),
)

PICTURE = (
    ("A bundle, from requirements to signed file", ("cold", "rebuild", "pex", "recipe")),
    ("Offline install on the target", ("install", "install-bare", "install-pip", "install-pip-plain")),
    ("Checking a 2 GB bundle", ("verify-2GB", "sha256sum-2GB")),
    ("The same packages from an index, by uv", ("serve-uv", "static-uv")),
    (
        "Memory for 100 MB and for 2 GB",
        tuple(f"peak-{command}-{size}" for command in LARGE for size in SIZES),
    ),
)
OURS = (
    *("cold", "rebuild", "install", "install-bare", "verify-2GB", "serve-uv"),
    *(key for key in LABELS if key.startswith("peak-")),
)
