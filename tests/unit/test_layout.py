"""What a wheel may write where: real layouts pass, the start of real interpreters is not for the taking."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.evil_wheel import evil
from tests.support.hostile_places import namespace_line
from tests.support.real_places import REAL
from tests.support.wheels import STORED, Raw, WheelParts, raw_zip

from parity.portable.wheel import layout, wheelset
from parity.portable.wheel.layout import SITE, check_place
from parity.portable.wheel.wheel import judge

COVERAGE = (
    b'import sys; exec(\'import os\\n\\nif os.getenv("COVERAGE_PROCESS_START")'
    b' or os.getenv("COVERAGE_PROCESS_CONFIG"):\\n try:\\n  import coverage\\n except:\\n  pass\\n'
    b' else:\\n  coverage.process_startup(slug="pth")\')\n'
)


@pytest.mark.parametrize("path", REAL)
def test_what_real_wheels_bring_has_a_place(tmp_path: Path, path: str) -> None:
    file = tmp_path / evil().filename
    file.write_bytes(evil({f"evil-1.0.data/{path}": b"#!python\n"}).data())
    assert judge(str(file)).findings == []


@pytest.mark.parametrize(
    ("project", "files"),
    [
        ("setuptools", {"_distutils_hack/__init__.py": b"", "_distutils_hack/override.py": b""}),
        ("pip", {"pip/__init__.py": b"", "pip/_vendor/__init__.py": b""}),
        ("evil", {"evil-nspkg.pth": namespace_line("'evil',", "evil", "evil").encode()}),
        ("evil", {"evil-nspkg.pth": namespace_line("'evil',", "evil", "evil", since=70).encode()}),
        (
            "evil",
            {"e.pth": namespace_line("'evil', 'deep'", "evil.deep", "evil.deep", "evil", "deep").encode()},
        ),
        (
            "coverage",
            {"a1_coverage.pth": COVERAGE},
        ),
    ],
)
def test_what_a_project_may_bring_that_is_known_for_it(
    tmp_path: Path, project: str, files: dict[str, bytes]
) -> None:
    parts = WheelParts(project, "1.0", files=files)
    file = tmp_path / parts.filename
    file.write_bytes(parts.data())
    assert judge(str(file)).findings == []
    if project != "evil":
        file = tmp_path / evil().filename
        file.write_bytes(evil(files).data())
        assert judge(str(file)).findings != []


def test_what_an_interpreter_looks_for_in_an_environment_is_not_for_the_taking(tmp_path: Path) -> None:
    """Asked of the interpreter itself: every path below its environment that it tries when it starts."""
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    words = [str(environment / "bin" / "python"), "-I", "-vv", "-c", "pass"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stderr.splitlines()
    tried = [line.split("trying ")[1] for line in told if f"trying {environment}/" in line]
    assert tried
    for path in tried:
        relative = Path(path).relative_to(environment).as_posix()
        _, _, module = relative.partition("/site-packages/")
        assert list(check_place(SITE + module if module else relative, "evil")), path


def test_folders_of_modules_that_the_interpreter_names_are_not_for_the_taking(tmp_path: Path) -> None:
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    script = "import sys, sysconfig; print(*sys.path, *sysconfig.get_paths().values(), sep='\\n')"
    words = [str(environment / "bin" / "python"), "-I", "-c", script]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    for prefix in (str(environment), sys.base_prefix):
        below = {path[len(prefix) + 1 :] for path in told if path.startswith(prefix + "/")}
        for folder in below - {"bin"}:
            if "/site-packages" not in folder:
                assert list(check_place(f"{folder}/x", "evil")), folder


@pytest.mark.parametrize(
    "folder", ["other-9.dist-info/", "sitecustomize/", "evil-1.0.data/purelib/o-1.egg-info/"]
)
def test_a_folder_is_enough_to_be_seen(tmp_path: Path, folder: str) -> None:
    entry = Raw(folder.encode(), b"", method=STORED, mode=0o040755)
    file = tmp_path / evil().filename
    file.write_bytes(raw_zip([entry, *evil().entries()]))
    assert {each.kind for each in judge(str(file)).findings} <= {"foreign-metadata", "startup-module"}
    assert judge(str(file)).findings


@pytest.mark.parametrize(
    "folder", ["evil/", "evil-1.0.dist-info/", "evil-1.0.data/", "evil-1.0.data/scripts/"]
)
def test_folders_of_a_wheels_own_pass(tmp_path: Path, folder: str) -> None:
    entry = Raw(folder.encode(), b"", method=STORED, mode=0o040755)
    file = tmp_path / evil().filename
    file.write_bytes(raw_zip([entry, *evil({"evil-1.0.data/scripts/x": b""}).entries()]))
    assert judge(str(file)).findings == []


def wheel_file(folder: Path, parts: WheelParts) -> wheelset.WheelFile:
    path = folder / parts.filename
    path.write_bytes(parts.data())
    return wheelset.WheelFile(str(path), parts.filename, parts.name, parts.version, "")


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("one-1.data/data/lib/x.so", "two-1.data/data/lib64/x.so", "path-conflict"),
        ("shared.py", "two-1.data/data/lib/python3.11/site-packages/shared.py", "path-conflict"),
        ("shared/m.py", "shared/__pycache__/m.cpython-311.pyc", "path-conflict"),
        ("shared.py", "__pycache__/shared.cpython-39.opt-1.pyc", "path-conflict"),
        ("shared", "shared/x.py", "duplicate-path"),
        ("one-1.data/data/share/x", "two-1.data/data/share/x/y", "duplicate-path"),
        ("one-1.data/scripts/tool", "two-1.data/data/bin/tool/x", "duplicate-path"),
        ("shared/__init__.py", "two-1.data/scripts/shared.py", "path-conflict"),
        ("one-1.data/purelib/shared/m.py", "two-1.data/scripts/shared.pyc", "path-conflict"),
        ("shared.py", "two-1.data/data/bin/Shared/__init__.py", "path-conflict"),
        ("shared.cpython-311-x86_64-linux-gnu.so", "two-1.data/scripts/shared.abi3.so", "path-conflict"),
        ("shared.py", "shared/__init__.py", "path-conflict"),
        ("shared.py", "shared.cpython-311-x86_64-linux-gnu.so", "path-conflict"),
        ("shared.pyc", "shared.py", "path-conflict"),
        ("shared.abi3.so", "two-1.data/purelib/shared/__init__.abi3.so", "path-conflict"),
        ("shared/sub/m.py", "shared/sub/m.so", "path-conflict"),
        ("shared/__init__.py", "shared/__init__.so", "path-conflict"),
    ],
)
def test_two_wheels_cannot_want_one_place(tmp_path: Path, one: str, other: str, kind: str) -> None:
    first = wheel_file(tmp_path, WheelParts("one", "1", files={one: b"1"}))
    second = wheel_file(tmp_path, WheelParts("two", "1", files={other: b"2"}))
    assert [each.kind for each in wheelset.judge_set([first, second]).refused] == [kind]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shared.py", "shared/data.txt"),
        ("shared/a.py", "shared/b.py"),
        ("shared.py", "shared.pyi"),
        ("a/shared.py", "b/shared.so"),
        ("shared.so", "shared.so.1"),
    ],
)
def test_two_wheels_whose_modules_have_names_of_their_own_go_together(
    tmp_path: Path, one: str, other: str
) -> None:
    first = wheel_file(tmp_path, WheelParts("one", "1", files={one: b"1"}))
    second = wheel_file(tmp_path, WheelParts("two", "1", files={other: b"2"}))
    assert wheelset.judge_set([first, second]).verdicts == []


def test_the_wheel_whose_module_is_imported_is_the_one_that_is_named(tmp_path: Path) -> None:
    module = wheel_file(tmp_path, WheelParts("one", "1", files={"shared.py": b"1"}))
    package = wheel_file(tmp_path, WheelParts("two", "1", files={"shared/__init__.py": b"2"}))
    for order in ([module, package], [package, module]):
        (found,) = wheelset.judge_set(order).refused
        assert (found.package, found.message.split(" of ")[0]) == (
            "two",
            "shared/__init__.py would stand for shared.py",
        )
    assert wheelset.judge_set([module, package], ["path-conflict:two"]).refused == []


def test_one_wheel_may_have_a_module_compiled_and_not(tmp_path: Path) -> None:
    files = {"evil/m.py": b"", "evil/m.cpython-311-x86_64-linux-gnu.so": b"", "evil/__init__.py": b""}
    assert wheelset.judge_set([wheel_file(tmp_path, evil(files))]).verdicts == []


def test_pytests_own_stand_in_for_py_gives_way_to_it(tmp_path: Path) -> None:
    pytest_wheel = wheel_file(tmp_path, WheelParts("pytest", "8", files={"py.py": b"1"}))
    package = wheel_file(tmp_path, WheelParts("py", "1", files={"py/__init__.py": b"2"}))
    other = wheel_file(tmp_path, WheelParts("other", "1", files={"py/__init__.py": b"2"}))
    assert wheelset.judge_set([pytest_wheel, package]).verdicts == []
    assert [each.package for each in wheelset.judge_set([pytest_wheel, other]).refused] == ["other"]


def test_one_wheel_cannot_have_a_file_and_a_folder_at_one_place(tmp_path: Path) -> None:
    files = {"evil/x/y.py": b"", "evil-1.0.data/purelib/evil/x": b""}
    assert [each.kind for each in wheelset.judge_set([wheel_file(tmp_path, evil(files))]).refused] == [
        "duplicate-path"
    ]


def test_what_takes_an_environment_over_cannot_be_allowed(tmp_path: Path) -> None:
    files = {"evil-1.0.data/data/.parity-record": b"", "evil-1.0.data/scripts/python._pth": b""}
    wheel = wheel_file(tmp_path, evil({**files, "evil-1.0.data/purelib/other-1.dist-info/METADATA": b""}))
    everything = [f"{kind}:evil" for kind in ("environment-file", "foreign-metadata", *wheelset.ALLOWABLE)]
    refused = wheelset.judge_set([wheel], everything).refused
    assert sorted(each.kind for each in refused) == ["environment-file"] * 2 + ["foreign-metadata"]


def test_old_judgements_die_with_any_module_of_the_judge() -> None:
    """The cache's key holds every module that the judge of one wheel imports, however deep."""
    folder = Path(layout.__file__).parent.parent
    found, waiting = set(), {"wheel/wheel"}
    while waiting:
        name = waiting.pop()
        found.add(name)
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                names = [node.module] if node.module else [alias.name for alias in node.names]
                waiting |= {f"wheel/{each}" for each in names} - found
            elif isinstance(node, ast.ImportFrom) and node.level == 2 and node.module:
                waiting |= {node.module.replace(".", "/")} - found
    assert set(wheelset._SOURCES) == found
