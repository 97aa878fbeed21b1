"""uv's wheel on this machine: fetched from an index, cached, and never trusted without a look."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.index import PackageIndex
from tests.support.tls import Authority

from parity.errors import IndexFailed, ToolUnavailable
from parity.host.uv_tool import ensure_uv, uv_binary, uv_tar
from parity.model.network import HostNetwork
from parity.resolve import UvWheel, uv_version, uv_wheel

PROGRAM = b"\x7fELF" + os.urandom(3000)
LOGIN = ("me", "canary-uv-1")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """An index that demands credentials and offers something in uv's place."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    real = uv_wheel("x86_64")
    with zipfile.ZipFile(folder / real.filename, "w") as archive:
        archive.writestr(real.member, PROGRAM)
        info = f"uv-{real.version}.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: uv\nVersion: {real.version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-musllinux_1_1_x86_64\n")
        archive.writestr(f"{info}/RECORD", "")
    with PackageIndex(folder, login=LOGIN) as index:
        yield index


def network(index: PackageIndex) -> HostNetwork:
    return HostNetwork(index_url=index.url, index_login=LOGIN)


def pinned(index: PackageIndex) -> UvWheel:
    real = uv_wheel("x86_64")
    data = (index.wheels / real.filename).read_bytes()
    return replace(
        real, sha256=hashlib.sha256(data).hexdigest(), binary_sha256=hashlib.sha256(PROGRAM).hexdigest()
    )


def test_it_is_fetched_once_with_the_machines_credentials(index: PackageIndex, tmp_path: Path) -> None:
    wheel, cache = pinned(index), tmp_path / "cache"
    path = ensure_uv(wheel, cache, network(index))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256
    index.seen.clear()
    assert ensure_uv(wheel, cache, network(index)) == path
    assert index.seen == []
    assert [entry.name for entry in path.parent.iterdir()] == [wheel.filename]


def test_a_poisoned_cache_is_found_and_fetched_again(index: PackageIndex, tmp_path: Path) -> None:
    wheel, cache = pinned(index), tmp_path / "cache"
    path = ensure_uv(wheel, cache, network(index))
    program = uv_binary(wheel, path)
    assert program.read_bytes() == PROGRAM
    for poisoned in (path, program):
        poisoned.write_bytes(poisoned.read_bytes()[:-1] + b"!")
    assert uv_binary(wheel, ensure_uv(wheel, cache, network(index))).read_bytes() == PROGRAM
    assert path.read_bytes() == (index.wheels / wheel.filename).read_bytes()


def test_other_bytes_than_pinned_are_refused(index: PackageIndex, tmp_path: Path) -> None:
    with pytest.raises(ToolUnavailable) as caught:
        ensure_uv(uv_wheel("x86_64"), tmp_path / "cache", network(index))
    assert "canary-uv-1" not in repr([caught.value.message, caught.value.details, caught.value.remedy])
    assert list((tmp_path / "cache/tools").iterdir()) == []


def test_an_index_that_does_not_have_it_is_said(tmp_path: Path, index: PackageIndex) -> None:
    index.fail("/simple/uv/", status=404)
    with pytest.raises(ToolUnavailable) as caught:
        ensure_uv(pinned(index), tmp_path / "cache", network(index))
    assert str(tmp_path / "cache/tools") in caught.value.remedy


def test_a_wheel_with_another_program_is_refused(index: PackageIndex, tmp_path: Path) -> None:
    wheel = replace(pinned(index), binary_sha256="0" * 64)
    with pytest.raises(ToolUnavailable, match="pinned"):
        uv_binary(wheel, ensure_uv(wheel, tmp_path / "cache", network(index)))


def test_the_tar_holds_the_program_ready_to_run(tmp_path: Path) -> None:
    program = tmp_path / "uv"
    program.write_bytes(PROGRAM)
    with tarfile.open(fileobj=io.BytesIO(b"".join(uv_tar(program)))) as archive:
        member = archive.getmember("parity/bin/uv")
        assert member.mode == 0o755
        extracted = archive.extractfile(member)
        assert extracted is not None
        assert extracted.read() == PROGRAM


def test_an_architecture_without_uv_is_refused() -> None:
    with pytest.raises(ToolUnavailable, match="riscv64"):
        uv_wheel("riscv64")
    for arch in ("x86_64", "aarch64", "ppc64le", "s390x"):
        assert uv_wheel(arch).filename.startswith(f"uv-{uv_version()}-py3-none-")


def why(network: HostNetwork, tmp_path: Path) -> IndexFailed:
    with pytest.raises(IndexFailed) as caught:
        ensure_uv(uv_wheel("x86_64"), tmp_path / "cache", network)
    return caught.value


def test_an_index_that_wants_a_login_is_told_with_the_variables_that_count(
    index: PackageIndex, tmp_path: Path
) -> None:
    nobody = replace(network(index), index_login=None, index_name="corp")
    assert "set UV_INDEX_CORP_USERNAME and UV_INDEX_CORP_PASSWORD" in why(nobody, tmp_path).remedy
    refused = why(replace(nobody, index_login=("me", "wrong-one")), tmp_path)
    assert "UV_INDEX_CORP_PASSWORD" in refused.remedy
    assert "are refused" in refused.remedy
    assert "wrong-one" not in repr([refused.message, refused.details, refused.remedy])


def test_an_index_that_is_not_reached_is_told_so_and_not_what_pip_made_of_it(tmp_path: Path) -> None:
    with PackageIndex(tmp_path, tls=Authority(tmp_path / "ca").server("127.0.0.1")) as index:
        closed = why(HostNetwork(index_url=index.url), tmp_path)
    assert "certificate" in closed.message
    assert "PIP_CERT" in closed.remedy
    gone = why(HostNetwork(index_url=index.url), tmp_path)
    assert "does not answer" in gone.message


def test_plain_http_is_asked_as_the_resolver_asks_it(tmp_path: Path) -> None:
    """Of this machine's own address, which pip does not trust without a word, too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        host = probe.getsockname()[0]
    (tmp_path / "wheels").mkdir()
    with PackageIndex(tmp_path / "wheels", host=host) as index:
        with pytest.raises(ToolUnavailable):
            ensure_uv(uv_wheel("x86_64"), tmp_path / "cache", HostNetwork(index_url=index.url))
        assert index.seen
