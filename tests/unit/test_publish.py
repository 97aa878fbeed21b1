"""Publishing: addresses, credentials, pages, and the upload itself against an index that goes wrong."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.index import tiny_wheel
from tests.support.recorder import Recorder
from tests.support.served import bundle_of, opened, some_wheels
from tests.support.uploads import UploadIndex
from tests.support.wheels import WheelParts

from parity.errors import AddressUnusable, OtherBytesThere, ParityError, PublishDenied, PublishFailed
from parity.farside.index.catalogue import Catalogue
from parity.host.keyring import keyring_login
from parity.publish import (
    UploadTarget,
    find_credentials,
    index_candidates,
    publish,
    pypirc,
    upload_url,
)
from parity.publish.listing import Listed, parse_page

SECRET = "canary-5ecret"
QUICK = (0.01, 0.01)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with opened([bundle_of(tmp_path, some_wheels(tmp_path / "w")).path]) as found:
        yield found


@pytest.fixture
def server() -> Iterator[UploadIndex]:
    with UploadIndex().running() as running:
        yield running


def target_of(server: UploadIndex, **more: Any) -> UploadTarget:
    return UploadTarget(server.url, index_candidates(server.url), redact=_redact, **more)


def _redact(text: str) -> str:
    return text.replace(SECRET, "***")


# --- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        f"https://user:{SECRET}@host/x/",
        f"https://{SECRET}@host/x/",
        "ftp://host/",
        "host/x",
        "http://",
        "http://host:99999/",
        "http://[::1/",
        f"http://host/?token={SECRET}",
        f"http://host/#{SECRET}",
        "http://host/a b",
        "http://host/\n",
    ],
)
def test_an_address_with_credentials_or_without_sense_is_refused(address: str) -> None:
    with pytest.raises(AddressUnusable) as caught:
        upload_url(address)
    assert SECRET not in caught.value.message + caught.value.where + caught.value.remedy


def test_the_address_to_install_from_is_told_apart() -> None:
    with pytest.raises(AddressUnusable, match="to install from") as caught:
        upload_url("https://host/root/prod/+simple/")
    assert "https://host/root/prod/ " in caught.value.remedy.replace(";", " ")


@pytest.mark.parametrize(
    ("upload", "simple"),
    [
        ("https://devpi/root/prod/", "https://devpi/root/prod/+simple/"),
        ("https://nexus/repository/pypi/", "https://nexus/repository/pypi/simple/"),
        ("https://art/artifactory/api/pypi/local", "https://art/artifactory/api/pypi/local/simple/"),
        ("http://pypiserver:8080", "http://pypiserver:8080/simple/"),
        ("https://host/legacy/", "https://host/simple/"),
    ],
)
def test_where_the_simple_index_of_an_upload_address_is(upload: str, simple: str) -> None:
    assert simple in index_candidates(upload_url(upload))


def test_proxies_are_left_out_where_the_host_wants_none() -> None:
    proxies = {"http": "http://p:1", "https": "http://p:2", "no": "localhost,.corp"}
    assert UploadTarget("https://a.corp/", (), proxies=proxies).proxies_used() == {}
    assert UploadTarget("https://a.example/", (), proxies=proxies).proxies_used() == {
        "http": "http://p:1",
        "https": "http://p:2",
    }


# --- credentials ------------------------------------------------------------------------------------------


class _Ring(keyring.backend.KeyringBackend):
    """A keyring of one entry, or a broken one."""

    priority = 1

    def __init__(self, broken: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.broken = broken

    def get_password(self, service: str, username: str) -> str | None:
        if self.broken:
            raise RuntimeError("no D-Bus")
        return SECRET if (service, username) == ("https://host/", "ring") else None

    def get_credential(self, service: str, username: str | None) -> Any:
        password = self.get_password(service, username or "ring")
        return keyring.credentials.SimpleCredential(username or "ring", password) if password else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    """Never the keyring of whoever runs the tests."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


NETRC = {"host": ("net", "rc")}
SECTION = {"username": "py", "password": "pirc"}


