"""Lines of `.pth` files: which use only what their own wheel brings, and which reach further."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.evil_wheel import evil
from tests.support.wheels import WheelParts

from parity.portable.wheel import wheelset
from parity.portable.wheel.pth import FURTHER as REACHES_FURTHER
from parity.portable.wheel.pth import HARMLESS, reach
from parity.portable.wheel.wheel import judge

OWN = (
    "import evil",
    "import evil.sub as e; e.start()",
    "import evil; evil._patch()",
    "import evil; evil.a.b(1, x='y')",
    "import os; 'EVIL' in os.environ and __import__('evil').start()",
    'import os; exec(\'try: __import__("evil").go() if os.getenv("A") else None\\nexcept OSError: pass\')',
    "import sys; exec('import os\\nif os.getenv(\"A\"):\\n from evil import x\\n x()')",
    "import os; on = os.environ['A'] == '1'; on and __import__('evil')",
)
OWN_FOLDERS = ("evil", "evil/odd", "evil/odd/", "# why\n\nevil", "evil/data.d", "import evil\nevil")
FURTHER = (
    "import other",
    "import evil, subprocess",
    "import os; os.system('x')",
    "import evil; open('/etc/passwd')",
    "import evil; evil.run(open)",
    "import os, evil; evil.run(os)",
    "import os; __import__('os').system('x')",
    "import os; __import__('ev' + 'il')",
    "import os; exec(os.environ['A'])",
    "import os; exec('import subprocess')",
    "import os; os.environ.update(A='1')",
    "import os; os.environ.get('A').__class__.__mro__",
    "import sys; sys.path.insert(0, 'x')",
    "import sys; sys.modules['os'] = None",
    "import evil; eval('1')",
    "import evil as os; import os; os.system('x')",
    "import _evil; _evil.fork_exec()",
    "import evil; (lambda: 1)()",
    "import evil; [x for x in evil.y]",
    "import evil; evil.x = 1",
    "import evil; exec = evil.x",
    "from .evil import x",
    "import evil; evil; f = evil.x; f()",
    "import evil\n/somewhere/else",
    "import evil\nevil/folder",  # nothing of it lies there
    "evil/at_start",
    "evil/standard",
    "evil/../evil",
    "/evil",
    "./evil",
    "evil/odd\x0bevil",
    ".",
    "import\tother",
    "import evil; " + "(" * 300 + "1" + ")" * 300,
    "import sitecustomize",
)


def levels(folder: Path, line: str, name: str = "evil.pth") -> list[tuple[str, str]]:
    more = {
        f"evil/{path}": b""
        for path in ("at_start/sitecustomize.py", "standard/tkinter.py", "odd/more.py", "data.d/x.txt")
    }
    parts: WheelParts = evil({name: line.encode() + b"\n", "_evil.py": b"", **more})
    path = folder / parts.filename
    path.write_bytes(parts.data())
    file = wheelset.WheelFile(str(path), parts.filename, "evil", "1.0", "")
    return [(each.kind, each.level) for each in wheelset.judge_set([file]).verdicts]


@pytest.mark.parametrize("line", OWN)
def test_a_line_that_uses_only_its_own_wheel_is_a_warning(tmp_path: Path, line: str) -> None:
    assert levels(tmp_path, line) == [("pth-file", "warning")]


@pytest.mark.parametrize("line", OWN_FOLDERS)
def test_a_folder_of_its_own_is_a_warning(tmp_path: Path, line: str) -> None:
    assert levels(tmp_path, line) == [("pth-file", "warning")]


def test_no_other_wheel_adds_to_such_a_folder(tmp_path: Path) -> None:
    files = []
    for name, more in (
        ("evil", {"evil.pth": b"evil\n"}),
        ("other", {"Evil/sitecustomize.py": b""}),
        ("good", {"evilly.py": b""}),
    ):
        parts = WheelParts(name, files={f"{name}/__init__.py": b"", **more})
        (tmp_path / parts.filename).write_bytes(parts.data())
        files.append(wheelset.WheelFile(str(tmp_path / parts.filename), parts.filename, name, "1.0", ""))
    for _ in range(2):  # the second time out of the cache
        verdicts = wheelset.judge_set(files, cache=str(tmp_path / "cache")).verdicts
        assert [(each.package, each.kind, each.level) for each in verdicts] == [
            ("other", "path-conflict", "refused"),
            ("evil", "pth-file", "warning"),
        ]
        assert verdicts[0].message.startswith(
            "Evil/sitecustomize.py would be a module by a .pth file of evil-"
        )


@pytest.mark.parametrize("line", FURTHER)
def test_a_line_that_reaches_further_is_refused(tmp_path: Path, line: str) -> None:
    assert levels(tmp_path, line) == [("pth-file", "refused")]


def test_a_start_file_is_refused_whatever_it_says(tmp_path: Path) -> None:
    assert levels(tmp_path, "evil:main", "evil.start") == [("pth-file", "refused")]


@pytest.mark.parametrize(
    ("filename", "tags", "level"),
    [
        ("evil-1.0-cp311-cp311-manylinux_2_28_x86_64.whl", "cp311-cp311-linux_x86_64", "warning"),
        ("evil-1.0-py3-none-manylinux1_x86_64.whl", "py3-none-any", "warning"),
        ("evil-1.0-py2.py3-none-any.whl", "py3-none-any", "warning"),
        ("evil-1.0-py3-none-any.whl", "py2.py3-none-any", "refused"),
        ("evil-1.0-cp311-cp311-linux_x86_64.whl", "cp39-cp39-linux_x86_64", "refused"),
        ("evil-1.0-cp311-cp311-linux_x86_64.whl", "cp311-abi3-linux_x86_64", "refused"),
        ("evil-1.0-py3-none-any.whl", "cp311-cp311-linux_x86_64", "refused"),
    ],
)
def test_other_tags_are_refused_where_python_or_abi_contradict(
    tmp_path: Path, filename: str, tags: str, level: str
) -> None:
    wheel = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n"
    path = tmp_path / filename
    path.write_bytes(evil(wheel=wheel).data())
    (found,) = judge(str(path)).findings
    assert (found.kind, found.harmless) == ("tag-mismatch", level == "warning")


PYTEST_COV = (
    r"""import os, sys;exec('if \'COV_CORE_SOURCE\' in os.environ:\n try:\n  f"""
    r"""rom pytest_cov.embed import init\n  init()\n except Exception as exc:"""
    r"""\n  sys.stderr.write(\n   "pytest-cov: Failed to setup subprocess cove"""
    r"""rage. "\n   "Environ: {0!r} "\n   "Exception: {1!r}\\n".format(\n    d"""
    r"""ict((k, v) for k, v in os.environ.items() if k.startswith(\'COV_CORE\'"""
    r""")),\n    exc\n   )\n  )\n')"""
)


def test_the_line_of_pytest_cov_is_known_by_its_text_alone() -> None:
    own = ["pytest_cov/__init__.py"]
    assert reach(PYTEST_COV.encode(), "pytest-cov", own) == HARMLESS
    assert reach(PYTEST_COV.encode(), "other", own) == REACHES_FURTHER
    assert reach(PYTEST_COV.replace("init()", "evil()").encode(), "pytest-cov", own) == REACHES_FURTHER
