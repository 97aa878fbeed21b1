"""What the process that imports a package's modules is believed."""

from __future__ import annotations

from pathlib import Path

from parity.guest.tasks import imports
from parity.wire.rehearsing import ImportsJob


def test_each_of_many_modules_has_its_answer(tmp_path: Path) -> None:
    """What is said of them all together may be long; that is no flood."""
    modules = [f"no_such_module_{number}" for number in range(9000)]
    job: ImportsJob = {
        "packages": [],
        "environment": {},
        "tickets": False,
        "folder": str(tmp_path),
        "service": "",
        "site_packages": "",
        "timeout": 60,
        "alone": False,
    }
    begun: list[int] = []
    answers = imports._try(job, modules, lambda: begun.append(1))
    assert [answer["module"] for answer in answers] == modules
    assert {answer["error"].partition(":")[0] for answer in answers} == {"ModuleNotFoundError"}
    assert len(begun) == 1
