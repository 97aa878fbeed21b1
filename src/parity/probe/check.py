"""The parity check: facts held against the profile. Pure."""

from __future__ import annotations

from parity.errors import NotAStandIn, ParityMismatch
from parity.model import Libc, MachineFacts, Target


def check_parity(target: Target, facts: MachineFacts, where: str) -> None:
    """Demand that the image is what the profile says.

    The OS version may be given as a dotted prefix: a profile's `9` matches a measured `9.4`.

    Raises:
        ParityMismatch: names both sides of every difference.
    """
    differences = [
        *_difference("OS", target.os_id, facts.os_id, same=target.os_id == facts.os_id),
        *_difference(
            "OS version",
            target.os_version,
            facts.os_version,
            same=is_prefix(target.os_version, facts.os_version),
        ),
        *_difference("libc", target.libc, facts.libc, same=target.libc.admits(facts.libc)),
        *_difference("Python", target.python, facts.python, same=is_prefix(target.python, facts.python)),
        *_difference("architecture", target.arch, facts.arch, same=target.arch == facts.arch),
    ]
    if differences:
        raise ParityMismatch(
            "the image does not match the profile's target", where=where, details=tuple(differences)
        )


def check_stand_in(target: Target, facts: MachineFacts, where: str) -> None:
    """Demand that what works in this image also works on the target.

    That holds where libc's family, Python's X.Y and the architecture are the same and the image's
    libc is no newer: glibc and musl promise that what runs with an older version runs with a newer.

    Raises:
        NotAStandIn: names every reason against it.
    """
    reasons = [
        *_difference(
            "libc family", target.libc.family, facts.libc.family, same=target.libc.family == facts.libc.family
        ),
        *_difference("libc", f"{target.libc} or older", facts.libc, same=_no_newer(facts.libc, target.libc)),
        *_difference(
            "Python", target.python_minor, facts.python, same=is_prefix(target.python_minor, facts.python)
        ),
        *_difference("architecture", target.arch, facts.arch, same=target.arch == facts.arch),
    ]
    if reasons:
        raise NotAStandIn("this image cannot stand in for the target", where=where, details=tuple(reasons))


def is_prefix(expected: str, measured: str) -> bool:
    """Whether a version is the other or a dotted prefix of it: `9` of `9.4`, not of `94`."""
    return measured == expected or measured.startswith(expected + ".")


def _no_newer(image: Libc, target: Libc) -> bool:
    return image.family != target.family or image.numbers[: len(target.numbers)] <= target.numbers


def _difference(what: str, expected: object, measured: object, *, same: bool) -> list[str]:
    return [] if same else [f"{what}: the profile says {expected}, the image has {measured}"]
