"""What the index answers, without a socket: negotiation, redirects, conditions, ranges, hostile requests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.served import bundle_of, opened, some_wheels

from parity.farside.index.pages import HTML_TYPE, JSON_TYPE, PLAIN_TYPE
from parity.farside.index.responses import Answer, IndexSite, Region, answer, choose

PIP = f"{JSON_TYPE}, {HTML_TYPE}; q=0.1, text/html; q=0.01"
UV = f"{JSON_TYPE}, {HTML_TYPE};q=0.2, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ALPHA = "/files/alpha-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexSite]:
    folder = tmp_path_factory.mktemp("site")
    with opened([bundle_of(folder, some_wheels(folder / "w")).path]) as catalogue:
        yield IndexSite(catalogue)


def ask(site: IndexSite, target: str, method: str = "GET", **headers: str) -> Answer:
    known = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return answer(site, method, target, lambda name: known.get(name.lower(), ""))


def kind(found: Answer) -> str:
    return dict(found.headers)["Content-Type"].partition(";")[0]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", PLAIN_TYPE),
        ("*/*", PLAIN_TYPE),
        (BROWSER, PLAIN_TYPE),
        (PIP, JSON_TYPE),
        (UV, JSON_TYPE),
        ("text/html", PLAIN_TYPE),
        ("text/*", PLAIN_TYPE),
        (HTML_TYPE, HTML_TYPE),
        (f"text/html, {JSON_TYPE}", JSON_TYPE),
        (f"{JSON_TYPE};q=0.1, text/html;q=0.5", PLAIN_TYPE),
        ("application/vnd.pypi.simple.latest+json", JSON_TYPE),
        ("application/*", HTML_TYPE),
        (f"*/*, {PLAIN_TYPE};q=0, {HTML_TYPE};q=0", JSON_TYPE),
        (f"{JSON_TYPE}; Q=1.0 , x;;;q=,", JSON_TYPE),
        ("application/json", None),
        ("application/vnd.pypi.simple.v2+json", None),
        ("text/html;q=0", None),
        ("text/html;q=2", PLAIN_TYPE),
    ],
)
def test_the_client_gets_what_it_prefers(accept: str, chosen: str | None) -> None:
    assert choose(accept) == chosen


def test_each_kind_of_page_has_its_own_tag(site: IndexSite) -> None:
    answers = [ask(site, "/simple/alpha/", accept=one) for one in (JSON_TYPE, HTML_TYPE, PLAIN_TYPE)]
    assert [kind(one) for one in answers] == [JSON_TYPE, HTML_TYPE, PLAIN_TYPE]
    assert len({dict(one.headers)["ETag"] for one in answers}) == 3
    assert {dict(one.headers)["Vary"] for one in answers} == {"Accept"}
    assert ask(site, "/simple/alpha/", accept="application/json").status == 406


@pytest.mark.parametrize("path", ["/simple/", "/simple/alpha/"])
def test_the_address_may_ask_for_a_format(site: IndexSite, path: str) -> None:
    for wanted in (JSON_TYPE, JSON_TYPE.replace("+", "%2B"), "application/vnd.pypi.simple.latest+json"):
        assert kind(ask(site, f"{path}?x=1&format={wanted}", accept="text/html")) == JSON_TYPE
    assert kind(ask(site, f"{path}?format=nonsense", accept=PIP)) == JSON_TYPE


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/simple", "/simple/"),
        ("/simple/alpha", "/simple/alpha/"),
        ("/simple/Beta.Lib", "/simple/beta-lib/"),
        ("/simple/BETA__lib/", "/simple/beta-lib/"),
        (f"/simple/ALPHA/?format={JSON_TYPE}", f"/simple/alpha/?format={JSON_TYPE.replace('+', '%2B')}"),
    ],
)
def test_other_spellings_are_sent_to_the_right_one(site: IndexSite, path: str, there: str) -> None:
    found = ask(site, path)
    assert found.status == 301
    assert urljoin(path, dict(found.headers)["Location"]) == there
    assert ask(site, there).status == 200


def test_a_file_is_a_range_of_the_bundle(site: IndexSite) -> None:
    found = ask(site, "http://proxy.example" + ALPHA.replace("alpha", "%61lpha"))
    wheel = site.catalogue.wheels["alpha-1.0-py3-none-any.whl"]
    assert found.body == Region(site.catalogue.descriptor(wheel), wheel.offset, wheel.size)
    assert dict(found.headers)["ETag"] == f'"{wheel.sha256}"'
    assert dict(found.headers)["Cache-Control"] == "no-cache"
    metadata = ask(site, f"{ALPHA}.metadata").body
    assert isinstance(metadata, bytes)
    assert hashlib.sha256(metadata).hexdigest() == wheel.metadata_sha256


def test_what_the_client_has_already_is_not_sent(site: IndexSite) -> None:
    for path in (ALPHA, f"{ALPHA}.metadata", "/simple/", "/"):
        tag = dict(ask(site, path).headers)["ETag"]
        for wanted in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            found = ask(site, path, if_none_match=wanted, range="bytes=0-1")
            assert (found.status, found.body, dict(found.headers)["ETag"]) == (304, b"", tag)
        assert ask(site, path, if_none_match='"other"').status == 200


@pytest.mark.parametrize(
    ("wanted", "status", "start", "count"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=5-", 206, 5, -5),
        ("bytes=-7", 206, -7, 7),
        ("bytes=0-999999999", 206, 0, 0),
        ("bytes=-999999999", 206, 0, 0),
        ("BYTES= 0-3", 200, 0, 0),
        ("bytes=3-2", 200, 0, 0),
        ("bytes=-", 200, 0, 0),
        ("bytes=0-1,4-5", 200, 0, 0),
        ("lines=0-1", 200, 0, 0),
        ("bytes=0-" + "9" * 400, 200, 0, 0),
        ("bytes=999999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
def test_ranges(site: IndexSite, wanted: str, status: int, start: int, count: int) -> None:
    whole = ask(site, ALPHA).body
    assert isinstance(whole, Region)
    found = ask(site, ALPHA, range=wanted)
    assert found.status == status
    if status == 416:
        assert dict(found.headers)["Content-Range"] == f"bytes */{whole.size}"
        return
    first = start if start >= 0 else whole.size + start
    length = count if count > 0 else whole.size + count
    assert found.body == Region(whole.descriptor, whole.offset + first, length)
    if status == 206:
        assert dict(found.headers)["Content-Range"] == f"bytes {first}-{first + length - 1}/{whole.size}"
    assert ask(site, ALPHA, "HEAD", range=wanted).status == 200
    assert ask(site, ALPHA, range=wanted, if_range='"another"').status == 200
    assert ask(site, ALPHA, range=wanted, if_range=dict(found.headers)["ETag"]).status == status


def test_a_page_has_ranges_too(site: IndexSite) -> None:
    whole = ask(site, "/simple/").body
    assert isinstance(whole, bytes)
    assert ask(site, "/simple/", range="bytes=4-9").body == whole[4:10]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/../etc/passwd",
        "/files/../../etc/passwd",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files//etc/passwd",
        "/files/",
        "/files/.metadata",
        "/files/alpha-1.0-py3-none-any.whl.metadata.metadata",
        "/files/alpha-1.0-py3-none-any.whl%00.txt",
        "/files/alpha-1.0-py3-none-any.whl/",
        "/simple/../files/alpha-1.0-py3-none-any.whl",
        "/simple/alpha/../../",
        "/simple//",
        "/simple/%2e%2e/",
        "/simple/alpha%2fx/",
        "/simple/nothing/",
        "//alpha",
        "\\..\\x",
        "*",
        "",
        "host:443",
        "/%ff%fe",
    ],
)
def test_nothing_else_is_there(site: IndexSite, path: str) -> None:
    assert ask(site, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"])
def test_it_is_read_only(site: IndexSite, method: str) -> None:
    found = ask(site, "/simple/", method)
    assert (found.status, dict(found.headers)["Allow"]) == (405, "GET, HEAD")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_any_request_gets_an_answer(site: IndexSite, path: str, accept: str, wanted: str) -> None:
    for prefix in ("", "/", "/simple/", "/files/", "http://"):
        found = ask(site, prefix + path, accept=accept, range=wanted, if_none_match=wanted, host=path)
        assert found.status in (200, 206, 301, 304, 404, 406, 416)
        assert all("\n" not in value and "\r" not in value for _, value in found.headers)


def test_the_page_for_people_names_bundles_packages_and_how_to_use_them(site: IndexSite) -> None:
    page = ask(site, "/", host="index.corp:8080").body
    assert isinstance(page, bytes)
    for words in (
        "demo 1.0, serial 7",
        "debian 11, glibc 2.31, Python 3.9, x86_64",
        "pip install --index-url http://index.corp:8080/simple/ NAME",
        "uv pip install --default-index http://index.corp:8080/simple/ NAME",
        '<a href="simple/beta-lib/">beta-lib</a>',
    ):
        assert words in page.decode()
    body = ask(site, "/", host='"><script>').body
    assert isinstance(body, bytes)
    assert b"http://THIS-HOST/simple/" in body


def test_the_links_of_a_page_lead_to_its_files(site: IndexSite) -> None:
    body = ask(site, "/simple/beta-lib/", accept=PIP).body
    assert isinstance(body, bytes)
    for file in json.loads(body)["files"]:
        address = urljoin("http://h/prefix/simple/beta-lib/", file["url"])
        assert address.startswith("http://h/prefix/files/")
        assert isinstance(ask(site, address.replace("/prefix", "")).body, Region)
