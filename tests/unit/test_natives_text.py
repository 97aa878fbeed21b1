"""What people read of native libraries in a proof, those of older bundles too."""

from __future__ import annotations

from typing import Any

from parity.report.natives import native_lines, system_needs

OLD: Any = {"missing_libraries": [{"package": "cv", "file": "cv/cv.so", "library": "libGL.so.1"}]}
NEW: Any = {
    "missing_libraries": [
        {"package": "cv", "file": "cv/cv.so", "library": "libGL.so.1", "packages": ["libgl1"]},
        {"package": "ai", "file": "ai/x.so", "library": "libcuda.so.1", "packages": []},
    ],
    "missing_versions": [
        {"package": "dbg", "file": "dbg/a.so", "library": "libc.so.6", "version": "GLIBC_2.34"}
    ],
    "tag_lies": [
        {
            "package": "liar",
            "file": "l.so",
            "needs": "GLIBC_2.38",
            "tag": "manylinux2014_x86_64",
            "allowed": True,
        }
    ],
    "glibc_needed": {"version": "2.28", "package": "cv", "file": "cv/cv.so"},
}


def test_every_open_need_has_its_line_and_known_libraries_their_package() -> None:
    assert native_lines(NEW) == [
        "cv: cv/cv.so needs libGL.so.1 (of libgl1)",
        "ai: ai/x.so needs libcuda.so.1",
        "dbg: dbg/a.so needs GLIBC_2.34 of libc.so.6",
        "liar: l.so needs GLIBC_2.38, more than its tag manylinux2014_x86_64 promises",
    ]
    assert system_needs(NEW) == "glibc 2.28 or newer; libgl1 for what is missing"


def test_a_proof_of_an_older_version_says_less() -> None:
    assert native_lines(OLD) == ["cv: cv/cv.so needs libGL.so.1"]
    assert system_needs(OLD) == ""
    older: Any = {**OLD, "glibc_needed": None}
    assert system_needs(older) == ""
