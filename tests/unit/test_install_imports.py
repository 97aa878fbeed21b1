"""The proof's imports, in a few processes: each failure is found, whatever the others do."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from parity.portable.errors import InstallFailed
from parity.portable.machine.imports import try_imports
from parity.portable.machine.subprocesses import Children


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], check=True)
    (site,) = path.glob("lib/python3*/site-packages")
    modules = {
        "good": "",
        "chatty": "print('##parity-import## is not ours'[2:]); print('x' * 200000)",
        "bad": "raise ImportError('libgone.so.1: cannot open')",
        "crash": "import os; os.kill(os.getpid(), 11)",
        "leave": "raise SystemExit(3)",
        "slow": "import time; time.sleep(60)",
        "leaver": "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(20); os._exit(0)",
        "forger": "import os\nfor fd in range(1, 20):\n"
        "    for said in (b'[' * 9999, b'{}', b'{\"module\": 1}', b'x'):"
        "\n        try: os.write(fd, b'\\n##parity-import## ' + said + b'\\n')\n        except OSError: pass",
    }
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text)
    return path


@pytest.fixture
def children(tmp_path: Path) -> Children:
    (tmp_path / "work").mkdir()
    return Children(str(tmp_path / "work"), os.open(tmp_path, os.O_RDONLY))


def tried(children: Children, environment: Path, *modules: str) -> list[tuple[str, str]]:
    wanted: Any = [{"package": f"p-{module}", "module": module} for module in modules]
    return [(each.module, each.error) for each in try_imports(children, str(environment), wanted, {})]


def test_each_failure_is_told_in_the_order_of_the_proof(children: Children, environment: Path) -> None:
    order = ("good", "crash", "chatty", "bad", "leave", "nowhere", "json")
    assert tried(children, environment, *order) == [
        ("crash", "it ended the interpreter"),
        ("bad", "ImportError: libgone.so.1: cannot open"),
        ("leave", "SystemExit: 3"),
        ("nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
    ]
    assert tried(children, environment) == []
    assert tried(children, environment, "crash") == [("crash", "it ended the interpreter")]


def test_imports_that_take_too_long_are_ended(
    children: Children, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.portable.machine.imports._TIMEOUT", 1.0)
    begin = time.monotonic()
    with pytest.raises(InstallFailed, match="did not end within 1 s"):
        tried(children, environment, "good", "slow")
    assert time.monotonic() - begin < 30


def test_what_is_imported_is_byte_compiled_on_the_way(children: Children, environment: Path) -> None:
    assert tried(children, environment, "good") == []
    assert len(list(environment.rglob("__pycache__/good.*.pyc"))) == 1


def test_what_a_package_leaves_running_keeps_no_lock_and_nobody_waiting(
    environment: Path, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    mark = tmp_path / "mark"
    lock = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    begin = time.monotonic()
    children = Children(str(tmp_path / "work"), lock)
    assert tried(children, environment, "leaver", "good") == []
    done = children.run([str(environment / "bin" / "python"), "-c", "import leaver; print('x')"])
    assert (done.exit_code, done.output) == (0, "x\n")
    assert time.monotonic() - begin < 15
    os.close(lock)
    with mark.open() as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_only_looks_like_an_answer_is_none(children: Children, environment: Path) -> None:
    assert tried(children, environment, "forger", "bad") == [
        ("bad", "ImportError: libgone.so.1: cannot open")
    ]


def test_an_interpreter_that_does_not_start_is_one_line(children: Children, environment: Path) -> None:
    (environment / "bin" / "python").unlink()
    with pytest.raises(InstallFailed, match="does not start"):
        tried(children, environment, "good")


@pytest.mark.parametrize("processors", [1, 2])
def test_the_largest_packages_begin_first_and_each_module_is_tried_once(
    children: Children, environment: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    """More packages than there are batches; each module leaves a line."""
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    monkeypatch.setattr("parity.portable.machine.imports._BATCHES", 20)
    (site,) = environment.glob("lib/python3*/site-packages")
    names = [f"m{number}" for number in range(50)]
    for name in names:
        log = f"with open({str(environment / 'log')!r}, 'a') as log: log.write('{name}\\n')\n"
        wait = "import time; time.sleep(0.5)\n" if name == "m37" else ""
        (site / f"{name}.py").write_text(log + wait)
    wanted: Any = [{"package": name, "module": name} for name in names]
    assert try_imports(children, str(environment), wanted, {"m37": 9}) == []
    order = (environment / "log").read_text().split()
    assert sorted(order) == sorted(names)
    assert processors > 1 or order[0] == "m37"  # two processes come to it in any order


def test_after_a_crash_what_is_left_is_tried_in_other_processes(
    children: Children, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    order = ("crash", "leave", "crash2", "good")
    (site,) = environment.glob("lib/python3*/site-packages")
    (site / "crash2.py").write_text("import os; os._exit(9)")
    assert tried(children, environment, *order) == [
        ("crash", "it ended the interpreter"),
        ("leave", "SystemExit: 3"),
        ("crash2", "it ended the interpreter"),
    ]
