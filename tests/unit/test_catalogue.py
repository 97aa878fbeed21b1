"""What the index says of locked files: asked of a real index, good and bad."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import PackageIndex, tiny_wheel

from parity.guest.tasks import catalogue

TAGS = ["cp39-cp39-manylinux_2_17_x86_64", "py3-none-any"]
ALPHA = "alpha-1.0-py3-none-any.whl"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    for version in ("1.0", "1.1", "2.0rc1"):
        tiny_wheel(tmp_path, "alpha", version)
    tiny_wheel(tmp_path, "alpha", "3.0", tag="cp312-cp312-win_amd64")
    with PackageIndex(tmp_path) as index:
        yield index


def asked(index: PackageIndex, *names: str, deadline: float = 20.0, **more: Any) -> list[dict[str, Any]]:
    job: Any = {
        "index_url": index.url, "indexes": [], "proxies": {}, "ca": None, "client_certificate": None,
        "credentials": {}, "timeout": 10.0, "tags": TAGS, "python_version": "3.9.2", "deadline": deadline,
        "projects": [{"name": name, "filename": f"{name}-1.0-py3-none-any.whl"} for name in names],
        **more,
    }  # fmt: skip
    return [dict(each) for each in catalogue.main(job, lambda event: None)["projects"]]


def test_it_tells_of_the_locked_file_and_of_the_newest_that_fits(index: PackageIndex) -> None:
    index.marks[ALPHA] = 'data-yanked="broken" data-requires-python="&gt;=3.8"'
    (said,) = asked(index, "alpha")
    assert said == {
        "name": "alpha", "index": "default", "listed": True, "yanked": True, "reason": "broken",
        "requires_python": ">=3.8", "size": None, "newest": "1.1", "source_only": False, "trouble": "",
    }  # fmt: skip
    index.marks[ALPHA] = "data-yanked"
    (said,) = asked(index, "alpha")
    assert (said["yanked"], said["reason"]) == (True, "")


def test_a_page_in_json_tells_sizes_and_a_file_that_is_gone_is_not_listed(index: PackageIndex) -> None:
    file = {"url": f"{index.root}/files/{ALPHA}", "filename": ALPHA, "hashes": {}, "size": 1234}
    page = {"meta": {"api-version": "1.1"}, "name": "alpha", "files": [file]}
    kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}
    index.fail("/simple/alpha/", body=json.dumps(page).encode(), headers=kind)
    (said,) = asked(index, "alpha")
    assert (said["size"], said["newest"], said["listed"]) == (1234, "1.0", True)
    index.heal()
    (index.wheels / ALPHA).unlink()
    (said,) = asked(index, "alpha")
    assert (said["listed"], said["newest"]) == (False, "1.1")


def test_what_goes_wrong_with_one_project_is_its_own_trouble(index: PackageIndex) -> None:
    tiny_wheel(index.wheels, "odd")
    tiny_wheel(index.wheels, "sick")
    index.fail(
        "/simple/odd/",
        body=b'{"files": [{"filename": 3, "url": "x.whl"}]}',
        headers={"Content-Type": "application/json"},
    )
    index.fail("/simple/sick/", status=500)
    good, odd, sick, absent = asked(index, "alpha", "odd", "sick", "absent")
    assert (good["trouble"], good["listed"]) == ("", True)
    assert "cannot be read" in odd["trouble"]
    assert sick["trouble"]
    assert absent["trouble"] == "no index has it"


def test_an_index_that_does_not_answer_is_not_waited_for(index: PackageIndex) -> None:
    tiny_wheel(index.wheels, "slow")
    index.fail("/simple/slow/", delay=40.0)
    begin = time.monotonic()
    good, slow = asked(index, "alpha", "slow", deadline=1.0, timeout=1.0)
    assert time.monotonic() - begin < 25
    assert good["listed"]
    assert slow["trouble"]
