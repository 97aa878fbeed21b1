"""What is measured, under which name, and what it is to be."""

from __future__ import annotations

from tests.bench.figures import Goal, Unit

LABELS: dict[str, tuple[str, Unit]] = {
    "cold": ("parity build, everything cold", "s"),
    "cold-tools": ("parity build, cold but uv and key at hand", "s"),
    "rebuild": ("parity build again, nothing changed", "s"),
    "recipe": ("the recipe: pip download, test install, tar.gz, signature", "s"),
    "recipe-download": ("· of this pip download", "s"),
    "recipe-install": ("· of this venv and pip install, no network", "s"),
    "recipe-pack": ("· of this tar.gz and openssl", "s"),
    "pex": ("pex3 download --complete-platform alone", "s"),
    "install": ("offline install: tar xf, install.sh (hashes, wheels, imports checked)", "s"),
    "install-pip": ("offline install: tar xf, venv, pip install --no-index", "s"),
    "install-pip-plain": ("the same with pip --no-compile", "s"),
    "verify": ("parity verify, this bundle", "s"),
    "sha256sum": ("sha256sum, the same file", "s"),
    "verify-2GB": ("parity verify, 2 GB bundle", "s"),
    "sha256sum-2GB": ("sha256sum, the same 2 GB", "s"),
    "peak-build": ("peak memory, parity build", "MB"),
    "peak-pack-100MB": ("peak memory, pack and sign out of the engine, 100 MB", "MB"),
    "peak-pack-2GB": ("peak memory, pack and sign out of the engine, 2 GB", "MB"),
    "peak-verify-100MB": ("peak memory, parity verify, 100 MB", "MB"),
    "peak-verify-2GB": ("peak memory, parity verify, 2 GB", "MB"),
}

_AT_LEAST = (
    ("recipe ÷ our whole cold build", "recipe", "cold", 5, 8),
    ("pex3 download alone ÷ our whole cold build", "pex", "cold", 1.7, 2),
    ("pip install --no-index ÷ our offline install", "install-pip", "install", 4, 4),
)
_AT_MOST = (
    ("verify ÷ sha256sum, 2 GB", "verify-2GB", "sha256sum-2GB", 1.5, 1.3),
    ("packing: memory at 2 GB ÷ at 100 MB", "peak-pack-2GB", "peak-pack-100MB", 1.1, 1.1),
    ("verifying: memory at 2 GB ÷ at 100 MB", "peak-verify-2GB", "peak-verify-100MB", 1.1, 1.1),
)
_MEMORY = (
    ("peak memory of a build", "peak-build"),
    ("peak memory of packing 2 GB", "peak-pack-2GB"),
    ("peak memory of verifying 2 GB", "peak-verify-2GB"),
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
    ("Offline install on the target", ("install", "install-pip", "install-pip-plain")),
    ("Checking a 2 GB bundle", ("verify-2GB", "sha256sum-2GB")),
)
OURS = ("cold", "rebuild", "install", "verify-2GB")
