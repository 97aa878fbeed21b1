"""Requirements files: what is read, what is refused, and where it stands."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.req import req_file
from tests.support.growth import grows_no_faster_than_its_length
from tests.support.targets import DEBIAN11, requirements_file

from parity.errors import InputFileError
from parity.model import Requirements
from parity.profile import load_profile
from parity.resolve import WhatToInstall, read_requirements, with_file_options
from parity.resolve.linefile import logical_lines
from parity.resolve.lineoptions import split_line


def read(path: Path, **environ: str) -> WhatToInstall:
    return read_requirements(Requirements(files=(path,)), "profile", environ)


def test_comments_continuations_nested_files_and_hashes_are_read(tmp_path: Path) -> None:
    requirements_file(tmp_path, "attrs<25  # not yet\n", "sub/limits.txt")
    requirements_file(
        tmp_path, f"-c limits.txt\n-r ../main.txt\nidna --hash sha256:{'c' * 64}\n", "sub/more.txt"
    )
    main = requirements_file(
        tmp_path,
        "\ufeff# a comment\n\nrequests[socks] >=2 ; python_version >= '3.6' \\\n"
        f"  --hash=sha256:{'e' * 64}  # why\n"
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
    assert what.requirements[1].where == f"{main}:5"
    assert what.hashes()["flask"] == {"a" * 64}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-f wheels/", "-f"),
        ("--find-links=s3://host.example/", "no http or https address"),
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
        ("demo==${VERSION}", "environment variable VERSION"),
        ("-e demo", "editable install of no path"),
        ("--index-url file:///srv/simple", "no http or https address"),
        ("--no-index", "--no-index"),
        ("--no-binary :all:", "--no-binary :all:"),
        ("demo --config-settings=a=b", "--config-settings"),
        ("demo --global-option=--fast", "--global-option"),
        ("-e ./x --config-settings=setup-args=-Da=b", "--config-settings"),
        ("https://host.example/x.zip#md5=" + "a" * 32, "#md5= behind an address"),
        ("./x.zip#sha512=" + "a" * 128, "#sha512= behind"),
        ("-r file://host.example/x", "names no file of this machine"),
        ("--no-such-option", "no such option"),
        ("-r 'not closed", "quotes"),
        ("--pre demo", "more than one requirement"),
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
    path = requirements_file(tmp_path, "--index-url file:///srv\nok\n--no-binary :all:\n")
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
    for data in (b"idna\n\xff\xfe\x00demo", b"\xff\xfe\x00", b"# coding: hex\nidna", b"# coding: klingon\n"):
        binary.write_bytes(data)
        with pytest.raises(InputFileError, match=r"it (is not|names)") as caught:
            read(binary)
        assert "UTF-8" in caught.value.remedy


def test_a_marker_begins_where_pip_has_it_begin(tmp_path: Path) -> None:
    lines = [
        "a==1;",
        "b==1 ; ",
        "c;python_version>'3'",
        "d @ https://h.example/d-1.zip; python_version > '3'",
    ]
    found = read(requirements_file(tmp_path, "\n".join(lines)))
    assert [line.text for line in found.requirements] == ["a==1", "b==1", 'c; python_version > "3"']
    assert [(each.name, each.marker) for each in found.direct] == [("d", 'python_version > "3"')]


def test_inline_lines_name_the_profile() -> None:
    with pytest.raises(InputFileError) as caught:
        read_requirements(Requirements(inline=("no good!",)), "debian11")
    assert caught.value.where == "debian11"


def test_sources_that_lines_name_themselves_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
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
        f"./x-1.tar.gz#sha256={digest}": ("", (), "path", "sub/x-1.tar.gz", "", "", digest),
        ".": ("", (), "path", "sub", "", "", ""),
        "..[dev]": ("", ("dev",), "path", ".", "", "", ""),
        "libs/core[fast]": ("", ("fast",), "path", "sub/libs/core", "", "", ""),
        "../near[a] ; os_name == 'posix'": ("", ("a",), "path", "near", "", "", ""),
        "demo @ ./here": ("demo", (), "path", "sub/here", "", "", ""),
        f"demo @ {(tmp_path / 'a b').as_uri()}": ("demo", (), "path", "a b", "", "", ""),
        "x-1-py3-none-any.whl": ("", (), "path", "sub/x-1-py3-none-any.whl", "", "", ""),
        "./a;python_version > '3'": ("", (), "path", "sub/a", "", "", ""),
        "b/c[x]; python_version>'3'": ("", ("x",), "path", "sub/b/c", "", "", ""),
        ". [dev]": ("", ("dev",), "path", "sub", "", "", ""),
        "./y.zip ;os_name=='posix'": ("", (), "path", "sub/y.zip", "", "", ""),
        "https://host.example/a;b.zip; os_name == 'posix'": (
            "", (), "url", "https://host.example/a;b.zip", "", "", "",
        ),
        "git+https://host.example/x@v2; os_name == 'posix'": (
            "", (), "git", "https://host.example/x", "v2", "", "",
        ),
    }  # fmt: skip
    what = read(requirements_file(tmp_path, "".join(f"{line}\n" for line in lines), "sub/r.txt"))
    assert what.requirements == ()
    found = [(one, one.source(tmp_path)) for one in what.direct]
    assert [
        (one.name, one.extras, of.kind, of.address, of.revision, of.subdirectory, of.sha256)
        for one, of in found
    ] == list(lines.values())
    assert found[0][0].holds(DEBIAN11.markers)
    assert [one.marker for one, _ in found[-2:]] == ["os_name == 'posix'"] * 2


def test_a_path_starts_at_its_file_or_as_with_pip_where_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("", "lib", "requirements/own"):
        requirements_file(tmp_path, "[project]\nname = 'x'\n", f"{folder}/pyproject.toml".lstrip("/"))
    requirements_file(tmp_path, "", "y.zip")
    path = requirements_file(
        tmp_path, "-e .\n./lib[x]\n./own\n./y.zip\n-e file:lib\n./nowhere\n", "requirements/dev.txt"
    )
    monkeypatch.chdir(tmp_path)
    places = [one.source(tmp_path).address for one in read(path).direct]
    assert places == [".", "lib", "requirements/own", "y.zip", "lib", "requirements/nowhere"]
    inline = Requirements(("./lib",), folder=tmp_path / "requirements")
    (line,) = read_requirements(inline, "profile").direct
    assert line.source(tmp_path).address == "requirements/lib"


def test_an_address_limits_nothing(tmp_path: Path) -> None:
    path = requirements_file(tmp_path, "demo @ https://host.example/x.zip\n")
    with pytest.raises(InputFileError, match="among the constraints"):
        read_requirements(Requirements(constraints=(path,)), "profile")


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfidna\r\nattrs\r\n",
        b"idna\rattrs",
        "idna  # grüße\nattrs\n".encode("utf-16"),
        b"\xfe\xff" + "idna\nattrs\n".encode("utf-16-be"),
        "idna\nattrs\n".encode("utf-32"),
        b"# -*- coding: latin-1 -*-\nidna  # gr\xfc\xdfe\nattrs\n",
        b"#!x\n# vim: set fileencoding=cp1252 :\nidna\nattrs # \x80\n",
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_is_in(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "r.txt"
    path.write_bytes(data)
    assert [line.name for line in read(path).requirements] == ["idna", "attrs"]


def test_variables_come_from_the_environment_and_are_named(tmp_path: Path) -> None:
    path = requirements_file(
        tmp_path, "demo==${VERSION}\n--index-url ${INDEX_1}\n${lower}x\n".replace("${lower}", "")
    )
    what = read(path, VERSION="1.5", INDEX_1="https://index.example/simple", OTHER="x")
    assert [line.text for line in what.requirements] == ["demo==1.5", "x"]
    assert what.variables == ("INDEX_1", "VERSION")
    assert what.options.index is not None
    assert what.options.index.url == "https://index.example/simple"
    with pytest.raises(InputFileError) as caught:
        read(path, VERSION="", INDEX_1="https://index.example/simple")
    assert "VERSION=" in caught.value.remedy


def test_editable_checkouts_are_carried_as_built_copies_and_that_is_said_once(tmp_path: Path) -> None:
    path = requirements_file(
        tmp_path, "-e .\n--editable ./lib[extra]\n-e git+https://host.example/x.git@v1#egg=demo\n"
    )
    what = read(path)
    assert [(one.name, one.extras, one.source(tmp_path).kind) for one in what.direct] == [
        ("", (), "path"),
        ("", ("extra",), "path"),
        ("demo", (), "git"),
    ]
    (note,) = what.notes
    assert "built copy" in note
    assert f"{path}:1" in note
    assert f"{path}:3" in note


def test_an_editable_checkout_may_have_a_name_a_marker_and_a_way_to_be_editable(tmp_path: Path) -> None:
    path = requirements_file(
        tmp_path,
        "-e 'demo[a] @ git+https://host.example/x.git@v1; os_name == \"posix\"'\n"
        "-e ./lib --config-settings editable_mode=compat\n",
    )
    first, second = read(path).direct
    assert (first.name, first.extras, first.marker) == ("demo", ("a",), 'os_name == "posix"')
    assert second.source(tmp_path).address == "lib"


def test_an_option_that_stands_alone_by_mistake_is_told(tmp_path: Path) -> None:
    path = requirements_file(tmp_path, f"idna==3.10\n  --hash=sha256:{'a' * 64}\n--config-settings a=b\n")
    what = read(path)
    assert what.hashes() == {}
    assert [f"{path}:{number}" in note for number, note in zip((2, 3), what.notes, strict=True)] == [
        True,
        True,
    ]
    assert what.notes[0].startswith("--hash stands behind no requirement")


def test_a_file_is_named_by_its_address_too(tmp_path: Path) -> None:
    more = requirements_file(tmp_path, "idna\n", "more.txt")
    path = requirements_file(tmp_path, f"-r {more.as_uri()}\n-c file:more.txt\n")
    what = read(path)
    assert [line.name for line in (*what.requirements, *what.constraints)] == ["idna", "idna"]


def test_options_for_indexes_sources_and_prereleases_are_taken_as_pip_means_them(tmp_path: Path) -> None:
    path = requirements_file(
        tmp_path,
        "-i https://first.example/simple\n--index-url=https://user:canary-1@last.example/simple/ --pre\n"
        "--extra-index-url https://extra.example/simple\n--no-binary Psycopg_2,lxml --only-binary lxml\n"
        "--prefer-binary\n--use-feature=fast-deps\n--trusted-host h.example\nidna\n",
    )
    what = read(path)
    options = what.options
    assert options.index is not None
    assert (options.index.url, options.index.login) == ("https://last.example/simple/", ("user", "canary-1"))
    assert [one.url for one in options.extra] == ["https://extra.example/simple"]
    assert options.from_source == ("psycopg-2",)
    assert options.prereleases
    assert "canary-1" not in repr(what)
    assert any("login" in note for note in what.notes)
    assert any("h.example" in note for note in what.notes)


@pytest.mark.parametrize("switch", ["", "--require-hashes\n"])
def test_where_one_line_has_hashes_or_they_are_demanded_each_must_have_them(
    tmp_path: Path, switch: str
) -> None:
    first = "attrs\n" if switch else f"attrs --hash=sha256:{'a' * 64}\n"
    path = requirements_file(tmp_path, f"{switch}{first}idna\n")
    with pytest.raises(InputFileError) as caught:
        read(path)
    assert any("idna" in line for line in caught.value.details)
    assert "--generate-hashes" in caught.value.remedy


def test_files_complete_the_profile_and_never_overrule_it(tmp_path: Path) -> None:
    profile = load_profile("debian12-py311")
    options = read(
        requirements_file(
            tmp_path,
            "-i https://me:canary-1@one.example/simple\n--extra-index-url https://2.example/a\n"
            "--extra-index-url https://2.example/b\n--extra-index-url https://one.example/simple/\n"
            "--no-binary lxml\n--pre\n",
        )
    ).options
    made = with_file_options(profile, options)
    assert (made.index.url, made.index.login) == ("https://one.example/simple", ("me", "canary-1"))
    assert [(one.name, one.url) for one in made.index.named] == [
        ("index-2-example", "https://2.example/a"),
        ("index-2-example-2", "https://2.example/b"),
    ]
    assert made.sources.names == ("lxml",)
    assert made.prereleases
    own = replace(profile, index=replace(profile.index, url="https://other.example/simple"))
    with pytest.raises(InputFileError, match="the profile's is https://other") as caught:
        with_file_options(own, options)
    assert caught.value.where.endswith(":1")


_NAMES = st.sampled_from(["idna", "attrs[x]", "a==1.0", "Demo_Lib >= 2", "z; python_version > '3'"])
_OPTIONS = st.sampled_from(
    [
        "", "--pre", "-i https://h.example/s", "--hash=sha256:" + "a" * 64, "--no-binary x,y", "-e ./x",
        "--extra-index-url https://e.example/s", "-e git+https://h.example/x.git#egg=x", "# why", " # -r x",
        "--only-binary :all:", "--trusted-host h", "-c 'a b.txt'", "--require-hashes", "--no-such", "-r",
    ]
)  # fmt: skip
_LINES = st.tuples(st.sampled_from(["", "  ", "\t"]), st.one_of(st.just(""), _NAMES), _OPTIONS).map(" ".join)


@given(st.lists(_LINES, max_size=6).map("\n".join))
def test_lines_are_split_as_pip_itself_splits_them(text: str) -> None:
    ours: list[tuple[object, ...]] | None
    try:
        split = [split_line(line) for _, line in logical_lines(text)]
        ours = [
            (words, found.index_url, found.extra_index_url, found.editable, found.requirement,
             found.constraint, found.pre, found.require_hashes, bool(found.hash), found.trusted_host)
            for words, found in split
        ]  # fmt: skip
    except ValueError:
        ours = None
    assert ours == _pips_reading(text)


def _pips_reading(text: str) -> list[tuple[object, ...]] | None:
    """What pip's own reader makes of it; None where it refuses."""
    parse = req_file.get_line_parser(None)
    found: list[tuple[object, ...]] = []
    for _, line in req_file.preprocess(text):
        with contextlib.redirect_stderr(io.StringIO()):
            try:
                words, given_ = parse(line)
            except req_file.OptionParsingError:
                return None
        lists = (given_.extra_index_urls, given_.editables, given_.requirements, given_.constraints)
        extra, editable, nested, limits = (tuple(each or ()) for each in lists)
        found.append(
            (words.strip(), given_.index_url or "", extra, editable, nested, limits, bool(given_.pre),
             bool(given_.require_hashes), bool(getattr(given_, "hashes", None)),
             tuple(given_.trusted_hosts or ()))
        )  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("first", "part", "last"), [("a", " ", "b"), ("", "\\\n" * 8, "a"), ("# x", " ", "\\\na")]
)
def test_a_file_of_spaces_or_continuations_is_read_in_time(first: str, part: str, last: str) -> None:
    grows_no_faster_than_its_length(lambda count: list(logical_lines(first + part * count + last)), 15_000)


