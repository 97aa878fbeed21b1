"""The pages of the index, what they are made from, and the index as files."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.bundles import file_size_limit, make_bundle
from tests.support.index import tiny_wheel
from tests.support.served import bundle_of, opened, some_wheels
from tests.support.wheels import WheelParts

from parity.farside.index import pages as index
from parity.farside.index import static
from parity.farside.index.catalogue import Catalogue
from parity.farside.index.client_config import pip_conf, simple_url, uv_toml
from parity.farside.index.static import JSON_NAME, write_index
from parity.portable.errors import (
    BundleDamaged,
    BundlesDisagree,
    HostileContent,
    IndexNotWritten,
    NoIndexThere,
    PrefixInUse,
)

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundle_of(tmp_path, some_wheels(tmp_path / "w")).path


@pytest.fixture
def catalogue(bundle: Path) -> Iterator[Catalogue]:
    with opened([bundle]) as found:
        yield found


def test_the_pages_are_as_the_peps_say(catalogue: Catalogue) -> None:
    pages = {
        "root.html": index.root_html(catalogue.projects),
        "root.json": index.root_json(catalogue.projects),
        "alpha.html": index.project_html("alpha", catalogue.projects["alpha"]),
        "beta-lib.json": index.project_json("beta-lib", catalogue.projects["beta-lib"]),
    }
    shown = "".join(f"--- {name}\n{page}" for name, page in pages.items())
    for wheel in catalogue.wheels.values():  # what depends on the version of zlib that packed the wheels
        shown = shown.replace(wheel.sha256, f"SHA256-OF-{wheel.project}")
        shown = shown.replace(f'"size":{wheel.size}', f'"size":SIZE-OF-{wheel.project}')
    golden = GOLDEN / "index-pages.txt"
    if os.environ.get("PARITY_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_json_tells_size_versions_and_digests(catalogue: Catalogue) -> None:
    page = json.loads(index.project_json("beta-lib", catalogue.projects["beta-lib"]))
    (wheel,) = catalogue.projects["beta-lib"]
    (file,) = page["files"]
    assert page["meta"] == {"api-version": "1.1"}
    assert page["versions"] == ["2.5+linux.pure"]
    assert (file["size"], file["hashes"]) == (wheel.size, {"sha256": wheel.sha256})
    assert file["core-metadata"] == {"sha256": wheel.metadata_sha256}
    assert file["url"] == "../../files/Beta.Lib-2.5%2Blinux.pure-py3-none-any.whl"
    assert not {"requires-python", "upload-time", "dist-info-metadata"} & set(file)


def test_nothing_a_wheel_says_becomes_markup(tmp_path: Path) -> None:
    evil = '>=3.6"><script>alert(1)</script>\n <b>'
    wheel = tiny_wheel(tmp_path, "alpha", requires_python=evil)
    text = WheelParts("beta", files={}, metadata=f"Name: beta\nVersion: 1.0\nSummary: {evil}\x0b&\n").data()
    (tmp_path / "beta-1.0-py3-none-any.whl").write_bytes(text)
    with opened([bundle_of(tmp_path, [wheel, tmp_path / "beta-1.0-py3-none-any.whl"]).path]) as catalogue:
        pages = index.project_html("alpha", catalogue.projects["alpha"]) + index.human_html(
            index.offered(catalogue), '"><script>'
        )
        assert "<script>" not in pages
        assert "<b>" not in pages
        assert "\x0b" not in pages
        assert "&lt;script&gt;alert(1)" in pages


def test_several_bundles_are_one_index(tmp_path: Path) -> None:
    alpha, beta, gamma = some_wheels(tmp_path / "w")
    newer = tiny_wheel(tmp_path / "w2", "alpha", "1.1")
    first, second = bundle_of(tmp_path, [alpha, beta]), bundle_of(tmp_path, [alpha, newer, gamma], "2.0")
    with opened([first.path, second.path]) as catalogue:
        assert [wheel.version for wheel in catalogue.projects["alpha"]] == ["1.0", "1.1"]
        assert len(catalogue.wheels) == 4
        for path in (alpha, beta, gamma, newer):
            assert b"".join(catalogue.chunks(catalogue.wheels[path.name])) == path.read_bytes()
            assert (
                f"Version: {path.name.split('-')[1]}"
                in catalogue.metadata(catalogue.wheels[path.name]).decode()
            )


def test_one_name_with_other_bytes_is_refused_and_both_sides_named(tmp_path: Path) -> None:
    first = bundle_of(tmp_path, [tiny_wheel(tmp_path / "a", "alpha")])
    second = bundle_of(tmp_path, [tiny_wheel(tmp_path / "b", "alpha", padding=9)], "2.0")
    with pytest.raises(BundlesDisagree) as caught, opened([first.path, second.path]):
        pass
    for side in (first, second):
        assert str(side.path) in caught.value.message
    assert caught.value.message.count("sha256:") == 2


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("alpha-1.0-py3-none-any.whl", b"no zip at all"),
        (
            "alpha-1.0-py3-none-any.whl",
            WheelParts("alpha", leave_out=["alpha-1.0.dist-info/METADATA"]).data(),
        ),
        (
            "alpha-1.0-py3-none-any.whl",
            WheelParts("alpha", files={"other-1.0.dist-info/METADATA": b""}).data(),
        ),
        ("alpha-1.0.whl", WheelParts("alpha").data()),
        ("alpha-1.0-<b>-none-any.whl", WheelParts("alpha").data()),
        ("sub/alpha-1.0-py3-none-any.whl", WheelParts("alpha").data()),
    ],
)
def test_a_wheel_that_no_index_can_offer_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    made = make_bundle(tmp_path, wheels={name: data})
    with pytest.raises(HostileContent), opened([made.path]):
        pass


# --- as files ---------------------------------------------------------------------------------------------


def test_the_static_index_is_the_same_pages_and_the_very_bytes(catalogue: Catalogue, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "index"
    steps: list[tuple[int, int]] = []
    write_index(catalogue, str(folder), lambda done, total: steps.append((done, total)))
    for name, wheels in catalogue.projects.items():
        assert (folder / "simple" / name / "index.html").read_text() == index.project_html(name, wheels)
        assert (folder / "simple" / name / JSON_NAME).read_text() == index.project_json(name, wheels)
        for wheel in wheels:
            assert (folder / "files" / wheel.filename).read_bytes() == b"".join(catalogue.chunks(wheel))
            assert (folder / "files" / f"{wheel.filename}.metadata").read_bytes() == catalogue.metadata(wheel)
    assert "ADDRESS-OF-THIS-FOLDER/simple/" in (folder / "index.html").read_text()
    assert steps[-1][0] == steps[-1][1] == sum(wheel.size for wheel in catalogue.wheels.values())
    assert os.listdir(folder.parent) == ["index"]


def _cannot(*_: str) -> None:
    raise OSError(errno.ENOSYS, "no such call")


@pytest.mark.parametrize("in_one_step", [True, False])
def test_an_index_is_replaced_as_a_whole(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(static, "exchange", _cannot)
    folder = tmp_path / "index"
    newer = tiny_wheel(tmp_path / "w2", "delta")
    with opened([bundle_of(tmp_path, [newer], "2.0").path]) as other:
        write_index(catalogue, str(folder))
        write_index(other, str(folder))
    assert set(os.listdir(folder / "files")) == {newer.name, f"{newer.name}.metadata"}
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


def test_a_folder_of_somebody_elses_is_left_alone(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for name in ("mine", "link", "mine/thesis.txt"):
        with pytest.raises(PrefixInUse):
            write_index(catalogue, str(tmp_path / name))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"
    (tmp_path / "empty").mkdir()
    write_index(catalogue, str(tmp_path / "empty"))


def test_a_bundle_that_changed_meanwhile_leaves_the_old_index(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    with opened([bundle]) as catalogue:
        write_index(catalogue, str(folder))
        wheel = catalogue.wheels["gamma_x-0.1-py3-none-any.whl"]
        with bundle.open("r+b") as file:
            file.seek(wheel.offset + 40)
            file.write(b"\xff")
        with pytest.raises(BundleDamaged):
            write_index(catalogue, str(folder))
    assert (folder / "files" / wheel.filename).stat().st_size == wheel.size
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


def test_a_full_disk_leaves_nothing(catalogue: Catalogue, tmp_path: Path) -> None:
    with file_size_limit(100_000), pytest.raises(IndexNotWritten):
        write_index(catalogue, str(tmp_path / "index"))
    assert [name for name in os.listdir(tmp_path) if "index" in name] == []


def test_what_a_killed_run_left_is_swept_and_what_a_living_one_writes_is_not(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    dead, living = tmp_path / ".index.0123456789abcdef.tmp", tmp_path / ".index.fedcba9876543210.tmp"
    dead.mkdir()
    living.mkdir()
    lock = os.open(living, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    write_index(catalogue, str(tmp_path / "index"))
    os.close(lock)
    assert (dead.exists(), living.exists()) == (False, True)


# --- what hosts must be told ------------------------------------------------------------------------------


def test_configuration_lines(catalogue: Catalogue, tmp_path: Path) -> None:
    plain = pip_conf(simple_url("http://index.corp:8080"))
    assert "index-url = http://index.corp:8080/simple/\n" in plain
    assert "\ntrusted-host = index.corp:8080\n" in plain
    assert "trusted-host" not in pip_conf(simple_url("http://127.0.0.1:8080/"))
    assert "cert = /etc/ca.pem" in pip_conf(simple_url("https://index.corp/simple"), "/etc/ca.pem")
    assert 'url = "https://h/root/prod/+simple/"\ndefault = true' in uv_toml(
        simple_url("https://h/root/prod/+simple")
    )
    assert "SSL_CERT_FILE=/etc/ca.pem" in uv_toml("https://h/simple/", "/etc/ca.pem")
    write_index(catalogue, str(tmp_path / "my index"))
    assert simple_url(str(tmp_path / "my index")) == f"file://{tmp_path}/my%20index/simple/"
    assert simple_url(str(tmp_path / "my index/simple/")) == f"file://{tmp_path}/my%20index/simple/"


@pytest.mark.parametrize(
    "place",
    [
        "http://user:secret@host/",
        "ftp://host/",
        "http://",
        "http://host/?a=b",
        "http://[::1",
        "http://host:99999/",
        'http://host/"x',
        "http://host/\nextra-index-url=x",
        "/nowhere",
    ],
)
def test_what_is_no_index_gets_no_configuration(place: str) -> None:
    with pytest.raises(NoIndexThere) as caught:
        simple_url(place)
    assert "secret" not in caught.value.message
