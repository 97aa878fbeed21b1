"""What builder.fetch brought, as it goes into the build: files, folders and inner links, nothing else."""

from __future__ import annotations

import io
import tarfile

import pytest
from tests.support.growth import grows_no_faster_than_its_length

from parity.project.prefetch import _taken, _without_logins


def archive(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of (name, type, content or target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.uid = kind, 0o4755, 65529
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                tar.addfile(info)
    return buffer.getvalue()


def taken(data: bytes) -> tuple[dict[str, tarfile.TarInfo], str, io.BytesIO]:
    into = io.BytesIO()
    said = _taken([data], into, "demo")
    into.seek(0)
    with tarfile.open(fileobj=into) as tar:
        return {each.name: each for each in tar.getmembers()}, said["sha256"], into


def test_only_files_folders_and_inner_links_below_source_and_home_are_taken() -> None:
    members, _, into = taken(
        archive(
            ("fetched/source/node_modules/tool.js", tarfile.REGTYPE, "tool"),
            ("fetched/source/node_modules/.bin/tool", tarfile.SYMTYPE, "../tool.js"),
            ("fetched/home/hard", tarfile.LNKTYPE, "fetched/source/node_modules/tool.js"),
            ("fetched/source/outside", tarfile.SYMTYPE, "../../../etc/passwd"),
            ("fetched/source/absolute", tarfile.SYMTYPE, "/etc/passwd"),
            ("fetched/source/pipe", tarfile.FIFOTYPE, ""),
            ("fetched/source/device", tarfile.CHRTYPE, ""),
            ("fetched/ca.pem", tarfile.REGTYPE, "ours"),
            ("fetched/source/../../parity/evil.py", tarfile.REGTYPE, "evil"),
        )
    )
    assert sorted(members) == [
        "home/hard",
        "source/node_modules/.bin/tool",
        "source/node_modules/tool.js",
    ]
    assert {(each.uid, each.mode) for each in members.values() if each.isreg()} == {(0, 0o755)}
    into.seek(0)
    with tarfile.open(fileobj=into) as tar:
        hard = tar.extractfile("home/hard")
        assert hard is not None
        assert hard.read() == b"tool"


def test_the_digest_changes_with_content_name_and_target() -> None:
    told = {
        taken(archive(member))[1]
        for member in (
            ("fetched/source/a", tarfile.REGTYPE, "one"),
            ("fetched/source/a", tarfile.REGTYPE, "two"),
            ("fetched/source/b", tarfile.REGTYPE, "one"),
            ("fetched/home/a", tarfile.REGTYPE, "one"),
            ("fetched/source/a", tarfile.SYMTYPE, "one"),
            ("fetched/source/a", tarfile.SYMTYPE, "two"),
        )
    }
    assert len(told) == 6


def test_commands_are_told_no_login_of_a_proxy() -> None:
    told = _without_logins({"https": "http://user:secret@proxy.example:3128", "no": "localhost", "http": ""})
    assert told == {"https": "http://proxy.example:3128", "no": "localhost"}


def test_names_of_any_bytes_are_taken_and_count() -> None:
    names = ("fetched/source/a\udcff", "fetched/source/a\udcfe")
    told = [taken(archive((name, tarfile.REGTYPE, "one"))) for name in names]
    assert [list(members) for members, _, _ in told] == [["source/a\udcff"], ["source/a\udcfe"]]
    assert told[0][1] != told[1][1]


@pytest.mark.parametrize(("target", "kept"), [("c", True), ("/etc/passwd", False), ("../../../x", False)])
def test_a_hard_link_to_a_link_is_that_link(target: str, kept: bool) -> None:
    """As the engine packs what `ln` makes of a link; the link may lead out, or to itself in the end."""
    members, _, _ = taken(
        archive(
            ("fetched/source/a", tarfile.SYMTYPE, target),
            ("fetched/source/b", tarfile.LNKTYPE, "fetched/source/a"),
            ("fetched/source/c", tarfile.SYMTYPE, "a"),
        )
    )
    links = {name: each.linkname for name, each in members.items()}
    assert links == ({"source/a": "c", "source/b": "c", "source/c": "a"} if kept else {"source/c": "a"})


def test_very_many_hard_links_are_taken_in_time() -> None:
    """As a store of modules has them (pnpm): each is looked up at once."""
    one = ("fetched/source/0", tarfile.REGTYPE, "x")

    def links(count: int) -> None:
        more = [(f"fetched/source/{n}", tarfile.LNKTYPE, "fetched/source/0") for n in range(1, count)]
        members, _, _ = taken(archive(one, *more))
        assert len(members) == count

    grows_no_faster_than_its_length(links, 2000)
