"""Finding profiles: by path, or by bare name in the folders that are searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import parity
from parity.errors import ProfileNotFound
from parity.profile.schema import near

_SUFFIXES = (".yaml", ".yml")
_SHIPPED = ("profiles", "images", "src")
"""The folders of a checkout that are parity's own."""


def shipped_root() -> Path:
    """The folder that holds the shipped `profiles/` and `images/`: the checkout, or the installed copy."""
    package = Path(parity.__file__).parent
    installed = package / "shipped"
    return installed if installed.is_dir() else package.parents[1]


def default_search() -> tuple[Path, ...]:
    """Where bare names are looked up: `profiles/` here, then the shipped ones."""
    here = Path("profiles")
    shipped = shipped_root() / "profiles"
    return (shipped,) if here.resolve() == shipped.resolve() else (here, shipped)


def available(search: Sequence[Path] | None = None) -> Mapping[str, Path]:
    """Every profile in the searched folders by name; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in default_search() if search is None else search:
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if path.suffix in _SUFFIXES and path.is_file():
                    found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_profile(source: str | Path, search: Sequence[Path] | None = None) -> Path:
    """The file that a path or a bare name stands for.

    Raises:
        ProfileNotFound: there is none; the message names a near match.
    """
    path = Path(source)
    if is_file(path):
        return path
    names = available(search)
    if is_bare(str(source)):
        if str(source) in names:
            return names[str(source)]
        raise _not_found(str(source), near(str(source), names))
    raise _not_found(str(source), _neighbour(path) or near(path.stem, names))


def is_bare(source: str) -> bool:
    """Whether this is a name rather than a path."""
    return "/" not in source and not source.endswith(_SUFFIXES)


def is_file(path: Path) -> bool:
    """Whether a file lies there; names that no file system can hold do not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder lies there."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _neighbour(path: Path) -> str:
    try:
        names = [other.name for other in path.parent.iterdir() if other.suffix in _SUFFIXES]
    except (OSError, ValueError):
        return ""
    match = near(path.name, names)
    return str(path.parent / match) if match else ""


def _not_found(source: str, meant: str) -> ProfileNotFound:
    hint = f"; did you mean {meant}?" if meant else ""
    return ProfileNotFound(f"there is no profile {source!r}{hint}")


def is_paritys(folder: Path) -> bool:
    """Whether a folder is one of parity's own, where nothing of a user's may come to lie.

    Those are what is shipped with an installed parity, and a checkout's top, profiles, images and sources:
    of the parity that runs, and of any other.
    """
    folder = folder.resolve()
    return any(_owns(each, folder) for each in (folder, *folder.parents))


def _owns(root: Path, folder: Path) -> bool:
    if (root / "profile" / "schema.json").is_file() and (root / "portable").is_dir():
        return True  # the package
    if not (root / "src" / "parity" / "profile" / "schema.json").is_file():
        return False
    return folder == root or folder.relative_to(root).parts[0] in _SHIPPED
