"""What gem and bundler are told on this machine: their files as text, their logins from the environment.

gem itself reads its files, with its own safe loader, in the container that resolves.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from parity.model import GemSettings

_MIRROR = "BUNDLE_MIRROR__"
_CONFIG = re.compile(r"(BUNDLE_[^\s\"]{1,300}): \"?([^\"]{0,2000})\"?")
_LOGIN = re.compile(r"BUNDLE_([A-Z0-9_]{1,250})")
_MOST = 64 * 1024


def gem_settings(environ: Mapping[str, str]) -> GemSettings:
    """Gather them (RubyGems' ConfigFile, Bundler's `config`); what cannot be read is not there."""
    # Bundler's own order: the environment beats the file.
    told = {**_bundle_config(environ), **environ}
    return GemSettings(tuple(_texts(environ)), tuple(_logins(told)), tuple(_mirrors(told)))


def _texts(environ: Mapping[str, str]) -> Iterator[str]:
    home = environ.get("HOME", "")
    config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    own = [f"{home}/.gemrc", f"{config}/gem/gemrc"] if home else []
    # The first that is there counts, as RubyGems has it; GEMRC's files come on top.
    first = next((path for path in own if os.path.isfile(path)), "")
    named = [path for path in environ.get("GEMRC", "").split(os.pathsep) if path]
    for path in ("/etc/gemrc", first, *named):
        try:
            data = Path(path).read_bytes() if path and os.path.isfile(path) else b""
        except OSError:
            continue
        if data and len(data) <= _MOST:
            yield data.decode("utf-8", "replace")


def _bundle_config(environ: Mapping[str, str]) -> dict[str, str]:
    """Bundler's own file of this user: flat lines of `KEY: "value"`."""
    path = Path(environ.get("HOME", "")) / ".bundle" / "config"
    try:
        data = path.read_bytes() if environ.get("HOME") and path.is_file() else b""
    except OSError:
        return {}
    lines = data[:_MOST].decode("utf-8", "replace").splitlines()
    return {found[1]: found[2] for line in lines if (found := _CONFIG.fullmatch(line))}


def _mirrors(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`BUNDLE_MIRROR__HTTPS://GEMS__EXAMPLE__ORG/=https://mirror…`, and `BUNDLE_MIRROR__ALL`."""
    for key, value in sorted(told.items()):
        original = _spelled(key[len(_MIRROR) :]) if key.upper().startswith(_MIRROR) else ""
        if original == "all":
            yield original, value
        elif original.startswith(("http://", "https://")) and value.startswith(("http://", "https://")):
            yield original.rstrip("/") + "/", value


def _spelled(key: str) -> str:
    """What bundler's key means: it has no dots and dashes."""
    return key.replace("___", "-").replace("__", ".").lower()


def _logins(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`BUNDLE_GEMS__EXAMPLE__ORG=user:password`: two underscores stand for a dot, three for a dash."""
    for key, value in sorted(environ.items()):
        # Other settings of bundler begin alike; only a host's has a colon in its value, and no address.
        found = _LOGIN.fullmatch(key)
        # Most of bundler's variables are no logins: BUNDLE_PATH, BUNDLE_JOBS, mirrors.
        if found and ":" in value and "://" not in value:
            yield _spelled(found[1]), value
