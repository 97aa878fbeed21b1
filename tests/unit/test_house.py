"""The figures of `make house`: each is counted right, and a hard one that is missed ends it with 1."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests import house
from tests.unit import test_layering as layering

CODE = '''#!/usr/bin/env python3
"""About."""
from typing import Any, Dict

class Thing:  # why it is there
    """Said."""

    def said(self, value: Any) -> Dict[str, Any]:
        """Said, too."""
        def inner() -> None:  # noqa: D103
            pass
        return {}

    def silent(self) -> None:
        # a reason
        return None

class _Thing:
    def hidden(self) -> None: ...

# --- a rule -----
'''


def source(text: str = CODE, name: str = "a.py") -> house.Source:
    return house.Source(name, text, ast.parse(text))


def test_functions_are_measured_from_def_to_their_end() -> None:
    assert house.functions([source()]) == {
        "a.py:8 said": 5,
        "a.py:10 inner": 2,
        "a.py:14 silent": 3,
        "a.py:19 hidden": 1,
    }


def test_types_names_and_prose_are_counted() -> None:
    assert house.untyped(source()) == 2
    assert house.comments(source()) == 2
    assert house.undocumented([source()]) == ("a.py:14 silent",)
    assert house.reused_classes([source(), source("class Other: ...", "b.py")]) == ("Thing (a.py, a.py)",)


def test_what_replaces_code_is_a_mock_and_what_sets_the_environment_is_none() -> None:
    text = "monkeypatch.setattr('x', 1)\nmonkeypatch.setenv('X', '1')\nMock()\nmock.patch('x')\nlist()\n"
    assert house.mocks(source(text)) == 3


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [{"a", "b", "c"}]),
        ({"a": {"b"}, "b": {"a"}, "c": {"d", "a"}, "d": {"c"}}, [{"a", "b"}, {"c", "d"}]),
    ],
)
def test_a_circle_is_all_that_reach_each_other(graph: dict[str, set[str]], found: list[set[str]]) -> None:
    assert house.circles(graph) == found


def test_full_folders_and_circles_between_folders_are_told() -> None:
    paths = [layering.SOURCE / "full" / f"m{number}.py" for number in range(26)]
    graph = {"a.x": {"b.x"}, "b.x": set(), "b.y": {"a.y"}, "a.y": set()}
    folders = {name: name[0] for name in graph}
    full, between_modules, between_folders = house.layout(paths, graph, folders)
    assert (full.value, full.met, full.worst) == (26, False, ("parity/full (26)",))
    assert between_modules.met
    assert between_folders.worst == ("a <-> b",)


@pytest.mark.parametrize(("built", "code"), [(True, 1), (False, 0)])
def test_a_hard_target_counts_once_the_rooms_are_there(
    built: bool,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    package = tmp_path / "parity"
    package.mkdir()
    (package / "long.py").write_text("def f() -> None:\n" + "    pass\n" * 60 + "def g() -> None: ...\n")
    if built:
        (package / "portable").mkdir()
    monkeypatch.setattr(layering, "SOURCE", package)
    assert house.main(package) == code
    assert "functions above 50 lines" in capsys.readouterr().out


def test_this_house_has_no_long_function_no_large_file_and_no_circle(
    capsys: pytest.CaptureFixture[str],
) -> None:
    house.main()
    lines = capsys.readouterr().out.splitlines()
    for name in (
        "functions above 50",
        "files above 350",
        "circles between modules",
        "circles between folders",
        "class names for two or more things",
        "public functions without a docstring",
    ):
        assert next(line for line in lines if line.startswith(name)).endswith(" met")
