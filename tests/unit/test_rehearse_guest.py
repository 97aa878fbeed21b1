"""What the rehearsal asks inside: which modules there are, how their imports end, which libraries lack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from parity.engine.events import Event, EventLines
from parity.guest.environment import isolation, memory, scripts
from parity.guest.environment.modules import deep_modules, distributions, normalised, top_modules
from parity.model import RehearsalPlan
from parity.rehearse.import_rule import Scope
from parity.wire.rehearsing import ImportAnswer, ImportsTried
from parity.wire.shapes import read

SOURCE = Path(__file__).parents[2] / "src"

# --- modules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["six.py", "six-1.0.dist-info/METADATA"], ["six"]),
        (["yaml/__init__.py", "_yaml/__init__.py", "yaml/_yaml.cpython-39.so"], ["_yaml", "yaml"]),
        (["fast.cpython-39-x86_64-linux-gnu.so", "other.abi3.so", "plain.so"], ["fast", "other", "plain"]),
        (["google/cloud/storage/__init__.py", "google/cloud/storage/x.py"], ["google.cloud.storage"]),
        (["ns/one/__init__.py", "ns/two/__init__.py", "ns/loose.py"], ["ns.one", "ns.two"]),
        (["compiled/__init__.cpython-312-x86_64-linux-gnu.so", "compiled/a.py"], ["compiled"]),
        (["pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/deep/__init__.py"], ["pkg"]),
        (["tests/__init__.py", "docs/__init__.py", "real/__init__.py"], ["real"]),
        (["../../bin/tool", "__pycache__/six.cpython-39.pyc", "x.libs/libz.so.1", "x-1.data/a.py"], []),
        (["not-a-name/__init__.py", "with space.py", "data.json", "stubs/__init__.pyi"], []),
        (["a/b/c/d/e/__init__.py"], []),
        ([], []),
    ],
)
def test_the_modules_of_a_distribution_are_read_from_its_files(files: list[str], expected: list[str]) -> None:
    assert top_modules(files) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a/b/c/d/e/__init__.py", "a/b/c/d/e/f/__init__.py"], ["a.b.c.d.e"]),
        (["sphinxcontrib/thing.py", "sphinxcontrib/data/x.json"], ["sphinxcontrib.thing"]),
        (["testing/postgresql.py"], ["testing.postgresql"]),
        (["docs/__init__.py", "real/deep/in/it.py"], ["real.deep.in.it"]),
        (["docs/__init__.py"], ["docs"]),
        (["x-stubs/__init__.pyi", "y-1.dist-info/METADATA"], []),
    ],
)
def test_where_there_are_none_deeper_modules_are_found(files: list[str], expected: list[str]) -> None:
    assert (top_modules(files), deep_modules(files)) == ([], expected)


def test_distributions_are_read_from_their_records(tmp_path: Path) -> None:
    record = 'pkg/__init__.py,sha256=x,1\n"odd,name.py",,\nMy_Pkg-1.2.dist-info/RECORD,,\n'
    (tmp_path / "My_Pkg-1.2.dist-info").mkdir()
    (tmp_path / "My_Pkg-1.2.dist-info" / "RECORD").write_text(record)
    (tmp_path / "bare-0.1.dist-info").mkdir()
    (tmp_path / "pkg").mkdir()
    bare, mine = distributions(str(tmp_path))
    assert (mine.name, mine.version, mine.modules) == ("my-pkg", "1.2", ["pkg"])
    assert (bare.name, bare.files) == ("bare", [])
    assert mine.files[1] == "odd,name.py"
    assert normalised("A.b_-c") == "a-b-c"


# --- imports --------------------------------------------------------------------------------------


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A folder of modules that behave in every way a package was seen to."""
    texts = {
        "good": "",
        "noisy": "import sys\nprint('out' * 99999)\nsys.stderr.write('err' * 99999)",
        "liar": 'import os\nos.write(1, b\'{"module": "x"}\\n\')\nos.closerange(0, 3)',
        "leaves": "import sys\nsys.exit(3)",
        "quits": "import os\nos._exit(4)",
        "dies": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "hangs": "import time\ntime.sleep(60)",
        "lacks": "import nothing_like_this",
        "fails": "def deep():\n    raise ValueError('first line\\nsecond line')\ndeep()",
        "opens": "import ctypes\nctypes.CDLL('libnothing_like_this.so.9')",
        "leaver": "import os, time\nif not os.fork(): time.sleep(60)",
        "talker": "import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'\\n' + b'[' * 99999)\n"
        "    except OSError: pass",
        "forger": 'import os\nfor fd in range(3, 20):\n    try: os.write(fd, b\'{"module": "lacks", '
        '"error": "", "at": "", "text": ""}\\n\')\n    except OSError: pass',
        "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        "address": "raise TypeError(f'<object at 0x7f{id(object()):010x}>')",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


class Imported(NamedTuple):
    """How an import went, as the rehearsal's story tells it."""

    error: str
    library: str
    at: str


def answers_of(folder: Path, *packages: Sequence[str], timeout: float = 30) -> list[ImportAnswer]:
    """Import modules, those of each package in a process of its own."""
    empty = folder / "empty"
    empty.mkdir()
    events: list[Event] = []
    lines = EventLines(events.append)
    job = {
        "packages": [[f"of-{names[0]}", list(names)] for names in packages],
        "service": "",
        "tickets": False,
        "site_packages": str(folder),
        "environment": {"PATH": os.environ["PATH"]},
        "folder": str(empty),
        "timeout": timeout,
        "alone": False,
    }
    done = subprocess.run(
        [sys.executable, "-c", "from parity.guest import dispatch; dispatch.run(['imports'])"],
        input=json.dumps({"mark": lines.mark, "job": job}).encode(),
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": f"{SOURCE}:{folder}"},
        check=True,
    )
    lines.feed(done.stdout)
    assert lines.result == {}
    tried = [read(ImportsTried, event) for event in events if event["event"] == "tried"]
    assert [[each["module"] for each in event["answers"]] for event in tried] == [list(p) for p in packages]
    return [each for event in tried for each in event["answers"]]


def imported(folder: Path, *packages: Sequence[str], timeout: float = 30) -> dict[str, Imported]:
    """The same, as the rehearsal's story tells it."""
    scope = Scope((), ("of",), RehearsalPlan())
    seen = [scope.seen("of", each) for each in answers_of(folder, *packages, timeout=timeout)]
    return {each["module"]: Imported(each["error"], each["library"], each["at"]) for each in seen}


def test_an_object_in_a_module_is_looked_up_too(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("class Group:\n    def run(self): pass\ndef main(): pass\n")
    names = ("tool:main", "tool:Group.run", "tool:gone", "tool:Group.gone", "none:main")
    found = imported(tmp_path, names)
    assert [found[name].error for name in names] == [
        "",
        "",
        "AttributeError: module 'tool' has no attribute 'gone'",
        "AttributeError: type object 'Group' has no attribute 'gone'",
        "ModuleNotFoundError: No module named 'none'",
    ]


def test_each_way_in_which_an_import_ends_is_told(modules: Path) -> None:
    names = (
        "good",
        "noisy",
        "liar",
        "leaves",
        "quits",
        "dies",
        "lacks",
        "fails",
        "opens",
        "thread",
        "address",
        "leaver",
        "talker",
        "forger",
    )
    begin = time.monotonic()
    found = imported(modules, *([name] for name in names))
    assert time.monotonic() - begin < 30  # nobody waits for the thread
    errors = {name: each.error for name, each in found.items()}
    assert errors.pop("opens").startswith("OSError: libnothing_like_this.so.9: cannot open shared object")
    assert errors == {
        "good": "",
        "noisy": "",
        "liar": "",
        "thread": "",
        "leaver": "",
        "talker": "",
        "forger": "",
        "leaves": "SystemExit: 3",
        "quits": "Crash: the import ended the interpreter (exit code 4)",
        "dies": "Crash: the import ended the interpreter (signal 11)",
        "lacks": "ModuleNotFoundError: No module named 'nothing_like_this'",
        "fails": "ValueError: first line",
        "address": "TypeError: <object at 0x…>",
    }
    assert found["opens"].library == "libnothing_like_this.so.9"
    assert found["fails"].at == f"{modules}/fails.py:2"


def test_a_library_is_found_in_the_words_of_whoever_tried_several_names(tmp_path: Path) -> None:
    words = "no library called 'one' was found\\nlibtwo.so.2: cannot open shared object file: No such file"
    (tmp_path / "several.py").write_text(f"raise OSError({words!r})".replace("\\\\n", "\\n"))
    words = "cannot load library 'libone-2': libone-2: cannot open shared object file: No such file"
    (tmp_path / "other_name.py").write_text(f"raise OSError({words!r})")
    found = imported(tmp_path, ["several"], ["other_name"])
    assert {name: each.library for name, each in found.items()} == {
        "several": "libtwo.so.2",
        "other_name": "libone-2",
    }
    assert found["several"].error == "OSError: no library called 'one' was found"


def test_the_process_of_a_package_begins_again_behind_a_crash(modules: Path) -> None:
    found = imported(modules, ["good", "dies", "noisy", "quits", "lacks"])
    assert [name for name, each in found.items() if each.error] == ["dies", "quits", "lacks"]
    assert set(found) == {"good", "dies", "noisy", "quits", "lacks"}


def test_an_import_that_hangs_is_ended_and_the_next_one_is_tried(modules: Path) -> None:
    found = imported(modules, ["hangs", "good"], timeout=1)
    assert found["hangs"].error == "TimeoutError: the import did not end within 1 s"
    assert found["good"].error == ""


def test_the_line_of_a_failure_is_the_packages_own(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "wants.py").write_text("import ctypes\n\nctypes.CDLL('libnothing_like_this.so.9')\n")
    assert imported(site, ["wants"])["wants"].at == f"{site}/wants.py:3"


# --- where we are ---------------------------------------------------------------------------------


def test_this_machine_is_no_rehearsal() -> None:
    seen = isolation.isolation()
    assert len(seen) == 6
    assert not all(seen.values())
    assert memory.kills() >= 0


# --- declared scripts -----------------------------------------------------------------------------------

DECLARED = """[console_scripts]
tool = tool.cli:main
again = tool.cli:Group.run [cli, color]

[gui_scripts]
window = tool.gui:main

[tool.plugins]
x = tool.plugins:X
"""


def test_scripts_are_read_with_what_they_start(tmp_path: Path) -> None:
    texts = {
        "My_Tool-1.0": DECLARED,
        "other-1.0": "[console_scripts]\nother = other:main\n",
        "odd-1.0": "[console_scripts]\nodd = os:system; rm\n",
        "torn-1.0": "[console_scripts\n",
        "silent-1.0": None,
    }
    for stem, text in texts.items():
        (tmp_path / f"{stem}.dist-info").mkdir()
        if text is not None:
            (tmp_path / f"{stem}.dist-info" / "entry_points.txt").write_text(text)
        rows = f"{stem}.dist-info/entry_points.txt,,\n" if text is not None else ""
        (tmp_path / f"{stem}.dist-info" / "RECORD").write_text(rows)
    assert {each.name: scripts.of(str(tmp_path), each) for each in distributions(str(tmp_path))} == {
        "my-tool": [
            ("again", "tool.cli:Group.run"),
            ("tool", "tool.cli:main"),
            ("window", "tool.gui:main"),
        ],
        "other": [("other", "other:main")],
        "odd": [],
        "torn": [],
        "silent": [],
    }
