"""What the resolver is told of sources, why builds fail, and which libraries a package owns."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from tests.support.targets import inputs_for

from parity.errors import BuildFailed, InputFileError, NoWheel, SourceUnavailable
from parity.guest.environment.buildplace import failure
from parity.guest.environment.uvrun import run
from parity.guest.tasks.repair import libraries_of
from parity.model import SourcePackage
from parity.model.toml import parse
from parity.pipeline.sources.checkout import demand_fits, opened
from parity.project.buildsystem import BuildSystem, read_build_system
from parity.project.failures import build_failed
from parity.resolve import Known, inputs_digest
from parity.resolve.known import known_requirements, known_wheels, settings_text

GITTED = Known(
    "gitted", "1.0", ("six", "other[x] @ git+https://g.example/o.git ; extra == 'web'"), ">=3.6",
    ("web",), ("web",),
    "/store/sets/a b/gitted-1.0+local-py3-none-any.whl",
)  # fmt: skip
SDIST = Known("demo", "2.0", ("near>=2",))


def test_the_resolver_believes_what_was_built_and_expects_nothing_of_the_rest() -> None:
    tables = parse(settings_text([GITTED, SDIST], ["demo", "docopt"]))["dependency-metadata"]
    assert tables == [
        {
            "name": "gitted",
            "version": "1.0",
            "requires-dist": ["six", 'other[x]; extra == "web"'],
            "requires-python": ">=3.6",
            "provides-extra": ["web"],
        },
        {"name": "demo", "version": "2.0", "requires-dist": ["near>=2"]},
        {"name": "demo", "requires-dist": []},
        {"name": "docopt", "requires-dist": []},
    ]
    assert settings_text([], []) == ""
    line = "gitted[web] @ file:///store/sets/a%20b/gitted-1.0%2Blocal-py3-none-any.whl\n"
    assert known_requirements([GITTED, SDIST]) == line
    with pytest.raises(InputFileError, match="demo requires what is no requirement"):
        settings_text([Known("demo", "1", ("???",))], [])


def test_of_wheels_with_requirements_that_uv_must_judge_it_is_told_nothing() -> None:
    said: Any = {
        "version": "1",
        "requires": ["six; extra == 'x'"],
        "requires_python": ">=3",
        "provides_extra": ["x"],
    }
    odd = {"by-address": ["six @ https://h.example/six.whl"], "broken": ["six ==== 1"]}
    told = known_wheels({"plain": said, **{name: said | {"requires": lines} for name, lines in odd.items()}})
    assert told == (Known("plain", "1", ("six; extra == 'x'",), ">=3", ("x",)),)


def test_names_that_are_built_outdate_a_lock() -> None:
    plain, sourced = inputs_for("docopt"), inputs_for("docopt", sources=("docopt",))
    assert inputs_digest(plain, "uv 1") != inputs_digest(sourced, "uv 1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = ", "is no TOML"),
        ("x = " + "[" * 100_000, "is no TOML"),
        ("x = " + "1" * 10_000, "is no TOML"),
        ("build-system = 'x'", "no table"),
        ("[[build-system]]", "no table"),
        ("[build-system]\nrequires = 'x'", "requires that is no list of text"),
        ("[build-system]\nrequires = [1]", "requires that is no list of text"),
        ("[build-system]\nrequires = []\nbuild-backend = ['x']", "build-backend"),
        ("[build-system]\nrequires = []\nbackend-path = 'x'", "backend-path that is no list"),
    ],
)
def test_a_build_system_that_nobody_knows_is_told(text: str, words: str) -> None:
    with pytest.raises(BuildFailed, match=words) as caught:
        read_build_system(text, "demo")
    assert caught.value.where == "demo"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("[tool.poetry]\nname = 'a'\n[tool.poetry.dependencies]\nidna = '^3'", 'requires = ["poetry-core"]'),
        ("[tool.flit.metadata]\nmodule = 'a'\nrequires = ['idna']", 'requires = ["flit_core<4"]'),
    ],
)
def test_requirements_that_no_backend_would_read_are_told(text: str, remedy: str) -> None:
    with pytest.raises(BuildFailed, match=r"says in \[tool\.") as caught:
        read_build_system(text, "demo")
    assert remedy in caught.value.remedy
    for other in (f"{text}\n[project]\nname = 'a'\n", f"{text}\n[build-system]\nrequires = ['x']\n"):
        read_build_system(other, "demo")
    read_build_system(text, "demo", setup=True)


def test_what_is_built_with_what() -> None:
    legacy = "setuptools.build_meta:__legacy__"
    assert read_build_system("", "demo") == BuildSystem(("setuptools>=40.8.0",), legacy)
    assert read_build_system("[build-system]\nrequires = ['x']", "demo") == BuildSystem(("x",), legacy)
    text = "[build-system]\nrequires = []\nbuild-backend = 'own'\nbackend-path = ['.']"
    assert read_build_system(text, "demo") == BuildSystem((), "own", (".",))


@pytest.mark.parametrize(
    "said",
    [
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>",
        "curl: (6) Could not resolve host: downloads.example.org",
        "fatal: unable to access 'https://x/': Couldn't resolve host 'x'",
        "  failed to lookup address information: Temporary failure",
        "OSError: [Errno 101] Network is unreachable",
        "npm error Error: getaddrinfo EAI_AGAIN registry.example.org",
    ],
)
def test_a_build_that_reaches_for_the_network_is_told_so(said: str) -> None:
    error = build_failed("demo", f"building\n{said}\nerror: subprocess-exited-with-error")
    assert "reaches for the network" in error.message
    assert error.details[0] == said.strip()


@pytest.mark.parametrize(
    "said",
    [
        "error: command 'gcc' failed: No such file or directory",
        "sh: 1: cc: not found\nerror: command 'cc' not found",
        "src/x.c:1:10: fatal error: Python.h: No such file or directory",
        "error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'",
        "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc']]",
    ],
)
def test_a_build_that_lacks_a_compiler_is_sent_to_the_builder(said: str) -> None:
    error = build_failed("demo", said)
    assert "builder: {packages: []}" in error.remedy
    assert "network" not in error.message


def test_a_step_whose_time_is_over_says_so_and_not_what_it_was_about_to_do(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo gcc -c src/lxml/etree.c; sleep 60"]
    code, said, _ = run(command, {"PATH": "/usr/bin:/bin"}, str(tmp_path), 1)
    error = build_failed("lxml", failure(code, said, 1))
    assert error.message == "lxml cannot be built: this step did not end within 1 s"
    assert "limits: {building: 6h}" in error.remedy
    assert error.details[0].startswith("gcc -c")


def test_another_failure_is_told_by_its_last_error() -> None:
    said = "x.c:3: warning: implicit declaration of function getaddrinfo\nValueError: too old\nhint: none"
    error = build_failed("demo", f"{said}\nerror: Failed to build `/carry/work/source`\n  cause: it failed")
    assert error.message == "demo cannot be built: ValueError: too old"
    assert "builder" not in error.remedy


def test_the_distributions_own_tool_tells_a_packages_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "dpkg-query"
    lines = ["/.", "/usr/lib/x/libpq.so.5", "/usr/lib/x/libpq.so.5.13", "/usr/share/doc/libpq5/copyright"]
    printed = "\n".join(f"echo {line}" for line in lines)
    tool.write_text(f'#!/bin/sh\n[ "$2" = libpq5 ] || exit 1\n{printed}\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert libraries_of(["libpq5", "unknown"]) == ["libpq.so.5", "libpq.so.5.13"]
    assert libraries_of([]) == []


def test_a_wheel_that_was_named_itself_and_is_for_others_is_named(tmp_path: Path) -> None:
    tags = ("cp311-cp311-manylinux_2_36_x86_64", "py3-none-any")
    demand_fits("demo-1.0-py2.py3-none-any.whl", tags, "debian12")
    with pytest.raises(NoWheel, match=r"win_amd64\.whl is for cp38-cp38-win_amd64, not") as caught:
        demand_fits("demo-1.0-cp38-cp38-win_amd64.whl", tags, "debian12")
    assert "debian12" in caught.value.remedy
    with pytest.raises(NoWheel, match="no name of a wheel"):
        demand_fits("demo.whl", tags, "debian12")


def test_a_path_of_another_machine_is_told_to_be_mended(tmp_path: Path) -> None:
    """Such as `certifi @ file:///croot/certifi_1690232220950/work/certifi`, which conda's pip freezes."""
    source = SourcePackage("certifi", "", "path", "/croot/certifi_1690232220950/work/certifi")
    with (
        pytest.raises(SourceUnavailable, match="there is no /croot/certifi") as caught,
        opened(source, tmp_path, None, None),  # type: ignore[arg-type]
    ):
        pass
    assert "name certifi by its version" in caught.value.remedy
