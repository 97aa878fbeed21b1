"""What the rehearsal saw, judged: reasons against a bundle, warnings, and a proof without clock or place."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.targets import DEBIAN11

from parity.errors import NotIsolated, RehearsalFailed, RehearsalTimeout
from parity.model import PinnedImage, Proof, RehearsalPlan
from parity.rehearse import judge
from parity.rehearse.stage import _demand_isolation

IMAGE = PinnedImage("sha256:" + "1" * 64, (), "images/debian11-py39", "linux/amd64", "local")
WORK = "/work/prefix/releases/0123/lib/python3.9/site-packages/"

GOOD: Mapping[str, Any] = {
    "isolation": {"only-loopback": True},
    "install": {
        "exit_code": 0,
        "document": {"installer": {"tool": "uv", "version": "0.13.8"}},
        "stderr": "",
    },
    "environment": [["alpha", "1.0"], ["beta", "2.0"]],
    "imports": [
        {"package": "alpha", "module": "alpha", "requested": True, "error": "", "library": "", "at": ""},
        {"package": "beta", "module": "beta", "requested": False, "error": "", "library": "", "at": ""},
    ],
    "missing_libraries": [],
    "commands": [{"command": "true", "exit_code": 0, "output": "noise"}],
    "seconds": {"install": 1.5, "imports": 0.5},
    "memory_kills": 0,
}


def seen(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(dict(GOOD)), **changes}


def judged(result: Mapping[str, Any], **plan: Any) -> Proof:
    return judge(result, IMAGE, DEBIAN11, RehearsalPlan(**plan))


def failed(result: Mapping[str, Any], **plan: Any) -> RehearsalFailed:
    with pytest.raises(RehearsalFailed) as caught:
        judged(result, **plan)
    return caught.value


def an_import(package: str, error: str, **more: Any) -> dict[str, Any]:
    row = {"package": package, "module": package, "requested": True, "library": "", "at": ""}
    return {**row, "error": error, **more}


def test_a_good_run_is_a_proof_without_time_or_place() -> None:
    proof = judged(seen())
    assert (proof.installed, proof.seconds, proof.warnings) == (2, 2.0, ())
    other = judged(seen(seconds={"install": 99.0, "imports": 1.0}))
    assert proof.document == other.document
    text = json.dumps(proof.document)
    assert "/work" not in text
    assert "seconds" not in text
    assert proof.document["installed"] == [
        {"name": "alpha", "version": "1.0"},
        {"name": "beta", "version": "2.0"},
    ]


def test_an_installer_that_refuses_gives_its_own_words() -> None:
    install = {
        "exit_code": 62,
        "document": {"error": {"message": "this bundle is for another machine"}},
        "stderr": "line one\n\nline two\n",
    }
    error = failed(seen(install=install))
    assert "this bundle is for another machine" in error.message
    assert (error.where, error.details) == ("installer, exit code 62", ("line one", "line two"))
    silent = failed(seen(install={"exit_code": 1, "document": {}, "stderr": ""}))
    assert "the installer failed" in silent.message


def test_a_missing_library_is_the_headline_and_all_of_them_are_listed() -> None:
    error = "OSError: libgomp.so.1: cannot open shared object file: No such file or directory"
    imports = [an_import("boost", error, library="libgomp.so.1", at=f"{WORK}boost/basic.py:7")]
    missing = [
        {"package": "boost", "file": "boost/lib.so", "library": name}
        for name in ("libz.so.9", "libgomp.so.1")
    ]
    found = failed(seen(imports=imports, missing_libraries=missing))
    assert found.message == "boost does not work on the target: libgomp.so.1 is missing"
    assert found.details == (
        f"boost: import boost failed: {error} at boost/basic.py:7",
        "boost: the linker misses libgomp.so.1, libz.so.9",
    )
    assert "system package" in found.remedy


def test_what_was_not_asked_for_only_warns() -> None:
    imports = [an_import("beta", f"ImportError: in {WORK}beta.py", requested=False)]
    proof = judged(seen(imports=imports))
    assert proof.warnings == ("beta: import beta: ImportError: in beta.py",)
    assert proof.document["imports"][0]["error"] == "ImportError: in beta.py"


def test_missing_libraries_alone_count_as_the_profile_says() -> None:
    missing = [{"package": "beta", "file": "beta/x.so", "library": "libGL.so.1"}]
    assert judged(seen(missing_libraries=missing)).missing_libraries == ("beta: beta/x.so needs libGL.so.1",)
    error = failed(seen(missing_libraries=missing), missing_libraries="error")
    assert error.details == ("beta: beta/x.so needs libGL.so.1",)


def test_all_reasons_come_at_once() -> None:
    imports = [an_import("alpha", "ValueError: no"), an_import("beta", "SystemExit: 3")]
    commands = [
        {"command": "a", "exit_code": 3, "output": "\n".join("123456789")},
        {"command": "b", "exit_code": 0, "output": ""},
    ]
    details = failed(seen(imports=imports, commands=commands)).details
    assert details[:3] == (
        "alpha: import alpha failed: ValueError: no",
        "beta: import beta failed: SystemExit: 3",
        "command 'a' ended with exit code 3",
    )
    assert details[3:] == tuple(f"  {digit}" for digit in "456789")


def test_a_failure_after_the_kernel_killed_something_is_told_as_such() -> None:
    imports = [an_import("alpha", "Crash: the import ended the interpreter (signal 9)")]
    with pytest.raises(RehearsalTimeout, match="more than the 512 MiB") as caught:
        judged(seen(imports=imports, memory_kills=1), memory=512 << 20)
    assert "alpha: import alpha failed" in caught.value.details[1]
    assert "rehearsal.memory" in caught.value.remedy
    assert judged(seen(memory_kills=1)).installed == 2  # something else came through all the same


def test_a_container_that_is_not_cut_off_proves_nothing() -> None:
    _demand_isolation({"only-loopback": True, "not-root": True})
    with pytest.raises(NotIsolated, match="no-route-out, not-root does not hold"):
        _demand_isolation({"only-loopback": True, "not-root": False, "no-route-out": False})
