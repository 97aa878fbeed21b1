"""A variable in the path of an address: used where the address is asked, written nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.errors import IndexFailed
from parity.host.network import host_network
from parity.model import Profile, Requirements
from parity.model.network import HostNetwork
from parity.model.veil import Veil
from parity.profile import load_profile
from parity.resolve import WhatToInstall, read_requirements, with_file_options

TOKEN = "t0k3n-0f-s0m3b0dy"
VEIL = Veil((("https://h.example:443", "${TOKEN}", TOKEN),))


def read(folder: Path, text: str, **environ: str) -> WhatToInstall:
    (folder / "r.txt").write_text(text)
    return read_requirements(Requirements(files=(folder / "r.txt",)), "p", environ)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://h.example/${TOKEN}/simple/", "https://h.example/${TOKEN}/simple/"),
        ("https://h.example/a-${TOKEN}/simple/", "https://h.example/a-${TOKEN}/simple/"),
        ("https://h.example/simple/${TOKEN}", "https://h.example/simple/${TOKEN}"),
        ("${BASE}/${TOKEN}/simple/", "https://h.example/${TOKEN}/simple/"),
        ("https://${HOST}/${TOKEN}/simple/", "https://h.example/${TOKEN}/simple/"),
        ("https://me:${PASSWORD}@h.example/${TOKEN}/simple/", "https://h.example/${TOKEN}/simple/"),
        ("${WHOLE}", "https://h.example/plain/simple/"),
    ],
)
def test_the_address_of_an_index_keeps_the_variables_of_its_path(
    said: str, kept: str, tmp_path: Path
) -> None:
    environ = {
        "TOKEN": TOKEN, "BASE": "https://h.example", "HOST": "h.example", "PASSWORD": "p/w",
        "WHOLE": "https://h.example/plain/simple/",
    }  # fmt: skip
    if "PASSWORD" in said:
        environ["PASSWORD"] = "p%2Fw"
    what = read(tmp_path, f"demo\n--index-url {said}\n", **environ)
    assert what.options.index is not None
    assert what.options.index.url == kept
    network = host_network(_asked(what, tmp_path).index, environ)
    assert network.index_url == kept
    assert TOKEN not in repr(network)
    assert network.veil.off(kept) == kept.replace("${TOKEN}", TOKEN)


def _asked(what: WhatToInstall, folder: Path) -> Profile:
    (folder / "p.yaml").write_text(
        'target: {os: {id: debian, version: "11"}, libc: glibc 2.31, python: "3.9", arch: x86_64}\n'
        "image: debian:11\n"
    )
    return with_file_options(load_profile(folder / "p.yaml", (folder,)), what.options)


def test_the_address_of_a_file_keeps_those_of_its_folders_and_tells_its_name(tmp_path: Path) -> None:
    line = "demo @ https://h.example/${TOKEN}/demo-${VERSION}-py3-none-any.whl"
    what = read(tmp_path, line + "\n", TOKEN=TOKEN, VERSION="1.0")
    assert what.direct[0].url == "https://h.example/${TOKEN}/demo-1.0-py3-none-any.whl"
    network = host_network(_asked(what, tmp_path).index, {"TOKEN": TOKEN})
    assert network.veil.off(what.direct[0].url) == f"https://h.example/{TOKEN}/demo-1.0-py3-none-any.whl"


def test_a_variable_that_is_gone_is_named(tmp_path: Path) -> None:
    what = read(tmp_path, "demo\n--extra-index-url https://h.example/${TOKEN}/\n", TOKEN=TOKEN)
    with pytest.raises(IndexFailed, match="TOKEN"):
        host_network(_asked(what, tmp_path).index, {})


@pytest.mark.parametrize(
    "text",
    [
        f"https://h.example/{TOKEN}/simple/demo/",
        f'url = "https://h.example/{TOKEN}/demo-1.0.tar.gz", x',
        f"https://elsewhere.example/files/{TOKEN}/demo-1.0.whl",
        f"Failed to fetch: `https://h.example:443/{TOKEN}/simple/demo/`",
        f"https://h.example/{TOKEN}",
    ],
)
def test_the_value_is_veiled_wherever_an_address_tells_it(text: str) -> None:
    assert TOKEN not in VEIL.over(text)
    assert "${TOKEN}" in VEIL.over(text)
    assert TOKEN not in HostNetwork(veil=VEIL).redact(f"it said {text} and {TOKEN}")


def test_what_only_looks_like_the_value_stays() -> None:
    veil = Veil((("https://h.example:443", "${TEAM}", "demo"),))
    given = {"filename": "demo-1.0.whl", "https://h.example/demo/demo-1.0.whl": ["demo", 1, None, True]}
    told = {"filename": "demo-1.0.whl", "https://h.example/${TEAM}/demo-1.0.whl": ["demo", 1, None, True]}
    assert veil.all_over(given) == told
    assert veil.all_off(told) == given


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/${TOKEN}/demo-1.0.whl",
        "https://h.example:8443/${TOKEN}/demo-1.0.whl",
        "http://h.example/${TOKEN}/demo-1.0.whl",
        "https://h.example@evil.example/${TOKEN}/x",
        "https://h.example/${HOME}/x",
        "https://evil.example/?https://h.example/${TOKEN}/x",
    ],
)
def test_a_strangers_page_gets_no_variable(address: str) -> None:
    assert TOKEN not in VEIL.off(address)
    assert VEIL.off(address) == address
