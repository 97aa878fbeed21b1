"""The house's rules, read off the syntax trees: who may import whom, and what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    "rehearse",
    "pack",
    "sign",
    "update",
    "volumes",
}
FOUNDATIONS = {"errors", "files", "model", "engine", "progress"}
EDGES = {"docker_engine", "host"}
CARRIED = {"guest", "farside"}
ALLOWED = {
    **{stage: FOUNDATIONS | {"farside"} for stage in STAGES},
    **dict.fromkeys(EDGES, FOUNDATIONS),
    "host": FOUNDATIONS | {"guest"},  # one judge of strangers' trees (treepaths), on both sides of the engine
    "publish": FOUNDATIONS | {"farside"},
    "errors": set(),
    "progress": set(),
    "files": {"errors", "farside"},
    "model": set(),
    "engine": {"model", "errors"},
    "farside": set(),
    "guest": {"farside"},
    "pipeline": STAGES | FOUNDATIONS | EDGES | {"farside"},
    "cli": STAGES | FOUNDATIONS | EDGES | {"pipeline", "farside", "publish", "cli"},
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
    "rich": {"cli"},
    "typer": {"cli"},
    "keyring": {"host"},
    "twine": {"publish"},
    "packaging": {"project", "model", "probe", "publish", "resolve", "update"},
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imported(path: Path) -> Iterator[str]:
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


def edges(path: Path) -> set[str]:
    """Imports at module level between our modules; `import x.y` inside a function is lazy on purpose."""
    names = {name_of(p) for p in modules()}
    own = name_of(path)
    found = {name for name in imported(path) if name in names and name != own}
    # importing a submodule through its package is no use of the package's __init__
    return {name for name in found if not any(other.startswith(name + ".") for other in found)}
