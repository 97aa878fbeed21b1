"""Do these wheels fit this machine? Pure functions over file names and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parity.errors import NoWheel
from parity.model import Facts, Libc, LockedWheel, Target
from parity.portable.installers.registry import INSTALLERS
from parity.portable.names import parse_wheel_name


def check_tags(wheels: Iterable[LockedWheel], facts: Facts, target: Target, installer: str = "uv") -> None:
    """Every wheel must run where it was measured and on the target itself.

    Args:
        wheels: the lock's wheels.
        facts: of the image, which may be a stand-in.
        target: the machine that the profile describes.
        installer: of `portable.installers`; its tool must accept each wheel too.

    Raises:
        NoWheel: names every wheel that does not fit, and where.
    """
    rules: list[tuple[str, Sequence[str]]] = [
        ("the image", facts.tags),
        # A stand-in may have another libc than the target: what runs in it need not run there.
        (f"the target ({target.libc})", tags_of_libc(facts.tags, target.libc)),
    ]
    accepted = INSTALLERS[installer].accepted(facts.pip, facts.pip_tags)
    if accepted is not None:
        rules.append((f"the image's {accepted.who}", accepted.tags))
    problems = [problem for wheel in wheels for problem in _misfits(wheel, rules)]
    if problems:
        raise NoWheel(problems[0], details=tuple(problems))


def refused_by_pip(wheels: Iterable[LockedWheel], facts: Facts) -> tuple[str, ...]:
    """File names of the wheels that the image's own pip would not take; none where it cannot be asked."""
    if facts.pip_tags is None:
        return ()
    rules = [("", facts.pip_tags)]
    return tuple(wheel.filename for wheel in wheels if _misfits(wheel, rules))


def _misfits(wheel: LockedWheel, rules: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    name = parse_wheel_name(wheel.filename)
    if name is None:
        return [f"{wheel.filename} is no wheel's name"]
    return [f"{wheel.filename} does not run on {who}" for who, tags in rules if name.tags.isdisjoint(tags)]


def tags_of_libc(tags: Sequence[str], libc: Libc) -> tuple[str, ...]:
    """Those of `tags` that a C library can run: none of another family, none that needs a newer one."""
    return tuple(tag for tag in tags if _runs(tag.split("-")[2], libc))


def _runs(platform: str, libc: Libc) -> bool:
    try:
        needed = Libc.parse(platform)
    except ValueError:
        return True  # a tag that names no libc
    return needed.family == libc.family and needed.version <= libc.version
