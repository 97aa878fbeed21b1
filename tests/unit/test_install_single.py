"""The single file: the same bytes whoever makes it, the modules' own text, and fit for Python 3.6."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.recorder import Recorder
from tests.support.updates import older_and_newer

import parity
from parity import farside
from parity.pack.singlefile import single_file
from parity.update import write_delta
from parity.volumes import split_bundle

FOLDER = Path(farside.__file__).parent
PACKAGE = FOLDER.parent


@pytest.fixture(scope="module")
def text() -> str:
    return single_file()


def sources(text: str) -> dict[str, str]:
    """The modules inside, read off the syntax tree."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            found[ast.literal_eval(node.targets[0].slice)] = ast.literal_eval(node.value)
    return found


def test_it_holds_every_module_as_it_is(text: str) -> None:
    expected = {}
    for path in [PACKAGE / "__init__.py", *(PACKAGE / "portable").rglob("*.py"), *FOLDER.rglob("*.py")]:
        parts = ["parity", *path.relative_to(PACKAGE).with_suffix("").parts]
        if parts[-1] != "__main__" and "stubs" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            expected[name] = "\n" + path.read_text()
    assert sources(text) == expected


def test_it_is_of_the_same_version_as_parity() -> None:
    assert farside.__version__ == parity.__version__


def test_the_bytes_depend_on_nothing_but_parity(text: str, tmp_path: Path) -> None:
    code = "import sys; from parity.pack.singlefile import single_file; sys.stdout.write(single_file())"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}
    environment.update(PYTHONPATH=str(FOLDER.parents[1]), PYTHONUTF8="1")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, check=True, capture_output=True
    )
    assert done.stdout.decode() == text
    assert text.isascii() or text.splitlines()[1] == "# -*- coding: utf-8 -*-"


def test_the_file_and_all_that_is_in_it_runs_on_python_3_6(text: str, tmp_path: Path) -> None:
    for name, source in {"the-file-itself": text, **sources(text)}.items():
        ast.parse(source, filename=name, feature_version=(3, 6))
        (tmp_path / f"{name}.py").write_text(source)
    vermin = Path(sys.executable).with_name("vermin")
    command = [str(vermin), "-t=3.6-", "--violations", "--no-tips", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_can_be_read_from_top_to_bottom(text: str) -> None:
    assert max(len(line) for line in text.splitlines()) <= 140
    assert text.count("\n# parity/farside/install/install.py\n") == 1


def test_it_runs_alone_and_says_what_it_can(text: str, tmp_path: Path) -> None:
    file = tmp_path / "parity-farside.py"
    file.write_text(text)
    (tmp_path / "json.py").write_text("open(__file__ + '.ran', 'w')\n")
    done = subprocess.run([sys.executable, str(file), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(
        word in done.stdout for word in ("install", "rollback", "verify", "inspect", "patch", "join", "serve")
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["json.py", "parity-farside.py"]


def test_a_traceback_of_it_shows_the_modules_own_lines(text: str, tmp_path: Path) -> None:
    file = tmp_path / "parity-farside.py"
    file.write_text(text.replace("machine = _machine()", "machine = _missing()"))
    done = subprocess.run([sys.executable, str(file), "facts"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "facts_of.measure(options.tools)" in done.stderr


def far_side(file: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(file), *map(str, words)]
    return subprocess.run(command, cwd=file.parent, capture_output=True, text=True, check=False)


def test_updates_and_volumes_need_nothing_but_the_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "parity-farside.py"
    file.write_text(text)
    old, new = older_and_newer(tmp_path)
    (tmp_path / "sender.pub").write_bytes(new.key.public.pem)
    delta = write_delta(old.path, new.path, tmp_path / "update.delta", new.check, Recorder())
    split_bundle(new.path, tmp_path / "media", 20_000, Recorder())

    done = far_side(file, "patch", old.path, delta.path, "-o", "patched", "--key", "sender.pub", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]
    assert (tmp_path / "patched").read_bytes() == new.path.read_bytes()

    done = far_side(file, "join", "media", "-o", "joined", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["volumes"] > 1
    assert (tmp_path / "joined").read_bytes() == new.path.read_bytes()

    assert far_side(file, "patch", new.path, delta.path, "-o", "x", "--key", "sender.pub").returncode == 70
