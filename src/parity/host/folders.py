"""Where parity's own files lie on this machine (XDG base directories, or all under PARITY_HOME)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's configuration: keys, trusted keys."""
    home = environ.get("PARITY_HOME")
    # Absolute: programs that are started in other folders get paths below it.
    return Path(home).absolute() / "config" if home else platformdirs.user_config_path("parity")


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """What may be deleted at any time: uv's wheels, images being built."""
    home = environ.get("PARITY_HOME")
    return Path(home).absolute() / "cache" if home else platformdirs.user_cache_path("parity")


def keys_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's own keys and, in `trusted/`, those of others."""
    return config_folder(environ) / "keys"
