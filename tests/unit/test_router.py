"""Several indexes as one: where a project comes from, who hears which login, and what passes through."""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.index import PackageIndex, basic, tiny_wheel
from tests.support.tls import Authority

from parity.guest.net import pages
from parity.guest.net.router import Router

A, B = ("user-a", "canary-a"), ("user-b", "canary-b")


@pytest.fixture
def main(tmp_path: Path) -> Iterator[PackageIndex]:
    tiny_wheel(tmp_path / "main", "app", requires=["acme-core"])
    tiny_wheel(tmp_path / "main", "acme-core", "9.0")
    with PackageIndex(tmp_path / "main") as index:
        yield index


@pytest.fixture
def team(tmp_path: Path) -> Iterator[PackageIndex]:
    tiny_wheel(tmp_path / "team", "acme-core", "1.0", padding=5000)
    tiny_wheel(tmp_path / "team", "acme-tool", "1.0")
    with PackageIndex(tmp_path / "team", login=A) as index:
        yield index


def origin(url: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(url))


def entry(name: str, url: str, *packages: str, login: tuple[str, str] | None = None) -> dict[str, Any]:
    credentials = {origin(url): list(login)} if login else {}
    return {
        "name": name,
        "url": url,
        "packages": list(packages),
        "flat": url.endswith(".html"),
        "credentials": credentials,
    }


@contextmanager
def routing(*indexes: dict[str, Any], **job: Any) -> Iterator[Router]:
    said: Any = {"indexes": list(indexes), "proxies": {}, "ca": None, **job}
    with Router(said) as router:
        yield router


