"""Carried interpreters: where uv has them from, and what it says of those."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.support.interpreters import Mirror, mirror, packed
from tests.support.targets import DEBIAN11
from tests.support.unpacked import uv_wheel
from tests.unit.test_with_python import LOCKED, SOUND

from parity.errors import PythonUnavailable, PythonUnfit
from parity.export.python_fetch import demand_reachable, uv_request
from parity.guest.tasks.interpreter import main as ask_uv
from parity.host.uv_tool import uv_binary
from parity.host.uvconf import python_places
from parity.model import Libc, PythonPlaces
from parity.resolve import uv_wheel as pinned_uv


def test_uvs_own_settings_say_where_interpreters_are(tmp_path: Path) -> None:
    settings = tmp_path / "uv" / "uv.toml"
    settings.parent.mkdir()
    settings.write_text('python-install-mirror = "http://a"\npython-downloads-json-url = "http://b"\n')
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": "/nowhere", "HOME": "/nowhere"}
    found = python_places(environ, tmp_path)
    assert (found.mirror, found.downloads, found.cache) == ("http://a", "http://b", tmp_path / "pythons")
    assert python_places({**environ, "UV_PYTHON_INSTALL_MIRROR": "http://c"}, tmp_path).mirror == "http://c"
    assert python_places({**environ, "UV_NO_CONFIG": "1"}, tmp_path).mirror == ""
    settings.write_text("python-install-mirror = [1]\n")
    assert python_places(environ, tmp_path).mirror == ""
    settings.write_text("[")
    assert len(python_places(environ, tmp_path).warnings) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///srv/pythons", "no container reaches"),
        ("http://127.0.0.1:8000/", "no container reaches this machine"),
        ("http://me:secret@localhost/", "no container reaches this machine"),
        ("http://[::1]/", "no container reaches this machine"),
        ("/srv/pythons", "no address of a server"),
        ("http://[", "no address of a server"),
        ("https://host:port/", "no address of a server"),
        ("ftp://host/", "no address of a server"),
    ],
)
def test_a_place_that_no_container_reaches_is_refused_at_once(address: str, said: str) -> None:
    for places in (PythonPlaces(Path(), mirror=address), PythonPlaces(Path(), downloads=address)):
        with pytest.raises(PythonUnavailable, match=said) as caught:
            demand_reachable(places)
        assert "secret" not in str(caught.value)
        assert "=ADDRESS" in caught.value.remedy
    demand_reachable(PythonPlaces(Path(), "https://mirror.example/python", "http://10.0.0.1:8000/list.json"))


def test_a_target_is_asked_for_as_uv_spells_it() -> None:
    there = replace(DEBIAN11, libc=Libc("musl", (1, 2)), python="3.12.4", arch="ppc64le")
    assert uv_request(there, None) == "cpython-3.12-linux-powerpc64le-musl"
    assert uv_request(replace(DEBIAN11, python="3.11.2"), LOCKED) == "cpython-3.11.9-linux-x86_64-gnu"
    with pytest.raises(PythonUnfit, match=r"the lock names Python 3.11.9, and the target has 3.1.4"):
        uv_request(replace(DEBIAN11, python="3.1.4"), LOCKED)
    with pytest.raises(PythonUnfit, match="only CPython"):
        uv_request(replace(DEBIAN11, implementation="pypy"), None)


@pytest.fixture(scope="module")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pinned uv's program."""
    copy = tmp_path_factory.mktemp("uv") / uv_wheel().name
    copy.write_bytes(uv_wheel().read_bytes())
    return uv_binary(pinned_uv("x86_64"), copy)


@pytest.fixture
def place() -> Iterator[Mirror]:
    with mirror("127.0.0.1") as found:
        yield found


_CONFIG = b"# system configuration generated and used by the sysconfig module\nbuild_time_vars = {'a': 'b'}\n"
FOR_UV = {
    **SOUND,
    # uv makes the paths in it its own; so it refuses an interpreter without.
    "lib/python3.11/_sysconfigdata__linux_x86_64-linux-gnu.py": _CONFIG,
}


def asked(uv: Path, work: Path, request: str = "cpython-3.11-linux-x86_64-gnu", **more: Any) -> Any:
    job = {"uv": str(uv), "request": request, "mirror": "", "downloads": "", "work": str(work)}
    return ask_uv(cast("Any", {**job, "seconds": 60, "retries": 0, **more}), lambda _: None)


def test_uv_fetches_what_its_list_says_and_runs_nothing_of_it(
    uv: Path, place: Mirror, tmp_path: Path
) -> None:
    data = packed({**FOR_UV, "bin/python3.11": f"#!/bin/sh\ntouch {tmp_path}/ran\n".encode()})
    address = place.offer(data, "3.11.2").replace("http://", "http://me:secret@")
    found = asked(uv, tmp_path, downloads=address)
    assert (found["trouble"], found["said"].count("error")) == ("", 0)
    assert (found["version"], found["file"]) == ("3.11.2", "cpython-3.11.2-x86_64.tar.gz")
    assert Path(found["path"]).read_bytes() == data
    assert "Basic " + base64.b64encode(b"me:secret").decode() in place.logins
    assert not (tmp_path / "ran").exists()


def test_a_mirror_stands_in_for_uvs_own_place(uv: Path, place: Mirror, tmp_path: Path) -> None:
    # Only builds of that place are looked for at a mirror; uv itself says which it is.
    found = re.search(rb"will replace `(https://[^`\s]+/releases/download)`", uv.read_bytes())
    assert found
    data = packed(FOR_UV)
    address = place.offer(
        data, "3.11.2", url=found[1].decode() + "/20261110/cpython-3.11.2%2B20261110.tar.gz"
    )
    place.files["/pythons/20261110/cpython-3.11.2%2B20261110.tar.gz"] = data
    told = asked(uv, tmp_path, downloads=address, mirror=place.url + "/pythons")
    assert (told["trouble"], told["file"]) == ("", "cpython-3.11.2+20261110.tar.gz")
    assert Path(told["path"]).read_bytes() == data


def test_what_uv_says_of_a_trouble_tells_which_it_is(uv: Path, place: Mirror, tmp_path: Path) -> None:
    address = place.offer(packed(FOR_UV), "3.11.2")
    assert asked(uv, tmp_path, "cpython-3.12-linux-x86_64-gnu", downloads=address)["trouble"] == "none"
    assert asked(uv, tmp_path, downloads=place.url + "/other.json")["trouble"] == "list"
    # Of uv's own list, at this mirror: nothing there, then something else.
    gone = asked(uv, tmp_path, mirror=place.url)
    assert (gone["trouble"], place.url in gone["said"]) == ("fetch", True)
    place.files[place.seen[-1]] = packed(FOR_UV)
    assert asked(uv, tmp_path, mirror=place.url)["trouble"] == "digest"
    address = place.offer(packed(SOUND), "3.11.2")
    assert asked(uv, tmp_path, downloads=address)["trouble"] == "unfit"