def test_comments_end_a_line_as_pip_has_them() -> None:
    text = "a#1\nb #2\n#3\n  # 4\nc\t# 5 \\\nd \\\n # 6\ne  #7  # 8"
    assert list(logical_lines(text)) == [(1, "a#1"), (2, "b"), (5, "c"), (8, "e")]


@pytest.mark.parametrize(
    "line",
    [
        "requests==${TOKEN}",
        "-e ${TOKEN}",
        "-r ${TOKEN}",
        "./x ; ${TOKEN}",
        "--all-releases ${TOKEN}",
        "file://${TOKEN}/x",
        "--index-url https://me:x/${TOKEN}@h/simple",
        "requests==1 ; python_version ${TOKEN}",
    ],
)
@pytest.mark.parametrize("token", ["s3cr3t", "s3cr3t" + "0123456789" * 9])
def test_the_value_of_a_variable_is_in_no_message(tmp_path: Path, line: str, token: str) -> None:
    file = tmp_path / "r.txt"
    file.write_text(line)
    with pytest.raises(InputFileError) as caught:
        read(file, TOKEN=token)
    error = caught.value
    assert "s3cr3t" not in f"{error} {error.remedy} {error.details}"


def test_the_value_of_a_variable_is_in_no_note(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("--trusted-host ${TOKEN}")
    assert "s3cr3t" not in str(read(file, TOKEN="s3cr3t").notes)


def test_files_that_name_pipes_loops_or_too_many_others_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for number in range(2000):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt")
    file = tmp_path / "r.txt"
    for named in ("pipe", "loop", "0.txt"):
        file.write_text(f"-r {named}")
        with pytest.raises(InputFileError):
            read(file)


@pytest.mark.parametrize("text", [b"# coding: utf-7\n+2AA-", b"# coding: unicode_escape\n./\\ud800"])
def test_half_a_character_is_no_text(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "r.txt"
    file.write_bytes(text)
    with pytest.raises(InputFileError, match=r"is not .* text"):
        read(file)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("flask=2.0.1", "write flask==2.0.1"),
        ("requests[socks] = 2.31", "write requests[socks]==2.31"),
        ("numpy=1.26.0=py311h08b1b3b_0", "conda wrote it"),
        ("requests           2.31.0", "write requests==2.31.0"),
        ("Package    Version", "`pip list` wrote it: `pip freeze` (in conda `pip list --format=freeze`)"),
        ("'a @ https://me:secret@x.example/a.whl'", "write it without quotes: a @ https://***@x.example/"),
        ('"requests>=2"', "write it without quotes: requests>=2"),
        ("requests>=2.31.*", "write requests>=2.31"),
        ("requests>=2.*,<3.*", "write requests>=2,<3"),
        ("requests>=2.0<3", "write a comma between: requests>=2.0,<3"),
        ("@EXPLICIT", "conda wrote it"),
        ("idna#why", "write a blank before the #"),
        ("idna[x] == 3.10# why", "write a blank before the #"),
        ("idna==3.10 \\ ", "take out the blank behind the \\"),
        (".\\lib\\demo", "write ./lib/demo"),
        ("i\0d\0", "save it as UTF-8"),
        ("--upgrade", "leave it out"),
        ("requests, flask", "write each requirement on a line of its own"),
        ("requests==2.31.0 idna==3.7", "write each requirement on a line of its own"),
        ("pip install flask", "write what stands behind `pip install` alone"),
        ("pip install -r more.txt", "write what stands behind `pip install` alone"),
        ("<<<<<<< HEAD", "finish the merge"),
        ("=======", "finish the merge"),
        ("six=>1.0", "write six>=1.0"),
        ("six==1.16 ; python_version >= 3.6", "write six==1.16 ; python_version >= '3.6'"),
        ("requests==2.31.0\u200b", "take out what is not seen in it: U+200B"),
    ],
)
def test_what_people_write_for_a_requirement_says_what_to_write(
    tmp_path: Path, line: str, instead: str
) -> None:
    (tmp_path / "r.txt").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputFileError) as caught:
        read_requirements(Requirements(files=(tmp_path / "r.txt",)), "p", {})
    assert caught.value.remedy.startswith(instead)


def test_a_source_that_has_no_hash_is_told_to_leave_them_out(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text(f"-e ./app\nidna==3.10 --hash=sha256:{'0' * 64}\n")
    (tmp_path / "app").mkdir()
    with pytest.raises(InputFileError, match="no hash for a source") as caught:
        read(tmp_path / "r.txt")
    assert "`uv export --no-hashes`" in caught.value.remedy
