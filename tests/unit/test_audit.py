"""What the audit's findings mean, and which wheels fit which machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.evil_wheel import evil
from tests.support.targets import DEBIAN11
from tests.support.wheels import WheelParts

from parity.audit import audit_job, check_tags, interpret, refused_by_pip, tags_of_libc
from parity.errors import HostileWheel, NoWheel
from parity.guest.tasks import audit
from parity.model import Libc, LockedWheel, StoredWheel, Target, WheelSet
from parity.portable.wheel.wheelset import sha256_of

TARGET = Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64")


def locked(filename: str, sha256: str = "") -> LockedWheel:
    name, version = filename.split("-")[:2]
    return LockedWheel(name, version, filename, f"https://index.invalid/{filename}", sha256, None, True)


def audited(folder: Path, *parts: WheelParts, allow: tuple[str, ...] = ()) -> tuple[Any, list[Any]]:
    """The guest's result for these wheels, and the events it sent."""
    stored = []
    for each in parts:
        path = folder / each.filename
        path.write_bytes(each.data())
        stored.append(StoredWheel(locked(each.filename, sha256_of(str(path))), path.stat().st_size))
    events: list[Any] = []
    job: Any = audit_job(WheelSet(tuple(stored), str(folder), 0, 0), allow, None)
    return audit.main(job, events.append), events


def test_good_wheels_pass_and_are_counted(tmp_path: Path) -> None:
    result, events = audited(tmp_path, evil(), WheelParts("other", "1", files={"other.py": b"abc"}))
    assert interpret(result) == ()
    assert (result["wheels"], result["files"], result["judged"]) == (2, 5 + 4, 2)
    assert [event["done"] for event in events] == [1, 2]


def test_every_refused_finding_is_named(tmp_path: Path) -> None:
    bad = evil({"evil.pth": b"import evil, subprocess\n"}, entry_points="[console_scripts]\npip = evil:x\n")
    other = WheelParts("other", "1", files={"../canary": b""})
    with pytest.raises(HostileWheel) as caught:
        interpret(audited(tmp_path, bad, other)[0])
    assert [line.split()[-1] for line in caught.value.details] == [
        "[pth-file]",
        "[entry-point-shadow]",
        "[unsafe-path]",
    ]
    assert "nothing may allow a malformed wheel" in caught.value.remedy


def test_the_remedy_offers_the_allow_list_where_that_helps_and_it_does(tmp_path: Path) -> None:
    odd = evil({"evil.pth": b"import evil, subprocess\n"})
    with pytest.raises(HostileWheel, match=r"evil\.pth") as caught:
        interpret(audited(tmp_path, odd)[0])
    assert "pth-file:evil" in caught.value.remedy
    found = interpret(audited(tmp_path, odd, allow=("pth-file:evil",))[0])
    assert [(one.package, one.kind) for one in found] == [("evil", "pth-file")]


@pytest.mark.parametrize(
    ("filename", "who"),
    [
        ("a-1-cp39-cp39-manylinux_2_34_x86_64.whl", "the image"),
        ("a-1-cp311-cp311-manylinux2014_x86_64.whl", "the image"),
        ("a-1-cp39-cp39-manylinux2014_aarch64.whl", "the image"),
        ("a-1-py3-none-musllinux_1_2_x86_64.whl", "the image"),
        ("a.zip", "no wheel's name"),
    ],
)
def test_wheels_that_do_not_fit_the_image_are_named(filename: str, who: str) -> None:
    wheel = replace(locked("a-1-py3-none-any.whl"), filename=filename)
    with pytest.raises(NoWheel, match=who):
        check_tags([wheel], DEBIAN11, TARGET)


def test_wheels_must_fit_the_target_behind_a_newer_image_too() -> None:
    wheels = [locked("a-1-cp39-cp39-manylinux_2_31_x86_64.whl"), locked("b-1-py2.py3-none-any.whl")]
    check_tags(wheels, DEBIAN11, TARGET)
    older = replace(TARGET, libc=Libc("glibc", (2, 28)))
    with pytest.raises(NoWheel, match=r"a-1-.* does not run on the target \(glibc 2\.28\)"):
        check_tags(wheels, DEBIAN11, older)
    check_tags([locked("a-1-cp39-cp39-manylinux_2_31_x86_64.manylinux_2_17_x86_64.whl")], DEBIAN11, older)


def test_with_pip_as_the_installer_its_opinion_counts() -> None:
    facts = replace(DEBIAN11, pip="19.0", pip_tags=("py3-none-any",))
    wheel = locked("a-1-cp39-cp39-manylinux_2_17_x86_64.whl")
    check_tags([wheel], facts, TARGET)
    with pytest.raises(NoWheel, match=r"pip 19\.0"):
        check_tags([wheel], facts, TARGET, "pip")
    assert refused_by_pip([wheel, locked("b-1-py3-none-any.whl")], facts) == (wheel.filename,)
    assert refused_by_pip([wheel], replace(facts, pip_tags=None)) == ()


def test_tags_of_a_libc() -> None:
    tags = ["cp39-cp39-linux_x86_64", "py3-none-any"]
    old = ["cp39-cp39-manylinux1_x86_64", "cp39-cp39-manylinux2014_x86_64", "cp39-cp39-manylinux_2_17_x86_64"]
    new = ["cp39-cp39-manylinux_2_28_x86_64"]
    musl = ["cp39-cp39-musllinux_1_2_x86_64"]
    assert tags_of_libc([*tags, *old, *new, *musl], Libc("glibc", (2, 17))) == (*tags, *old)
    assert tags_of_libc([*tags, *old, *new, *musl], Libc("musl", (1, 2))) == (*tags, *musl)


def test_one_line_accepts_all_findings_that_may_be_accepted(tmp_path: Path) -> None:
    odd = evil({"evil.pth": b"import evil, subprocess\n"}, entry_points="[console_scripts]\npip = evil:x\n")
    with pytest.raises(HostileWheel) as caught:
        interpret(audited(tmp_path, odd)[0])
    assert "allow: [entry-point-shadow:evil, pth-file:evil]" in caught.value.remedy
    assert "--allow entry-point-shadow:evil,pth-file:evil" in caught.value.remedy
    bad = WheelParts("other", "1", files={"../canary": b""})
    with pytest.raises(HostileWheel) as caught:
        interpret(audited(tmp_path, odd, bad)[0])
    assert caught.value.remedy.startswith("leave other out")
    assert "--allow entry-point-shadow:evil,pth-file:evil" in caught.value.remedy
