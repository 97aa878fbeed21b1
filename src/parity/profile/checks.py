"""What a schema cannot say: dates that do not exist, credentials, limits with units."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timezone

from parity.errors import Problem
from parity.model import FOREIGN_LOCKS, foreign_lock_remedy
from parity.model.requirement import requirement_fault
from parity.profile import gems, indexes, other_files, vehicle
from parity.profile.layers import Layer, Trail, problem_at, resolved, spell, value_at
from parity.profile.search import is_file

_CREDENTIALS = re.compile(r"https?://[^/\s?#]*@", re.IGNORECASE)
_LOGINS = "~/.netrc or the environment (PIP_INDEX_URL, UV_DEFAULT_INDEX)"
_GEM_LOGINS = "the environment (BUNDLE_GEMS__EXAMPLE__ORG=USER:PASSWORD is for gems.example.org)"
# Below that no Python with a large package starts; a typing error such as 4MiB is told here.
_MINIMUM_MEMORY = 128 * 1024**2
_SIZES = {"MiB": 1024**2, "GiB": 1024**3}
_ADDRESSED = re.compile(r"[/\\@:]|\s--|\$\{")
_TIMES = {"s": 1, "m": 60, "h": 3600}


def memory_bytes(text: str) -> int:
    """`4GiB` as bytes."""
    return int(text[:-3]) * _SIZES[text[-3:]]


def timeout_seconds(text: str) -> int:
    """`15m` as seconds."""
    return int(text[:-1]) * _TIMES[text[-1:]]


def check_meaning(layer: Layer, faulty: Collection[str]) -> list[Problem]:
    """Problems beyond the schema, of values that fit it.

    Args:
        layer: the merged document.
        faulty: the paths of values whose problems are known already.
    """
    found = [
        problem_at(layer, trail, message)
        for trail, judge in _JUDGES.items()
        if isinstance(value := value_at(layer, trail), str) and spell(trail) not in faulty
        if (message := judge(layer, trail, value))
    ]
    rooms = (other_files, indexes, gems, vehicle)
    found += [problem for room in rooms for problem in room.problems(layer, faulty)]
    return [*found, *_requirements(layer, faulty)]


def _requirements(layer: Layer, faulty: Collection[str]) -> Iterator[Problem]:
    """Requirements that are none; what has an address or a path in it is judged by who reads those."""
    said = value_at(layer, ("install", "requirements"))
    for number, text in enumerate(said if isinstance(said, list) else ()):
        trail: Trail = ("install", "requirements", number)
        if spell(trail) in faulty or not isinstance(text, str) or _ADDRESSED.search(text):
            continue
        if why := requirement_fault(text.partition(" #")[0]):
            yield problem_at(layer, trail, f"{text[:100]!r} is no requirement (PEP 508): {why}")


def check_credentials(layer: Layer) -> Iterator[Problem]:
    """Addresses with a user or password, anywhere in a document, however wrong it may be otherwise."""
    for trail, text in _texts(layer.value, ()):
        if _CREDENTIALS.search(text):
            # rubygems knows no netrc, and pip nothing of bundler's variables.
            place = _GEM_LOGINS if trail[0] == "gems" else _LOGINS
            told = f"an address with a user or password in it; put them into {place}, never into a profile"
            yield problem_at(layer, trail, told)


def _texts(value: object, trail: Trail) -> Iterator[tuple[Trail, str]]:
    if isinstance(value, str):
        yield trail, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*trail, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*trail, number))


def _is_moment(text: str) -> bool:
    try:
        # Python 3.10 reads neither `Z` nor more than six digits of a second.
        plain = re.sub(r"(\.[0-9]{1,6})[0-9]*", lambda found: found[1].ljust(7, "0"), text.upper())
        datetime.fromisoformat(plain.replace("Z", "+00:00")).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return False
    return True


def _moment(_layer: Layer, _trail: Trail, text: str) -> str:
    return "" if _is_moment(text) else f"{text} is no date in the calendar"


def _memory(_layer: Layer, _trail: Trail, text: str) -> str:
    return "" if memory_bytes(text) >= _MINIMUM_MEMORY else "must be at least 128MiB"


def _folder(layer: Layer, trail: Trail, text: str) -> str:
    folder = resolved(layer, trail, text)
    if any(is_file(folder / recipe) for recipe in ("Dockerfile", "bootstrap.json")):
        return ""
    return f"{folder} holds neither Dockerfile nor bootstrap.json"


def _project(layer: Layer, trail: Trail, text: str) -> str:
    folder = resolved(layer, trail, text)
    if is_file(folder / "pyproject.toml"):
        return ""
    foreign = next((name for name in FOREIGN_LOCKS if is_file(folder / name)), "")
    other = f"; for {foreign}: {foreign_lock_remedy(foreign, 'profile')}" if foreign else ""
    return f"{folder} holds no pyproject.toml{other}"


def _script(layer: Layer, trail: Trail, text: str) -> str:
    if "project" in layer.value["install"]:
        return "there is install.project already: one of the two"
    return "" if is_file(resolved(layer, trail, text)) else f"there is no file {text}"


_JUDGES: dict[Trail, Callable[[Layer, Trail, str], str]] = {
    ("exclude-newer",): _moment,
    ("rehearsal", "memory"): _memory,
    ("limits", "memory"): _memory,
    ("image", "folder"): _folder,
    ("install", "project", "path"): _project,
    ("install", "script"): _script,
}
