"""Names and versions of packages and wheels (PEP 503, 440, 427, 425).

Standard library only, Python 3.6 and later.
"""

import re
from typing import FrozenSet, Iterable, List, NamedTuple, Optional, Tuple

_WHEEL = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._]*?)-(?P<version>[A-Za-z0-9][A-Za-z0-9._!+]*)"
    r"(?:-(?P<build>[0-9][A-Za-z0-9._]*))?"
    r"-(?P<python>[a-z0-9_.]+)-(?P<abi>[a-z0-9_.]+)-(?P<platform>[a-z0-9_.]+)\.whl",
    re.IGNORECASE | re.ASCII,
)
_VERSION = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_number>\d+)?)?"
    r"(?P<post>-(?P<bare_post>\d+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>\d+)?)?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>\d+)?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.ASCII,
)
# Longer ones are compared as texts: reading their numbers takes time with the square of their length.
_LONGEST_VERSION = 200
# PEP 440's other spellings.
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}


class WheelName(NamedTuple):
    """A wheel's file name taken apart; `tags` is the expanded set of `python-abi-platform`."""

    name: str
    version: str
    tags: FrozenSet[str]


def normalize_name(name: str) -> str:
    """A project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def normalize_version(version: str) -> str:
    """A version so that equal ones (PEP 440) read the same; one that is none is given back lower-case.

    The result is for comparing only: `1.0.0` becomes `1`.
    """
    text = version.strip().lower()
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST_VERSION else None
    if match is None:
        return text
    release = [int(part) for part in match.group("release").split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    parts = [str(int(match.group("epoch") or 0)) + "!", ".".join(str(number) for number in release)]
    if match.group("pre"):
        pre = match.group("pre")
        parts.append(_PRE.get(pre, pre) + _number(match.group("pre_number")))
    if match.group("post"):
        parts.append(".post" + _number(match.group("bare_post") or match.group("post_number")))
    if match.group("dev"):
        parts.append(".dev" + _number(match.group("dev_number")))
    if match.group("local"):
        local = re.split(r"[-_.]", match.group("local"))
        parts.append("+" + ".".join(str(int(part)) if part.isdigit() else part for part in local))
    return "".join(parts)


def _number(text: Optional[str]) -> str:
    return str(int(text or 0))


def bound_to(name: str, bindings: Iterable[Tuple[str, Iterable[str]]]) -> Optional[str]:
    """What a normalised name is bound to, of pairs of a label and what is bound to it; None for nothing.

    Names and beginnings of names with `*` behind them can be bound: the full name counts first, then the
    longest beginning.
    """
    best, length = None, -1
    for label, patterns in bindings:
        for pattern in patterns:
            if pattern == name:
                return label
            if pattern.endswith("*") and name.startswith(pattern[:-1]) and len(pattern) > length:
                best, length = label, len(pattern)
    return best


def parse_wheel_name(filename: str) -> Optional[WheelName]:
    """Take a wheel's file name apart (PEP 427); None where it is no wheel's name."""
    match = _WHEEL.fullmatch(filename)
    if match is None:
        return None
    tags = "{}-{}-{}".format(match.group("python"), match.group("abi"), match.group("platform"))
    return WheelName(normalize_name(match.group("name")), match.group("version"), frozenset(expand_tag(tags)))


def expand_tag(tag: str) -> List[str]:
    """The simple tags in a compressed tag set: `py2.py3-none-any` gives two (PEP 425)."""
    parts = [part.split(".") for part in tag.lower().split("-")]
    if len(parts) != 3 or not all(all(part) for part in parts):  # noqa: PLR2004
        return []
    return [f"{python}-{abi}-{platform}" for python in parts[0] for abi in parts[1] for platform in parts[2]]
