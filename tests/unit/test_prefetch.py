"""What builder.fetch brought, as it goes into the build: files, folders and inner links, nothing else."""

from __future__ import annotations

import io
import tarfile

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
