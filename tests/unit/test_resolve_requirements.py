"""Requirements files: what is read, what is refused, and where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.targets import DEBIAN11, requirements_file

from parity.errors import InputFileError
from parity.model import Requirements
from parity.resolve import WhatToInstall, read_requirements


def read(path: Path) -> WhatToInstall:
    return read_requirements(Requirements(files=(path,)), "profile")


def test_comments_continuations_nested_files_and_hashes_are_read(tmp_path: Path) -> None:
    requirements_file(tmp_path, "attrs<25  # not yet\n", "sub/limits.txt")
    requirements_file(tmp_path, "-c limits.txt\n-r ../main.txt\nidna\n", "sub/more.txt")
    main = requirements_file(
        tmp_path,
        "\ufeff# a comment\n\nrequests[socks] >=2 ; python_version >= '3.6'  # why\n"
        f"Flask == 1.0 \\\n    --hash=sha256:{'A' * 64} \\\n    --hash=md5:{'b' * 32}\n"
        "--only-binary :all:\n-r sub/more.txt\n",
        "main.txt",
    )
    what = read(main)
    assert [(line.text, line.name) for line in what.requirements] == [
        ('requests[socks]>=2; python_version >= "3.6"', "requests"),
        ("Flask==1.0", "flask"),
        ("idna", "idna"),
    ]
    assert [line.text for line in what.constraints] == ["attrs<25"]
    assert what.requirements[1].where == f"{main}:4"
    assert what.hashes() == {"flask": frozenset({"a" * 64})}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-e .", "editable"),
        ("--editable=git+https://host.example/x", "editable"),
        ("-f wheels/", "-f"),
        ("--find-links=https://host.example/", "--find-links"),
        ("-i https://user:canary-1@host.example/simple", "-i"),
        ("--extra-index-url https://user:canary-1@host.example/simple", "--extra-index-url"),
        ("--pre", "--pre"),
        ("https://user:canary-1@host.example/demo-1.0.tar.gz", "user or password"),
        ("demo @ git+https://canary-1@host.example/demo.git", "user or password"),
        ("git+ssh://git:canary-1@host.example/x.git", "user or password"),
        ("hg+https://host.example/x", "neither git's nor an archive's"),
        ("ssh://host.example/x.git", "neither git's nor an archive's"),
        ("demo @ https://host.example/x.zip#sha256=abc", "64 hexadecimal digits"),
        ("demo @ https://host.example/x.zip?token=canary-1", "a query"),
        ("demo @ git+https://host.example/x --hash=sha256:" + "a" * 64, "repository"),
        (f"./x.zip --hash=sha256:{'a' * 64} --hash=sha256:{'b' * 64}", "several hashes"),
        ("./x ; os_name", "not a marker"),
        ("demo==${VERSION}", "environment variable"),
        ("demo=1.0", "not a requirement"),
        ("demo==1.0 --hash=md5:" + "a" * 32, "no sha256"),
        ("-r missing.txt", "missing.txt"),
        ("-r https://host.example/r.txt", "URL"),
        ("\x00\x01", "not a requirement"),
    ],
)
def test_what_a_bundle_cannot_carry_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = requirements_file(tmp_path, f"idna\n\n{line}\n")
    with pytest.raises(InputFileError) as caught:
        read(path)
    error = caught.value
    assert said in error.message
    assert error.where == f"{path}:3"
    assert error.remedy
    assert "canary-1" not in repr([error.message, error.details])


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = requirements_file(tmp_path, "-e .\nok\n--pre\n")
    with pytest.raises(InputFileError) as caught:
        read(path)
    assert [line.split(": ")[0] for line in caught.value.details] == [f"{path}:1", f"{path}:3"]


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    requirements_file(tmp_path, "-r a.txt\nb\n", "b.txt")
    a = requirements_file(tmp_path, "-r b.txt\na\n", "a.txt")
    assert [line.name for line in read(a).requirements] == ["b", "a"]


def test_a_file_that_is_missing_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"none\.txt"):
        read(tmp_path / "none.txt")
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00demo")
    with pytest.raises(InputFileError, match="UTF-8"):
        read(binary)


def test_inline_lines_name_the_profile() -> None:
    with pytest.raises(InputFileError) as caught:
        read_requirements(Requirements(inline=("no good!",)), "debian11")
    assert caught.value.where == "debian11"


def test_sources_that_lines_name_themselves_are_read(tmp_path: Path) -> None:
    digest = "a" * 64
    lines = {
        "Demo_Lib[b,a] @ git+https://host.example/x.git@v1.0#subdirectory=py ; python_version > '3'": (
            "demo-lib", ("a", "b"), "git", "https://host.example/x.git", "v1.0", "py", "",
        ),
        "git+ssh://git@host.example/x.git@feature/y#egg=demo[a]": (
            "demo", ("a",), "git", "ssh://git@host.example/x.git", "feature/y", "", "",
        ),
        "git+file:///srv/x.git": ("", (), "git", "file:///srv/x.git", "", "", ""),
        f"d @ https://h.ex/?a=b#sha256={digest}": ("d", (), "url", "https://h.ex/?a=b", "", "", digest),
        f"https://host.example/x#sha256={digest}": ("", (), "url", "https://host.example/x", "", "", digest),
        f"./x-1.tar.gz --hash=sha256:{digest}": ("", (), "path", "sub/x-1.tar.gz", "", "", digest),
        "../near[a] ; os_name == 'posix'": ("", ("a",), "path", "near", "", "", ""),
        "demo @ ./here": ("demo", (), "path", "sub/here", "", "", ""),
        f"demo @ {(tmp_path / 'a b').as_uri()}": ("demo", (), "path", "a b", "", "", ""),
        "x-1-py3-none-any.whl": ("", (), "path", "sub/x-1-py3-none-any.whl", "", "", ""),
    }  # fmt: skip
    what = read(requirements_file(tmp_path, "".join(f"{line}\n" for line in lines), "sub/r.txt"))
    assert what.requirements == ()
    found = [(one, one.source(tmp_path)) for one in what.direct]
    assert [
        (one.name, one.extras, of.kind, of.address, of.revision, of.subdirectory, of.sha256)
        for one, of in found
    ] == list(lines.values())
    assert found[0][0].holds(DEBIAN11.markers)


def test_an_address_limits_nothing(tmp_path: Path) -> None:
    path = requirements_file(tmp_path, "demo @ https://host.example/x.zip\n")
    with pytest.raises(InputFileError, match="among the constraints"):
        read_requirements(Requirements(constraints=(path,)), "profile")
