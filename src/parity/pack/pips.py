"""Which pip takes a bundle's wheels: for those who install without the bundle's own installer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from parity.model import LockedWheel
from parity.portable.names import parse_wheel_name

_OLDEST = (9, 0, 3)
"""The first that installs from a folder with hashes as our texts tell; it knows abi3 and manylinux1."""

# Where a platform's name begins so: the first pip that knows it, by pip's changelog and, for musllinux,
# by the first pip whose vendored `packaging` has it; tests/integration/test_pips.py asks real pips.
_SINCE = {
    "manylinux2010_": (19, 0),
    "manylinux2014_": (19, 3),
    "manylinux_": (20, 3),
    "musllinux_": (21, 2),
}
# Tags for the other C library do not count: the target would not take the wheel by them.
_OTHER_LIBC = {"glibc": "musllinux_", "musl": "manylinux"}
_SHOWN = 3


def oldest_pip(wheels: Iterable[LockedWheel], libc_family: str) -> str:
    """The oldest pip that takes all of these wheels on a target with that C library."""
    needed = [_needed(wheel.filename, _OTHER_LIBC.get(libc_family, "")) for wheel in wheels]
    return ".".join(str(number) for number in max([_OLDEST, *needed]))


def _needed(filename: str, foreign: str) -> tuple[int, ...]:
    """The oldest pip that takes one wheel: any of its tags will do."""
    name = parse_wheel_name(filename)
    platforms = [tag.split("-")[2] for tag in name.tags] if name else []
    known = [_since(one) for one in platforms if not foreign or not one.startswith(foreign)]
    # The lowest of its tags: pip takes a wheel when it knows any of them.
    return min(known, default=_OLDEST)


def _since(platform: str) -> tuple[int, ...]:
    return next((pip for begin, pip in _SINCE.items() if platform.startswith(begin)), _OLDEST)


def pip_note(pip: str | None, refused: Sequence[str], oldest: str) -> str:
    """What whoever wants to use the target's own pip must know; empty where it takes every wheel.

    Args:
        pip: its version.
        refused: file names of the wheels that it does not take.
        oldest: the oldest pip that does.
    """
    if not refused:
        return ""
    shown = ", ".join(_shown(refused))
    return (
        f"the target's own pip {pip} would refuse {len(refused)} of the wheels ({shown}): "
        f"use sh install.sh, or bring pip to {oldest} or later first"
    )


def _shown(names: Sequence[str]) -> Iterator[str]:
    yield from names[:_SHOWN]
    if len(names) > _SHOWN:
        yield f"and {len(names) - _SHOWN} more"
