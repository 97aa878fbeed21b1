"""Imports of what this Python has no more, found in packages' files without running them."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.guest.environment.modules import distributions
from parity.guest.readers import gone_modules
from parity.wire.rehearsing import ReadJob

GONE = "nothing_like_this"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def use():\n    import nothing_like_this.core\n", True),
        ("from nothing_like_this import x\n", True),
        (
            "class A:\n    def f(self):\n        with self:\n            from nothing_like_this.y import z\n",
            True,
        ),
        ("try:\n    import nothing_like_this\nexcept ImportError:\n    pass\n", False),
        ("import sys\nif sys.version_info < (3, 12):\n    import nothing_like_this\n", False),
        # the last way of several, as in pycairo
        (
            "def f():\n    if x:\n        return 1\n    import nothing_like_this\n    return 2\n",
            False,
        ),
        ("def f(a):\n    if not a:\n        raise OSError\n    import nothing_like_this\n", True),
        ("from .nothing_like_this import x\nfrom . import nothing_like_this\n", False),
        ('"""import nothing_like_this"""\n# import nothing_like_this\n', False),
        ("import nothing_like_this_either\n", False),
        ("import nothing_like_this\nthis is no Python\n", False),
        ("(" * 100000 + "nothing_like_this", False),
    ],
)
def test_an_import_that_nothing_guards_is_found(tmp_path: Path, text: str, found: bool) -> None:
    (tmp_path / "alpha" / "tests").mkdir(parents=True)
    (tmp_path / "alpha" / "old.py").write_text(text)
    (tmp_path / "alpha" / "tests" / "t.py").write_text(f"import {GONE}\n")
    (tmp_path / "alpha" / "fine.py").write_text("import json\n")
    (tmp_path / "alpha-1.dist-info").mkdir()
    record = "alpha/old.py,,\nalpha/tests/t.py,,\nalpha/fine.py,,\nalpha/gone.py,,\n../../x.py,,\n"
    (tmp_path / "alpha-1.dist-info" / "RECORD").write_text(record)
    (alpha,) = distributions(str(tmp_path))
    rows = list(gone_modules.rows_of(alpha, str(tmp_path), {GONE}))
    assert rows == ([{"package": "alpha", "file": "alpha/old.py", "module": GONE}] if found else [])


def test_what_a_package_brings_itself_is_not_gone(tmp_path: Path) -> None:
    (tmp_path / "pkg_resources").mkdir()
    (tmp_path / "alpha.py").write_text("import pkg_resources\n")
    (tmp_path / "alpha-1.dist-info").mkdir()
    (tmp_path / "alpha-1.dist-info" / "RECORD").write_text("alpha.py,,\n")
    job: ReadJob = {"site_packages": str(tmp_path), "packages": ["alpha"], "words": []}
    found = distributions(str(tmp_path))
    assert gone_modules.read(job, found)["rows"] == []
    (tmp_path / "pkg_resources").rmdir()
    row = {"package": "alpha", "file": "alpha.py", "module": "pkg_resources"}
    assert gone_modules.read(job, found)["rows"] == [row]
    assert gone_modules.read({**job, "packages": []}, found)["rows"] == []


def test_only_the_packages_that_were_asked_for_are_read(tmp_path: Path) -> None:
    for name in ("alpha", "Beta.Two"):
        (tmp_path / f"{name}.py").write_text(f"import {gone_modules.GONE[0]}\n")
        (tmp_path / f"{name}-1.dist-info").mkdir()
        (tmp_path / f"{name}-1.dist-info" / "RECORD").write_text(f"{name}.py,,\n")
    job: ReadJob = {"site_packages": str(tmp_path), "packages": ["beta-two"], "words": []}
    read = gone_modules.read(job, distributions(str(tmp_path)))
    assert {row["package"] for row in read["rows"]} <= {"beta-two"}