@pytest.mark.parametrize(
    ("environ", "netrc", "section", "login", "source"),
    [
        (
            {"PARITY_PUBLISH_USERNAME": "a", "PARITY_PUBLISH_PASSWORD": "b", "TWINE_PASSWORD": "t"},
            NETRC,
            SECTION,
            ("a", "b"),
            "PARITY_PUBLISH_USERNAME",
        ),
        ({"PARITY_PUBLISH_PASSWORD": "b"}, {}, {}, ("__token__", "b"), "PARITY_PUBLISH_USERNAME"),
        (
            {"TWINE_USERNAME": "t", "TWINE_PASSWORD": "w"},
            NETRC,
            SECTION,
            ("t", "w"),
            "TWINE_USERNAME",
        ),
        ({}, NETRC, SECTION, ("py", "pirc"), ".pypirc"),
        ({}, NETRC, {}, ("net", "rc"), "netrc"),
        ({}, {"other": ("x", "y")}, {}, None, "nobody"),
    ],
)
def test_who_uploads(
    environ: Mapping[str, str],
    netrc: Mapping[str, tuple[str, str]],
    section: Mapping[str, str],
    login: tuple[str, str] | None,
    source: str,
) -> None:
    found = find_credentials("https://host/", environ, netrc, section, keyring_login)
    assert (found.login, found.source, found.warnings) == (login, source, ())
    assert login is None or repr(login[1]) not in repr(found)


def test_the_keyring_is_asked_last_and_may_be_broken() -> None:
    keyring.set_keyring(_Ring())
    assert find_credentials("https://host/", {}, {}, {}, keyring_login).login == ("ring", SECRET)
    assert find_credentials("https://other/", {}, {}, {}, keyring_login).login is None
    assert find_credentials("https://host/", {}, NETRC, {}, keyring_login).source == "netrc"
    keyring.set_keyring(_Ring(broken=True))
    found = find_credentials("https://host/", {}, {}, {}, keyring_login)
    assert found.login is None
    assert "keyring cannot be asked" in found.warnings[0]


def test_a_section_of_pypirc(tmp_path: Path) -> None:
    path = tmp_path / ".pypirc"
    path.write_text(
        "[distutils]\nindex-servers = corp\n"
        f"[corp]\nrepository = https://host/x/\nusername = me\npassword = {SECRET}\n"
    )
    found = pypirc(str(path), "corp")
    assert (found["repository"], found["username"], found["password"]) == ("https://host/x/", "me", SECRET)
    for name, text in (("other", None), ("corp", f"[corp\npassword={SECRET}"), ("corp", "[distutils]\n")):
        if text is not None:
            path.write_text(text)
        with pytest.raises(AddressUnusable) as caught:
            pypirc(str(path), name)
        assert SECRET not in str(caught.value)


# --- pages ------------------------------------------------------------------------------------------------

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (
            "text/html; charset=utf-8",
            f'<a href="../../f/a-1%2Bx-py3-none-any.whl#sha256={DIGEST.upper()}">whatever</a><a>x</a>',
            {"a-1+x-py3-none-any.whl": Listed("http://h/r/f/a-1+x-py3-none-any.whl", DIGEST)},
        ),
        (
            "text/html",
            '<base href="http://cdn/p/"><A HREF=b.whl#md5=00>b</A>',
            {"b.whl": Listed("http://cdn/p/b.whl", None)},
        ),
        (
            "application/vnd.pypi.simple.v1+json",
            '{"files":[{"filename":"c.whl","url":"/c.whl","hashes":{"sha256":"' + DIGEST + '"}},{"x":1},7]}',
            {"c.whl": Listed("http://h/c.whl", DIGEST)},
        ),
        ("application/json", '{"files":{"a":1}}', {}),
        ("application/json", "[" * 100_000, {}),
        ("application/json", '{"files":[{"filename":"c.whl","url":"http://[::1"}]}', {}),
        (
            "text/html",
            f'<a data-requires-python=">=3.6,<4" href="d.whl#sha256={DIGEST}">d</a>',
            {"d.whl": Listed("http://h/r/simple/a/d.whl", DIGEST)},
        ),
        ("text/html", '<a href="http://[::1">x</a><a href="#x">y</a>', {}),
        ("", "\x00\x01", {}),
    ],
)
def test_pages_of_all_kinds(kind: str, body: str, expected: dict[str, Listed]) -> None:
    found = parse_page(body.encode(), kind, "http://h/r/simple/a/")
    if expected:
        assert {name: one.sha256 for name, one in found.items()} == {n: o.sha256 for n, o in expected.items()}
        assert {one.url.replace("%2B", "+") for one in found.values()} == {o.url for o in expected.values()}
    else:
        assert found == {}


