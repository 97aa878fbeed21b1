"""What gem and bundler are told on this machine: their files as text, their logins from the environment.

gem itself reads its files, with its own safe loader, in the container that resolves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.model import GemSettings

_LOGIN = re.compile(r"BUNDLE_([A-Z0-9_]{1,250})")
_MOST = 64 * 1024


def gem_settings(environ: Mapping[str, str]) -> GemSettings:
    """Gather them (RubyGems' ConfigFile, Bundler's `config`); what cannot be read is not there."""
    return GemSettings(tuple(_texts(environ)), tuple(_logins(environ)))


def _texts(environ: Mapping[str, str]) -> Iterator[str]:
    home = environ.get("HOME", "")
    config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    own = [f"{home}/.gemrc", f"{config}/gem/gemrc"] if home else []
    first = next((path for path in own if os.path.isfile(path)), "")
    named = [path for path in environ.get("GEMRC", "").split(os.pathsep) if path]
    for path in ("/etc/gemrc", first, *named):
        try:
            data = Path(path).read_bytes() if path and os.path.isfile(path) else b""
        except OSError:
            continue
        if data and len(data) <= _MOST:
            yield data.decode("utf-8", "replace")


def _logins(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`BUNDLE_GEMS__EXAMPLE__ORG=user:password`: two underscores stand for a dot, three for a dash."""
    for key, value in sorted(environ.items()):
        found = _LOGIN.fullmatch(key)
        if found and ":" in value and "://" not in value:
            yield found[1].replace("___", "-").replace("__", ".").lower(), value
