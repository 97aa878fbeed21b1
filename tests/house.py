"""`make house`: the house in figures, each beside its target; ends with 1 where a hard one is missed.

What is counted is `src/parity`; mocks are counted in `tests`. Sizes, circles and folders are hard targets
as soon as the rooms of issue 11 are there, the others are a direction.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.unit import test_layering as layering

TESTS = Path(__file__).parent
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_MOCKS = {"Mock", "MagicMock", "AsyncMock", "create_autospec", "mocker"}
_SHOWN = 6
"""How many offenders a figure names."""


@dataclass(frozen=True)
class Figure:
    """One figure, the most (or least) that it should be, and what misses it, the worst first.

    `hard`: whoever misses it breaks `make house`.
    """

    name: str
    value: float
    target: float
    least: bool = False
    hard: bool = False
    worst: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether the target is met."""
        return self.value >= self.target if self.least else self.value <= self.target

    @property
    def line(self) -> str:
        """The figure as a line of the table."""
        sign = "at least" if self.least else "at most"
        verdict = "met" if self.met else "MISSED" if self.hard else "missed"
        return f"{self.name:<44} {self.value:>8.4g}   {sign} {self.target:<4g} {verdict}"


@dataclass(frozen=True)
class Source:
    """A file of Python: its name for people, its text and syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")


def read(paths: Iterable[Path], root: Path) -> list[Source]:
    """Files as sources, named by their path below `root`."""
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    return [Source(str(path.relative_to(root)), text, ast.parse(text)) for path, text in texts.items()]


# --- sizes ----------------------------------------------------------------------------------------


def functions(sources: Iterable[Source]) -> dict[str, int]:
    """Each function's lines, from `def` to its end; methods and inner functions count by themselves."""
    return {
        f"{source.name}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, _Function)
    }


def sizes(sources: list[Source]) -> Iterator[Figure]:
    """How long functions and files are."""
    lengths = functions(sources)
    long = above(lengths, 50)
    yield Figure("functions: median of lines", median(lengths.values()), 10)
    yield Figure("functions: nine of ten have at most", quantiles(lengths.values(), n=10)[-1], 30)
    yield Figure("functions: the longest", max(lengths.values()), 50, hard=True, worst=long)
    yield Figure("functions above 50 lines", len(long), 0, hard=True, worst=long)
    large = above({source.name: source.lines for source in sources}, 350)
    yield Figure("files above 350 lines", len(large), 0, hard=True, worst=large)


def above(figures: Mapping[str, int], most: int) -> tuple[str, ...]:
    """Those above a bound, the largest first."""
    ordered = sorted(figures.items(), key=lambda item: (-item[1], item[0]))
    return tuple(f"{name} ({value})" for name, value in ordered if value > most)


# --- folders and circles --------------------------------------------------------------------------


def layout(
    paths: Iterable[Path], graph: Mapping[str, set[str]], folders: Mapping[str, str]
) -> Iterator[Figure]:
    """How full folders are, and what imports itself by a detour.

    Args:
        paths: all modules' files.
        graph: which module imports which.
        folders: each module's folder.
    """
    full: dict[str, int] = defaultdict(int)
    for path in paths:
        full[str(path.parent.relative_to(layering.SOURCE.parent))] += 1
    yield Figure("files in the fullest folder", max(full.values()), 25, hard=True, worst=above(full, 25))
    between: dict[str, set[str]] = defaultdict(set)
    for name, uses in graph.items():
        between[folders[name]] |= {folders[use] for use in uses} - {folders[name]}
    for what, each in (("modules", graph), ("folders", between)):
        found = [" <-> ".join(sorted(circle)) for circle in circles(each)]
        yield Figure(f"circles between {what}", len(found), 0, hard=True, worst=tuple(found))


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """The groups whose members all reach each other (strongly connected components of two or more)."""
    reached = {name: reach(graph, name) for name in graph}
    groups: list[set[str]] = []
    for name in sorted(graph):
        group = {name} | {other for other in reached[name] if name in reached.get(other, set())}
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return groups