@pytest.mark.parametrize("sign", ["<a ", "<a href=", "<a '\"", "<a x>", "<!--"])
def test_a_page_that_only_begins_is_read_in_no_time(sign: str) -> None:
    def read(count: int) -> None:
        assert parse_page(sign.encode() * count, "text/html", "http://h/") == {}

    grows_no_faster_than_its_length(read, 12_500)


# --- uploading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("as_json", "place"), [(False, "/simple/"), (True, "/+simple/")])
def test_the_first_run_uploads_and_the_second_skips(
    catalogue: Catalogue, server: UploadIndex, as_json: bool, place: str
) -> None:
    server.as_json, server.place = as_json, place
    first = publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert first.uploaded == tuple(catalogue.wheels)
    assert first.skipped == ()
    for name, wheel in catalogue.wheels.items():
        assert server.files[wheel.project, name] == b"".join(catalogue.chunks(wheel))
    forms = {form["name"][0]: form for form in server.forms}
    assert forms["alpha"]["requires_dist"] == ["Beta.Lib>=2"]
    assert forms["alpha"]["requires_python"] == [">=3.6,<4"]
    assert forms["alpha"]["filetype"] == ["bdist_wheel"]
    assert forms["alpha"]["pyversion"] == ["py3"]
    assert forms["alpha"]["sha256_digest"] == [catalogue.projects["alpha"][0].sha256]
    second = publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert (second.uploaded, set(second.skipped)) == ((), set(catalogue.wheels))
    assert len(server.forms) == 3


def test_other_bytes_stop_everything_before_the_first_upload(
    catalogue: Catalogue, server: UploadIndex
) -> None:
    name = "gamma_x-0.1-py3-none-any.whl"
    server.files["gamma-x", name] = b"other bytes"
    for digests in (True, False):
        server.digests = digests
        with pytest.raises(OtherBytesThere) as caught:
            publish(catalogue, target_of(server), Recorder(), delays=QUICK)
        for digest in (catalogue.wheels[name].sha256, hashlib.sha256(b"other bytes").hexdigest()):
            assert f"sha256 {digest}" in caught.value.message
    assert server.forms == []


def test_a_page_without_sha256_is_settled_by_the_bytes(catalogue: Catalogue, server: UploadIndex) -> None:
    server.digests = False
    publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert publish(catalogue, target_of(server), Recorder(), delays=QUICK).uploaded == ()
    assert len(server.forms) == 3
    (wheel,) = catalogue.projects["alpha"]
    server.files["alpha", wheel.filename] += b"more"
    with pytest.raises(OtherBytesThere, match="of a longer file"):
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)


def test_faults_that_pass_are_tried_again(catalogue: Catalogue, server: UploadIndex) -> None:
    server.refusals = [503, 0, 429]
    done = publish(catalogue, target_of(server), Recorder(), delays=(0.01,) * 3)
    assert done.uploaded == tuple(catalogue.wheels)
    assert len(server.files) == 3


def test_an_interrupted_run_is_resumed(catalogue: Catalogue, server: UploadIndex) -> None:
    server.refusals = [200, 500, 500, 500]
    with pytest.raises(PublishFailed, match="500"):
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert len(server.files) == 1
    done = publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert (len(done.uploaded), len(done.skipped)) == (2, 1)


