"""The house's rules, read off the syntax trees: who may import whom, and what."""

from __future__ import annotations

import ast
import io
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from parity.engine.guests import guest_tar
from parity.portable.wheel import wheelset

SOURCE = Path(__file__).parents[2] / "src" / "parity"
STAGES = {
    "profile",
    "images",
    "probe",
    "resolve",
    "project",
    "fetch",
    "other_files",
    "audit",
    "native",
    "system",
    "gems",
    "rehearse",
    "pack",
    "sign",
    "update",
    "volumes",
    "export",
}
FOUNDATIONS = {"errors", "files", "lock_files", "markers", "model", "engine", "progress", "wire"}
EDGES = {"cluster", "docker_engine", "host"}
REVIEWS = {"graph", "planning", "report"}
CARRIED = {"guest", "farside", "portable"}
ALLOWED = {
    **{stage: FOUNDATIONS | {"portable"} for stage in STAGES},
    **dict.fromkeys(EDGES, FOUNDATIONS),
    "host": FOUNDATIONS
    | {"portable"},  # one judge of strangers' trees (treepaths), on both sides of the engine
    "pack": FOUNDATIONS | {"portable", "farside"},  # it ships it
    "publish": FOUNDATIONS | {"portable", "farside"},
    "registry": FOUNDATIONS | {"portable", "docker_engine"},  # its client speaks there
    "errors": {"portable"},  # the root that the far side's errors have, too
    "progress": set(),
    "files": {"errors", "portable"},
    "lock_files": {"errors", "files", "model", "portable"},
    "markers": {"errors"},
    "model": {"wire"},
    "engine": {"model", "errors", "wire", "progress"},
    "wire": set(),
    "portable": set(),
    "farside": {"portable"},
    "guest": {"portable", "wire"},  # the latter for the type checker alone: it does not travel
    "pipeline": STAGES | FOUNDATIONS | EDGES | {"portable", "planning", "graph"},
    # What whoever reviews is shown, before and after a build.
    "graph": FOUNDATIONS | {"portable"},
    "planning": FOUNDATIONS | {"portable", "graph", "update"},
    "report": FOUNDATIONS | {"portable", "farside", "graph", "update"},
    "docs": set(),
    "ci": {"errors", "files", "portable"},
    "cli": STAGES
    | FOUNDATIONS
    | EDGES
    | {"pipeline", "portable", "farside", "publish", "registry", "docs", "ci", "cli"}
    | REVIEWS,
}
# A third-party library lives in one room; `packaging` is the field's own vocabulary.
HOMES = {
    "cryptography": {"sign"},
    "docker": {"docker_engine"},
    "requests": {"docker_engine"},
    "urllib3": {"docker_engine"},
    "jsonschema": {"profile"},
    "yaml": {"profile"},
    "platformdirs": {"host"},
    "tomli": {"model"},
    "tomllib": {"model"},  # of the standard library since Python 3.11
    "rich": {"cli"},
    "typer": {"cli"},
    "keyring": {"host"},
    "twine": {"publish"},
    "distributed": {"cluster"},
    "markdown_it": {"docs"},
    "packaging": {
        *("graph", "markers", "model", "planning", "probe", "project", "publish", "resolve", "update"),
    },
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every name that a module imports, wherever in it; each file is read once in a run."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    package = ["parity", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield stem
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def rooms_used(path: Path) -> set[str]:
    parts = [name.split(".") for name in imported(path)]
    return {part[1] for part in parts if part[0] == "parity" and len(part) > 1}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_module_imports_only_the_rooms_below_its_own(path: Path) -> None:
    home = room(path)
    if home in {"__init__", "__main__"}:
        return
    rooms = {
        name for name in rooms_used(path) if (SOURCE / name).exists() or (SOURCE / f"{name}.py").exists()
    }
    assert rooms - ALLOWED[home] - {home} == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_third_party_library_is_imported_in_its_one_room(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)} - {"parity", ""}
    for name in tops - set(sys.stdlib_module_names):
        assert room(path) in HOMES.get(name, set()), f"{path} imports {name}"


@pytest.mark.parametrize(
    "path", [p for p in modules() if room(p) in CARRIED], ids=lambda path: str(path.relative_to(SOURCE))
)
def test_what_travels_is_python_3_6_and_standard_library_alone(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 6))
    tops = {name.split(".")[0] for name in imported(path)} - {"parity"}
    assert tops <= set(sys.stdlib_module_names)


