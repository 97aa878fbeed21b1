"""Wheels installed while they are judged: where two want one place, what is there, what is told of it."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from tests.support.wheels import WheelParts, make_wheel, raw_zip, record_hash

from parity.portable.wheel.install import InstallScheme, install_all
from parity.portable.wheel.wheelset import SetJudgement, WheelFile


@pytest.fixture
def site(tmp_path: Path) -> InstallScheme:
    """A new environment with an interpreter and nothing else in it."""
    environment = tmp_path / "env"
    packages = environment / "lib" / "python3.9" / "site-packages"
    packages.mkdir(parents=True)
    (environment / "bin").mkdir()
    (environment / "bin" / "python").symlink_to("/usr/bin/python3")
    return InstallScheme(str(environment), str(packages), str(environment / "include" / "site" / "python3.9"))


def installed(site: InstallScheme, wheels: list[Path], *allow: str) -> SetJudgement:
    files = [WheelFile(str(wheel), wheel.name, wheel.name.split("-")[0], "1.0", "") for wheel in wheels]
    return install_all(files, site, allow, str(Path(site.environment).parent))


def record(site: InstallScheme, name: str) -> dict[str, list[str]]:
    """RECORD's rows by path."""
    text = (Path(site.packages) / f"{name}-1.0.dist-info" / "RECORD").read_text()
    rows = list(csv.reader(text.splitlines()))
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


def test_record_tells_exactly_what_was_written(tmp_path: Path, site: InstallScheme) -> None:
    data = "tool-1.0.data"
    files = {
        "tool/__init__.py": b"x = 1\n",
        'tool/odd, "name".txt': b"odd",
        f"{data}/scripts/run": b"#!python\nprint(1)\n",
        f"{data}/data/share/tool.conf": b"conf",
        f"{data}/headers/tool.h": b"int x;",
        f"{data}/purelib/more.py": b"",
        "tool-1.0.dist-info/INSTALLER": b"somebody else",
        "tool-1.0.dist-info/direct_url.json": b"{}",
    }
    wheel = make_wheel(tmp_path, "tool", "1.0", files, entry_points="[console_scripts]\ngo = tool:main\n")
    assert [verdict.level for verdict in installed(site, [wheel], "installer-file:tool").verdicts] == [
        "allowed"
    ] * 2
    rows = record(site, "tool")
    root = Path(site.environment)
    written = {path for path in root.rglob("*") if path.is_file() and not path.is_symlink()}
    assert {(Path(site.packages) / path).resolve() for path in rows} == written
    for path, (digest, size) in rows.items():
        content = (Path(site.packages) / path).read_bytes()
        if path.endswith("/RECORD"):
            assert (digest, size) == ("", "")
        else:
            assert (digest, size) == (record_hash(content), str(len(content)))
    assert (root / "bin" / "run").read_bytes() == f"#!{root}/bin/python\nprint(1)\n".encode()
    assert os.access(root / "bin" / "go", os.X_OK)
    assert (root / "include" / "site" / "python3.9" / "tool" / "tool.h").exists()
    assert (Path(site.packages) / "tool-1.0.dist-info" / "INSTALLER").read_text() == "parity\n"
    assert not (Path(site.packages) / "tool-1.0.dist-info" / "direct_url.json").exists()


def test_one_path_with_the_same_bytes_is_written_once(tmp_path: Path, site: InstallScheme) -> None:
    wheels = [make_wheel(tmp_path, name, "1.0", {"tests/__init__.py": b"same"}) for name in ("one", "two")]
    assert [verdict.level for verdict in installed(site, wheels).verdicts] == ["warning"]
    assert (Path(site.packages) / "tests" / "__init__.py").read_bytes() == b"same"
    assert record(site, "one")["tests/__init__.py"] == record(site, "two")["tests/__init__.py"]


@pytest.mark.parametrize("turned", [False, True])
def test_where_two_may_write_one_path_the_last_of_the_set_has_its_way(
    tmp_path: Path, site: InstallScheme, turned: bool
) -> None:
    """The larger wheel is written first, whichever of the two comes last in the set."""
    big = make_wheel(tmp_path, "big", "1.0", {"shared.py": b"big", "blob": os.urandom(9000)})
    point = "[console_scripts]\nrun = small:main\n"
    small = make_wheel(tmp_path, "small", "1.0", {"shared.py": b"small"}, entry_points=point)
    wheels = [big, small] if turned else [small, big]
    judgement = installed(site, wheels, "path-conflict:big", "path-conflict:small")
    assert [verdict.level for verdict in judgement.verdicts] == ["allowed"]
    assert (Path(site.packages) / "shared.py").read_bytes() == (b"small" if turned else b"big")
    assert (Path(site.environment) / "bin" / "run").exists()
    assert record(site, "big")["shared.py"] == [record_hash(b"big"), "3"]


def test_without_leave_the_judgement_refuses_it(tmp_path: Path, site: InstallScheme) -> None:
    wheels = [make_wheel(tmp_path, name, "1.0", {"shared.py": name.encode()}) for name in ("one", "two")]
    assert [verdict.kind for verdict in installed(site, wheels).refused] == ["path-conflict"]


def test_the_environments_own_files_are_replaced_only_with_leave(tmp_path: Path, site: InstallScheme) -> None:
    wheel = make_wheel(tmp_path, "odd", "1.0", {"odd-1.0.data/scripts/python": b"#!/bin/sh\n"})
    python = Path(site.environment) / "bin" / "python"
    interpreter = python.resolve().read_bytes()
    assert [verdict.kind for verdict in installed(site, [wheel]).refused] == ["entry-point-shadow"]
    assert python.is_symlink()
    (Path(site.packages) / "odd-1.0.dist-info" / "RECORD").unlink()
    assert installed(site, [wheel], "entry-point-shadow:odd").refused == []
    assert python.read_bytes() == b"#!/bin/sh\n"
    assert not python.is_symlink()
    assert Path("/usr/bin/python3").resolve().read_bytes() == interpreter


def test_a_launcher_takes_the_place_of_a_script_of_its_name(tmp_path: Path, site: InstallScheme) -> None:
    files = {"twice-1.0.data/scripts/twice": b"#!python\nprint('script')\n", "twice.py": b""}
    wheel = make_wheel(
        tmp_path, "twice", "1.0", files, entry_points="[console_scripts]\ntwice = twice:main\n"
    )
    installed(site, [wheel])
    text = (Path(site.environment) / "bin" / "twice").read_bytes()
    assert b"from twice import main" in text
    assert record(site, "twice")["../../../bin/twice"][0] == record_hash(text)


def test_modes_are_as_the_wheel_has_them_and_no_wider(tmp_path: Path, site: InstallScheme) -> None:
    parts = WheelParts("modes", "1.0", files={"m/run.sh": b"#!/bin/sh\n", "m/open.py": b""})
    entries = parts.entries()
    entries[0].mode, entries[1].mode = 0o100755, 0o100666
    wheel = tmp_path / parts.filename
    wheel.write_bytes(raw_zip(entries))
    before = os.umask(0o022)
    try:
        assert installed(site, [wheel]).verdicts == []
    finally:
        os.umask(before)
    modes = {
        path: (Path(site.packages) / "m" / path).stat().st_mode & 0o7777 for path in ("run.sh", "open.py")
    }
    assert modes == {"run.sh": 0o755, "open.py": 0o644}