def test_an_answer_that_got_lost_is_no_failure(catalogue: Catalogue, server: UploadIndex) -> None:
    server.stores_refused = True
    server.refusals = [409, 400, 403]
    done = publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert set(done.skipped) == set(catalogue.wheels)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, PublishDenied), (403, PublishDenied), (400, PublishFailed), (302, PublishFailed)],
)
def test_a_refusal_names_the_file_the_reason_and_no_secret(
    catalogue: Catalogue, server: UploadIndex, status: int, kind: type[ParityError]
) -> None:
    server.refusals = [status]
    server.reason = f"\n  not for {SECRET}\x1b[31m\nmore"
    with pytest.raises(kind) as caught:
        publish(catalogue, target_of(server, login=("me", SECRET)), Recorder(), delays=QUICK)
    shown = f"{caught.value.message} {caught.value.where} {caught.value.remedy}"
    assert next(iter(catalogue.wheels)) in shown
    assert "\x1b" not in shown
    assert SECRET not in shown
    assert status == 302 or f"{status} not for ***" in shown


def test_credentials_are_sent_and_shown_nowhere(
    catalogue: Catalogue,
    server: UploadIndex,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.login = f"me:{SECRET}"
    recorder = Recorder()
    with caplog.at_level(0):
        publish(catalogue, target_of(server, login=("me", SECRET)), recorder, delays=QUICK)
    assert len(server.files) == 3
    seen = capsys.readouterr()
    assert seen.out == ""
    assert SECRET not in seen.err + caplog.text + repr(vars(recorder)) + repr(
        target_of(server, login=("me", SECRET))
    )


def test_the_callers_proxies_and_netrc_have_no_say(
    catalogue: Catalogue, server: UploadIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login x password y\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    monkeypatch.setenv("no_proxy", "")
    server.login = "me:right"
    publish(catalogue, target_of(server, login=("me", "right")), Recorder(), delays=QUICK)
    assert len(server.files) == 3


def test_a_redirect_to_somebody_elses_index_means_not_there(
    catalogue: Catalogue, server: UploadIndex
) -> None:
    with UploadIndex().running() as elsewhere:
        elsewhere.files["alpha", "alpha-1.0-py3-none-any.whl"] = b"public"
        server.moved_to = f"{elsewhere.url}simple/alpha/"
        done = publish(catalogue, target_of(server), Recorder(), delays=QUICK, dry_run=True)
        assert done.uploaded == tuple(catalogue.wheels)
        assert elsewhere.reads == []
    assert server.forms == []


def test_an_index_that_is_not_there_is_one_clear_error(catalogue: Catalogue, server: UploadIndex) -> None:
    target = UploadTarget("http://127.0.0.1:9/", ("http://127.0.0.1:9/simple/",))
    with pytest.raises(PublishFailed, match="cannot be asked: Connection refused"):
        publish(catalogue, target, Recorder(), delays=QUICK)


def test_wheels_that_twine_would_refuse_are_published(tmp_path: Path, server: UploadIndex) -> None:
    old = "Metadata-Version: 2.0\nName: old\nVersion: 1.0\nLicense-File: LICENSE\nOdd-Field: x\n\nText\n"
    path = tmp_path / "old-1.0-2-py2.py3-none-any.whl"
    path.write_bytes(WheelParts("old", metadata=old, tag="py2.py3-none-any").data())
    with opened([bundle_of(tmp_path, [path]).path]) as catalogue:
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    (form,) = server.forms
    assert (form["metadata_version"], form["pyversion"]) == (["2.0"], ["py2.py3"])
    assert "license_file" not in form


def test_nothing_stays_in_the_temporary_folder(
    catalogue: Catalogue, server: UploadIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    server.refusals = [200, 400]
    with pytest.raises(PublishFailed):
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert os.listdir(tmp_path / "t") == []


def test_two_wheels_of_one_project_are_compared_in_one_request(tmp_path: Path, server: UploadIndex) -> None:
    wheels = [tiny_wheel(tmp_path / "w", "alpha", version) for version in ("1.0", "1.1", "1.2")]
    with opened([bundle_of(tmp_path, wheels).path]) as catalogue:
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)
        server.reads.clear()
        publish(catalogue, target_of(server), Recorder(), delays=QUICK)
    assert server.reads == ["/+simple/alpha/", "/simple/alpha/"]