def ask(
    url: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), int(parts.port or 80), timeout=10)
    connection.request(method, parts.path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def project(router: Router, name: str) -> tuple[int, dict[str, str]]:
    """Status, and addresses by file name, of a project's page."""
    status, _, body = ask(f"{router.url}{name}/")
    return status, {file["filename"]: file["url"] for file in json.loads(body)["files"]} if body else {}


def test_the_same_name_on_two_indexes_is_a_confusion_unless_it_is_bound(
    main: PackageIndex, team: PackageIndex
) -> None:
    with routing(entry("default", main.url), entry("team", team.url, login=A)) as router:
        assert project(router, "acme-core") == (409, {})
        assert list(project(router, "app")[1]) == ["app-1.0-py3-none-any.whl"]
        assert list(project(router, "acme-tool")[1]) == ["acme_tool-1.0-py3-none-any.whl"]
        assert project(router, "nobody") == (404, {})
        report = router.routes.report()
    assert report["confused"] == {"acme-core": ["default", "team"]}
    assert report["names"] == {"app": "default", "acme-tool": "team"}
    assert report["troubles"] == []
    for packages, bound, files in (
        (("acme-core",), (), ["acme_core-1.0-py3-none-any.whl"]),
        (("acme-*",), (), ["acme_core-1.0-py3-none-any.whl"]),
        (("acme-*",), ("acme-core",), ["acme_core-9.0-py3-none-any.whl"]),
        (("acme-core",), ("*",), ["acme_core-1.0-py3-none-any.whl"]),
        ((), ("*",), ["acme_core-9.0-py3-none-any.whl"]),
    ):
        with routing(
            entry("default", main.url, *bound), entry("team", team.url, *packages, login=A)
        ) as router:
            assert list(project(router, "acme-core")[1]) == files


def test_a_bound_name_is_asked_of_its_own_index_alone(main: PackageIndex, team: PackageIndex) -> None:
    with routing(entry("default", main.url), entry("team", team.url, "app", "acme-*", login=A)) as router:
        assert project(router, "app") == (404, {})
        assert project(router, "acme-nowhere") == (404, {})
        assert project(router, "Acme.Tool")[0] == 200
        assert router.routes.report()["lacking"] == {"app": "team", "acme-nowhere": "team"}
    assert main.seen == []


LINKS = b"""<html><body><h1>Wheels</h1><a href="../">up</a>
<a href="files/acme_core-1.0-py3-none-any.whl">x</a> <a href="files/acme-tool-2.0.tar.gz">y</a>
<a href='files/torch-1.0%2Bcpu-cp39-cp39-linux_x86_64.whl'>z</a></body></html>"""


def test_one_page_of_links_is_asked_once_for_all_projects(main: PackageIndex, team: PackageIndex) -> None:
    team.fail("/links.html", body=LINKS)
    links = entry("links", team.root + "/links.html", login=A)
    with routing(entry("default", main.url, "acme-tool"), links) as router:
        _, found = project(router, "torch")
        assert list(found) == ["torch-1.0+cpu-cp39-cp39-linux_x86_64.whl"]
        assert project(router, "acme")[0] == 404
        assert project(router, "acme-core")[0] == 409  # the default index has it, too
        assert project(router, "acme-tool")[0] == 404  # bound to the default index, which has none
        assert router.real(found["torch-1.0+cpu-cp39-cp39-linux_x86_64.whl"]) == (
            team.root + "/files/torch-1.0%2Bcpu-cp39-cp39-linux_x86_64.whl"
        )
        assert router.real(f"{router.url}torch/") == links["url"]
    assert [each.path for each in team.seen].count("/links.html") == 1
    with routing(entry("default", main.url), entry("links", links["url"], "acme-*", login=A)) as router:
        assert list(project(router, "acme-core")[1]) == ["acme_core-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(("status", "said"), [(404, "not there"), (200, "no page of links")])
def test_a_page_of_links_that_is_gone_or_none_is_told(
    main: PackageIndex, team: PackageIndex, status: int, said: str
) -> None:
    bad = b'<a href="ftp://x/evil-1.0-py3-none-any.whl">x</a>'
    team.fail("/links.html", status=status, body=bad)
    with routing(entry("default", main.url), entry("links", team.root + "/links.html", login=A)) as router:
        assert project(router, "app")[0] == 424  # or the resolver would go on without it
        (trouble,) = router.routes.report()["troubles"]
    assert (trouble["index"], trouble["kind"]) == ("links", "page")
    assert said in trouble["message"]


def test_an_index_that_sends_its_visitors_elsewhere_does_not_have_it(
    main: PackageIndex, team: PackageIndex
) -> None:
    other = main.url.replace("127.0.0.1", "localhost")
    team.fail("/simple/app/", status=302, headers={"Location": f"{other}app/"})
    with routing(entry("default", main.url), entry("team", team.url, login=A)) as router:
        assert list(project(router, "app")[1]) == ["app-1.0-py3-none-any.whl"]
    main.fail("/simple/app/", body=b'<html><body><a href="../">up</a></body></html>')
    with routing(entry("default", main.url), entry("team", team.url, login=A)) as router:
        assert project(router, "app") == (404, {})


def test_a_login_that_is_not_taken_stops_the_resolver(main: PackageIndex, team: PackageIndex) -> None:
    with routing(entry("default", main.url), entry("team", team.url, login=B)) as router:
        assert project(router, "app")[0] == 424
        (trouble,) = router.routes.report()["troubles"]
    assert (trouble["index"], trouble["kind"]) == ("team", "http-401")
    assert B[1] not in json.dumps(trouble)


def test_what_may_pass_is_asked_again_and_what_will_not_is_not(
    main: PackageIndex, team: PackageIndex
) -> None:
    main.fail("/simple/app/", status=503, times=1)
    team.fail("/simple/acme-tool/", body=b"\x00", headers={"Content-Type": "image/png"})
    with routing(entry("default", main.url), entry("team", team.url, "acme-*", login=A)) as router:
        assert project(router, "app")[0] == 502
        assert project(router, "app")[0] == 200
        assert project(router, "acme-tool")[0] == 424
        kinds = [each["kind"] for each in router.routes.report()["troubles"]]
    assert kinds == ["http-503", "page"]


def test_files_pass_through_with_ranges_and_conditions(main: PackageIndex, team: PackageIndex) -> None:
    wheel = (team.wheels / "acme_core-1.0-py3-none-any.whl").read_bytes()
    with routing(entry("default", main.url), entry("team", team.url, "acme-*", login=A)) as router:
        (url,) = project(router, "acme-core")[1].values()
        assert ask(url)[2] == wheel
        status, headers, body = ask(url, headers={"Range": "bytes=100-199"})
        assert (status, body) == (206, wheel[100:200])
        assert headers["Content-Range"] == f"bytes 100-199/{len(wheel)}"
        status, headers, body = ask(url, "HEAD")
        assert (status, int(headers["Content-Length"]), body) == (200, len(wheel), b"")
        assert ask(url + ".metadata")[0] == 404
        team.fail(".whl", status=304)
        assert ask(url, headers={"If-None-Match": '"x"'})[0] == 304
        said = f"could not read `{url}` from {router.url}acme-core/"
        assert router.routes.report()["troubles"] == []
        real = f"{team.root}/files/acme_core-1.0-py3-none-any.whl"
        assert router.real(said) == f"could not read `{real}` from {team.url}acme-core/"
    assert {seen.authorization for seen in team.seen} == {basic(*A)}


def test_a_file_at_another_origin_is_fetched_without_the_indexs_login(
    main: PackageIndex, team: PackageIndex
) -> None:
    (main.wheels / "acme_tool-1.0-py3-none-any.whl").write_bytes(
        (team.wheels / "acme_tool-1.0-py3-none-any.whl").read_bytes()
    )
    team.files_url = main.root.replace("http://", "http://me:canary-inside@")
    with routing(entry("default", main.url), entry("team", team.url, "acme-*", login=A)) as router:
        (url,) = project(router, "acme-tool")[1].values()
        assert ask(url)[0] == 200
        assert "canary-inside" not in router.real(url)
    assert [seen.authorization for seen in main.seen if seen.path.startswith("/files")] == [""]


def test_two_indexes_of_one_server_have_two_logins(tmp_path: Path, main: PackageIndex) -> None:
    tiny_wheel(tmp_path / "both", "one")
    tiny_wheel(tmp_path / "both", "two")
    with PackageIndex(tmp_path / "both") as server:
        first, second = entry("a", server.url, "one", login=A), entry("b", server.url, "two", login=B)
        with routing(entry("default", main.url), first, second) as router:
            for name in ("one", "two"):
                (url,) = project(router, name)[1].values()
                assert ask(url)[0] == 200
        heard = {(Path(seen.path).name.split("-")[0], seen.authorization) for seen in server.seen}
    assert heard == {("one", basic(*A)), ("two", basic(*B))}


def test_proxies_are_used_but_not_for_what_they_exclude(main: PackageIndex, team: PackageIndex) -> None:
    with PackageIndex(main.wheels) as proxy:
        job = {"proxies": {"http": proxy.root, "no": "127.0.0.1"}}
        with routing(entry("default", main.url), entry("team", team.url, "acme-*", login=A), **job) as router:
            assert project(router, "acme-tool")[0] == 200
        assert proxy.seen == []
        job = {"proxies": {"http": proxy.root}}
        with routing(entry("default", main.url, "*"), entry("team", team.url, login=A), **job) as router:
            project(router, "app")
        assert [seen.proxied for seen in proxy.seen] == [True]


def test_an_index_that_demands_a_clients_certificate_gets_it(tmp_path: Path, main: PackageIndex) -> None:
    authority = Authority(tmp_path / "ca")
    tls = authority.server("127.0.0.1", demands_client=True)
    tiny_wheel(tmp_path / "team", "acme-tool")
    with PackageIndex(tmp_path / "team", tls=tls) as team:
        indexes = (entry("default", main.url), entry("team", team.url, "acme-*"))
        with routing(*indexes, ca=authority.pem) as router:
            assert project(router, "acme-tool")[0] in (424, 502)
        certificate = authority.client().read_text()
        with routing(*indexes, ca=authority.pem, client_certificate=certificate) as router:
            (url,) = project(router, "acme-tool")[1].values()
            assert ask(url)[0] == 200


HTML = b"""<!DOCTYPE html><html><head><base href="https://files.example/x/"></head><body>
<a href="../one-1.0-py3-none-any.whl#md5=00" data-requires-python="&gt;=3.6" data-yanked="broken">one</a>
<a href="https://u:canary@other.example/one-1.0.tar.gz?sig=1#sha256=%s" data-core-metadata="sha256=bb">one</a>
<a href="../">up</a></body></html>""" % (b"AA" * 32)


def test_html_pages_in_the_words_of_json() -> None:
    assert pages.files("https://index.example/simple/one/", "text/html; charset=utf-8", HTML) == [
        {
            "filename": "one-1.0-py3-none-any.whl",
            "url": "https://files.example/one-1.0-py3-none-any.whl",
            "hashes": {"md5": "00"},
            "requires-python": ">=3.6",
            "yanked": "broken",
        },
        {
            "filename": "one-1.0.tar.gz",
            "url": "https://other.example/one-1.0.tar.gz?sig=1",
            "hashes": {"sha256": "aa" * 32},
            "core-metadata": {"sha256": "bb"},
        },
    ]


def test_the_newer_name_of_the_metadata_is_believed_in_html() -> None:
    """PEP 714: where a page says both, `core-metadata` counts, whichever stands first."""
    both = ('data-core-metadata="sha256=bb"', 'data-dist-info-metadata="sha256=cc"')
    for first, second in (both, both[::-1]):
        page = f'<a href="one-1.0-py3-none-any.whl" {first} {second}>one</a>'.encode()
        (file,) = pages.files("https://index.example/simple/one/", "text/html", page)
        assert file["core-metadata"] == {"sha256": "bb"}
    old = b'<a href="one-1.0-py3-none-any.whl" data-dist-info-metadata="true">one</a>'
    (file,) = pages.files("https://index.example/simple/one/", "text/html", old)
    assert file["core-metadata"] is True


@pytest.mark.parametrize("old", ["dist-info-metadata", "data-dist-info-metadata"])
def test_the_newer_name_of_the_metadata_is_believed_in_json(old: str) -> None:
    """The one that counts is passed on, and no other that a reader could take instead."""
    for said, believed in (
        ({"core-metadata": False, old: True}, False),
        ({old: {"sha256": "bb"}}, {"sha256": "bb"}),
    ):
        body = json.dumps({"files": [{"filename": "one-1.0-py3-none-any.whl", "url": "one.whl", **said}]})
        (file,) = pages.files("https://index.example/simple/one/", pages.JSON_TYPE, body.encode())
        assert {key: file[key] for key in file if "metadata" in key} == {"core-metadata": believed}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b'{"files": [{"filename": 1, "url": ""}]}'),
        ("application/json", b"\xff"),
        ("text/html", b'<a href="ftp://x/one-1.0.tar.gz">'),
    ],
)
def test_what_is_no_page_is_said(kind: str, body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pages.files("https://index.example/simple/one/", kind, body)


def test_a_page_without_sha256_is_told(tmp_path: Path, main: PackageIndex) -> None:
    wheel = main.wheels / "app-1.0-py3-none-any.whl"
    digest = hashlib.md5(wheel.read_bytes(), usedforsecurity=False).hexdigest()
    page = f'<a href="{main.root}/files/{wheel.name}#md5={digest}">x</a>'
    main.fail("/simple/app/", body=page.encode())
    with routing(entry("default", main.url, "*"), entry("team", main.url)) as router:
        project(router, "app")
        project(router, "acme-core")
        assert router.routes.report()["unhashed"] == ["app"]


def test_a_connection_that_comes_back_after_the_end_is_closed(main: PackageIndex) -> None:
    """The thread that answers may be through with its answer a moment after the router is closed."""
    said: Any = {"indexes": [entry("default", main.url)], "proxies": {}, "ca": None}
    router = Router(said)
    with router.routes.indexes[0].browsers.one() as browser:
        with router:
            browser.get(main.url + "app/").read()
            (connection,) = browser._connections.values()
            line = connection.sock
        assert line.fileno() != -1
    assert line.fileno() == -1