def reach(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything that can be reached from a node."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def imports() -> tuple[dict[str, set[str]], dict[str, str]]:
    """Which module imports which, and each module's folder; what starts the house (`__main__`) left out."""
    inside = [path for path in layering.modules() if path.name != "__main__.py" and "stubs" not in path.parts]
    folders = {
        layering.name_of(path): str(path.parent.relative_to(layering.SOURCE.parent)) for path in inside
    }
    return {
        layering.name_of(path): layering.edges(path) & folders.keys() - {"parity"} for path in inside
    }, folders


# --- names, types, prose --------------------------------------------------------------------------


def reused_classes(sources: Iterable[Source]) -> tuple[str, ...]:
    """Names of classes that stand for two things or more, `_Name` being the same word as `Name`."""
    places: dict[str, list[str]] = defaultdict(list)
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                places[node.name.lstrip("_")].append(source.name)
    return tuple(f"{name} ({', '.join(at)})" for name, at in sorted(places.items()) if len(at) > 1)


def untyped(source: Source) -> int:
    """How often `Any` is said, its import aside."""
    names = [node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)]
    return names.count("Any")


def undocumented(sources: Iterable[Source]) -> tuple[str, ...]:
    """Public functions, and public methods of public classes, without a docstring."""
    return tuple(
        f"{source.name}:{node.lineno} {node.name}"
        for source in sources
        for node in public(source.tree.body)
        if isinstance(node, _Function) and ast.get_docstring(node) is None
    )


def public(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The definitions that others may use."""
    for node in body:
        if isinstance(node, (*_Function, ast.ClassDef)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def comments(source: Source) -> int:
    """Lines with a comment for people: no directives, no rules between parts."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    texts = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return sum(not text.startswith(("# noqa", "# type:", "# fmt:", "# ---", "#!")) for text in texts)


def mocks(source: Source) -> int:
    """Where a test replaces code by something else: `unittest.mock`, `monkeypatch.setattr`."""
    found = 0
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            owner = function.value if isinstance(function, ast.Attribute) else None
            patched = name == "setattr" and isinstance(owner, ast.Name) and owner.id == "monkeypatch"
            found += patched or name in _MOCKS or name == "patch"
    return found


def prose(sources: list[Source], tests: list[Source]) -> Iterator[Figure]:
    """Types, names, mocks, docstrings and comments."""
    thousands = sum(source.lines for source in sources) / 1000
    spoken = {source.name: untyped(source) for source in sources}
    yield Figure("`Any` in 1,000 lines", sum(spoken.values()) / thousands, 2, worst=above(spoken, 0))
    reused = reused_classes(sources)
    yield Figure("class names for two or more things", len(reused), 0, worst=reused)
    mocked = {source.name: mocks(source) for source in tests}
    test_thousands = sum(source.lines for source in tests) / 1000
    yield Figure(
        "mocks in 1,000 lines of tests", sum(mocked.values()) / test_thousands, 1, worst=above(mocked, 0)
    )
    silent = undocumented(sources)
    yield Figure("public functions without a docstring", len(silent), 0, worst=silent)
    said = sum(comments(source) for source in sources)
    yield Figure("comments in 1,000 lines", said / thousands, 20, least=True)


# --- the table ------------------------------------------------------------------------------------


def main(own_tests: Path = TESTS) -> int:
    """Print the table; 1 where a hard target is missed."""
    paths = layering.modules()
    sources = read(paths, layering.SOURCE.parent)
    files = (path for path in sorted(own_tests.rglob("*.py")) if "data" not in path.parts)
    tests = read(files, own_tests.parent)
    figures = [*sizes(sources), *layout(paths, *imports()), *prose(sources, tests)]
    for figure in figures:
        sys.stdout.write(figure.line + "\n")
        shown = () if figure.met else figure.worst
        sys.stdout.writelines(f"    {each}\n" for each in shown[:_SHOWN])
        if len(shown) > _SHOWN:
            sys.stdout.write(f"    and {len(shown) - _SHOWN} more\n")
    built = (layering.SOURCE / "portable").is_dir()  # before the rooms are there, full folders are no news
    return int(built and any(figure.hard and not figure.met for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
