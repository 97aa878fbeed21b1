"""Programs in an environment: whether the loader would start them, and every symbol is there."""

from __future__ import annotations

import struct
import subprocess
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import pytest

from parity.guest.environment.modules import distributions
from parity.guest.native import elf, programs
from parity.guest.tasks.repair import _python_of_programs

REAL = Path("/bin/ls").read_bytes()


def judged(folder: Path, data: bytes, where: str = "../../../bin/tool") -> Any:
    site = folder / "lib" / "python3" / "site-packages"
    info = site / "demo-1.0.dist-info"
    info.mkdir(parents=True)
    (site / where).parent.mkdir(parents=True, exist_ok=True)
    (site / where).write_bytes(data)
    (info / "RECORD").write_text(f"{where},,\n")
    return programs.judge(str(site), distributions(str(site)), ["demo"])


def test_a_program_of_this_system_starts(tmp_path: Path) -> None:
    assert judged(tmp_path, REAL) == []


@pytest.mark.parametrize("where", ["../../../bin/tool", "demo.scripts/tool"])
def test_a_symbol_that_nobody_gives_is_told(tmp_path: Path, where: str) -> None:
    assert b"\0setlocale\0" in REAL
    (row,) = judged(tmp_path, REAL.replace(b"\0setlocale\0", b"\0setlocalf\0"), where)
    assert (row["package"], row["libraries"], row["symbols"]) == ("demo", [], ["setlocalf"])


def test_a_library_that_is_not_found_is_told_instead_of_its_symbols(tmp_path: Path) -> None:
    (row,) = judged(tmp_path, REAL.replace(b"\0libc.so.6\0", b"\0libq.so.6\0"))
    assert (row["libraries"], row["symbols"]) == (["libq.so.6"], [])


@pytest.mark.parametrize("cut", [4, 64, 500, 5000, len(REAL) // 2])
def test_a_damaged_program_is_no_fault_of_ours(tmp_path: Path, cut: int) -> None:
    assert isinstance(judged(tmp_path, REAL[:cut]), list)


def test_symbols_that_are_wanted_and_given_are_read_whatever_the_table() -> None:
    libc = next(Path("/lib").glob("*/libc.so.6"), Path("/lib64/libc.so.6"))
    read = elf.read_symbols(str(libc))
    assert read
    assert {"printf", "malloc", "environ"} <= set(read.given)
    assert "__tls_get_addr" in read.wanted
    program = elf.read_symbols("/bin/ls")
    assert program
    assert program.starts
    assert "setlocale" in program.wanted


def test_a_module_may_want_what_the_interpreter_gives_and_nothing_else(tmp_path: Path) -> None:
    where = "demo/x" + EXTENSION_SUFFIXES[0]
    source = tmp_path / "x.c"
    wanted = "extern int Py_IsInitialized(void), nobody_has_this(void);"
    for name, body in (("good", "Py_IsInitialized()"), ("bad", "Py_IsInitialized() + nobody_has_this()")):
        source.write_text(f"{wanted} int PyInit_x(void) {{ return {body}; }}\n")
        made = tmp_path / name
        subprocess.run(["gcc", "-fPIC", "-shared", "-o", str(made), str(source)], check=True)
        rows = judged(tmp_path / f"{name}-room", made.read_bytes(), where)
        found = [(row["symbols"], row["starts"]) for row in rows]
        assert found == ([] if name == "good" else [(["nobody_has_this"], False)])


@pytest.mark.parametrize(("options", "left"), [((), ["libpython9.so"]), (("-shared",), [])])
def test_auditwheel_leaves_libpython_to_a_program_and_to_no_module(
    tmp_path: Path, options: tuple[str, ...], left: list[str]
) -> None:
    source = tmp_path / "x.c"
    source.write_text("int Py_Flag = 1; int main(void) { return 0; }\n")
    compiler = ["gcc", "-fPIC", "-o"]
    subprocess.run([*compiler, str(tmp_path / "libpython9.so"), "-shared", str(source)], check=True)
    source.write_text("extern int Py_Flag; int main(void) { return Py_Flag; }\n")
    linked = [str(tmp_path / "made"), *options, str(source), "-L", str(tmp_path), "-lpython9"]
    subprocess.run([*compiler, *linked], check=True)
    wheel = tmp_path / "w.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(tmp_path / "made", "demo-1.0.data/scripts/demo")
        file.writestr("demo/__init__.py", "")
    assert _python_of_programs(str(wheel), str(tmp_path)) == left


def test_a_file_whose_symbols_all_bear_one_long_name_is_none(tmp_path: Path) -> None:
    """7 MB, a few kB in a wheel: read out, the names would take 1.1 GB."""
    count, names = 290_000, b"\0" + b"a" * 4000 + b"\0"
    text = 64 + 2 * 56 + 5 * 16
    hashes = (text + len(names) + 7) // 8 * 8
    size = hashes + 16 + 24 * count
    head = struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 4096)
    segments += struct.pack("<IIQQQQQQ", 2, 6, text - 80, text - 80, text - 80, 80, 80, 8)
    dynamic = struct.pack("<10Q", 5, text, 6, hashes + 16, 4, hashes, 0x6FFFFFFF, 0, 0, 0)
    begin = (b"\x7fELF\x02\x01\x01" + bytes(9) + head + segments + dynamic + names).ljust(hashes, b"\0")
    symbols = struct.pack("<IBBHQQ", 1, 0x10, 0, 0, 0, 0) * count
    (tmp_path / "x.so").write_bytes(begin + struct.pack("<IIII", 1, count, 0, 0) + symbols)
    assert elf.read_elf(str(tmp_path / "x.so")) is not None
    assert elf.read_symbols(str(tmp_path / "x.so")) is None