def test_there_is_no_import_circle() -> None:
    graph = {name_of(path): edges(path) for path in modules()}
    seen: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if seen.get(name) == 2:
            return
        assert name not in trail, f"circle: {' -> '.join([*trail, name])}"
        for target in sorted(graph.get(name, set())):
            visit(target, (*trail, name))
        seen[name] = 2

    for name in graph:
        visit(name, ())


def name_of(path: Path) -> str:
    parts = ["parity", *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def names(source: Path) -> frozenset[str]:
    """Of all modules below that folder, which is `SOURCE`."""
    return frozenset(name_of(path) for path in source.rglob("*.py"))


def edges(path: Path) -> set[str]:
    """Imports at module level between our modules; `import x.y` inside a function is lazy on purpose."""
    ours = names(SOURCE)
    own = name_of(path)
    found = {name for name in imported(path) if name in ours and name != own}
    # importing a submodule through its package is no use of the package's __init__
    return {name for name in found if not any(other.startswith(name + ".") for other in found)}


# --- folders --------------------------------------------------------------------------------------

LARGEST_FOLDER = 25
# What the pipeline touches of the machine by itself today; a module that does no such thing is not to begin.
TOUCHING = {"os", "shutil", "socket", "subprocess", "tempfile"}
TOUCHERS = {"sources/builder.py", "sources/checkout.py"}


def folder_of(name: str) -> str:
    """The folder that a module lies in; a package's own `__init__` lies in it, too."""
    path = SOURCE.joinpath(*name.split(".")[1:])
    return name if path.is_dir() else name.rpartition(".")[0]


def test_no_folder_has_more_than_25_files() -> None:
    folders = {path.parent for path in modules()}
    sizes = {str(folder.relative_to(SOURCE)): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: size for name, size in sizes.items() if size > LARGEST_FOLDER} == {}


def test_there_is_no_circle_between_folders() -> None:
    graph: dict[str, set[str]] = {}
    for path in modules():
        if path.name == "__main__.py" or "stubs" in path.parts:  # they start what lies below them
            continue
        home = folder_of(name_of(path))
        uses = {folder_of(name) for name in edges(path)} - {home, "parity"}
        graph.setdefault(home, set()).update(uses)
    beneath = {home: graph[home] & graph.keys() for home in graph}
    while loose := {
        home for home in beneath if not beneath[home] or home not in set().union(*beneath.values())
    }:
        beneath = {home: uses - loose for home, uses in beneath.items() if home not in loose}
    assert beneath == {}, "these folders are in a circle, or between two"


def test_pipeline_leaves_the_machine_to_its_doors() -> None:
    touching = {
        str(path.relative_to(SOURCE / "pipeline"))
        for path in modules()
        if room(path) == "pipeline" and TOUCHING & {name.split(".")[0] for name in imported(path)}
    }
    assert touching <= TOUCHERS


def test_the_judges_sources_are_those_that_it_is_made_of() -> None:
    """A judgement is kept under a digest of these files: whoever adds one must not serve old judgements."""
    start = "parity.portable.wheel.wheelset"
    paths = {"/".join(name.split(".")[2:]) for name in made_of(start) - {start}}
    assert paths == set(wheelset._SOURCES)


def test_what_is_remembered_of_guests_is_kept_under_all_the_code_that_runs_in_them() -> None:
    """A wheel that was built, and a proof, are taken again while `guest_digest` is the same."""
    with tarfile.open(fileobj=io.BytesIO(guest_tar())) as archive:
        carried = set(archive.getnames())
    tasks = [name_of(path) for path in modules() if path.parent == SOURCE / "guest" / "tasks"]
    running = {name for task in tasks for name in made_of(task) if name.split(".")[1] != "wire"}
    lacking = {f"parity/parity_guest/{name[7:].replace('.', '/')}.py" for name in running} - carried
    assert {path for path in lacking if f"{path[:-3]}/__init__.py" not in carried} == set()


def made_of(start: str) -> set[str]:
    """A module, and all that it imports, by whatever way."""
    paths = {name_of(path): path for path in modules()}
    found: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead.extend(use for use in edges(paths[name]) if paths[use].name != "__init__.py")
    return found
