"""The parity check and the rules for stand-ins, as pure functions over facts."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest
from tests.support.targets import DEBIAN11

from parity.errors import NotAStandIn, ParityMismatch
from parity.model import Libc, Target
from parity.probe import check_parity, check_stand_in
from parity.probe.check import is_prefix

TARGET = Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64")


def test_what_is_the_target_passes() -> None:
    check_parity(TARGET, DEBIAN11, "here")
    check_parity(replace(TARGET, python="3.9.2"), DEBIAN11, "here")
    check_parity(replace(TARGET, os_version="9"), replace(DEBIAN11, os_version="9.4"), "here")


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (replace(TARGET, os_id="rhel"), "OS: the profile says rhel, the image has debian"),
        (replace(TARGET, os_version="1"), "OS version: the profile says 1, the image has 11"),
        (replace(TARGET, os_version="11.2"), "OS version: the profile says 11.2, the image has 11"),
        (
            replace(TARGET, libc=Libc("glibc", (2, 28))),
            "libc: the profile says glibc 2.28, the image has glibc 2.31",
        ),
        (replace(TARGET, python="3.9.1"), "Python: the profile says 3.9.1, the image has 3.9.2"),
        (replace(TARGET, python="3.10"), "Python: the profile says 3.10, the image has 3.9.2"),
        (replace(TARGET, arch="aarch64"), "architecture: the profile says aarch64, the image has x86_64"),
    ],
)
def test_each_difference_names_both_sides(target: Target, line: str) -> None:
    with pytest.raises(ParityMismatch) as caught:
        check_parity(target, DEBIAN11, "p.yaml, image x")
    assert caught.value.details == (line,)
    assert caught.value.where == "p.yaml, image x"


def test_a_dotted_prefix_is_no_string_prefix() -> None:
    assert is_prefix("3.1", "3.1.4")
    assert not is_prefix("3.1", "3.10")
    assert not is_prefix("9.4", "9")


def test_an_older_libc_stands_in_and_a_newer_one_does_not() -> None:
    newer = replace(TARGET, os_id="rhel", os_version="9", libc=Libc("glibc", (2, 34)))
    check_stand_in(newer, DEBIAN11, "here")
    check_stand_in(replace(newer, python="3.9.18"), DEBIAN11, "here")  # X.Y is what wheels are tagged for
    with pytest.raises(NotAStandIn, match="cannot stand in") as caught:
        check_stand_in(replace(newer, libc=Libc("glibc", (2, 28))), DEBIAN11, "here")
    assert caught.value.details == ("libc: the profile says glibc 2.28 or older, the image has glibc 2.31",)


@pytest.mark.parametrize(
    ("said", "measured", "is_it", "stands_in"),
    [
        ("musl 1.2", "musl 1.2.5", True, True),
        ("musl 1.2.5", "musl 1.2.5", True, True),
        ("musl 1.2.5", "musl 1.2.3", False, True),
        ("musl 1.2.3", "musl 1.2.5", False, False),
        ("musl 1.1", "musl 1.2.5", False, False),
    ],
)
def test_a_patch_of_musl_counts_where_it_is_told(
    said: str, measured: str, *, is_it: bool, stands_in: bool
) -> None:
    target = replace(TARGET, libc=Libc.parse(said))
    facts = replace(DEBIAN11, libc=Libc.parse(measured))
    for check, wanted in ((check_parity, is_it), (check_stand_in, stands_in)):
        with nullcontext() if wanted else pytest.raises((ParityMismatch, NotAStandIn), match="image"):
            check(target, facts, "here")


def test_a_patch_is_told_of_musl_alone() -> None:
    with pytest.raises(ValueError, match="neither"):
        Libc.parse("glibc 2.34.1")


def test_every_reason_against_a_stand_in_is_told() -> None:
    other = Target("alpine", "3.22", Libc("musl", (1, 2)), "3.12", "aarch64")
    with pytest.raises(NotAStandIn) as caught:
        check_stand_in(other, DEBIAN11, "here")
    assert [line.partition(":")[0] for line in caught.value.details] == [
        "libc family",
        "Python",
        "architecture",
    ]
