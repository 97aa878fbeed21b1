"""Finding profiles: by path, or by bare name in the folders that are searched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote

import parity
from parity.errors import ProfileNotFound
from parity.files import read_small
from parity.profile.schema import near
from parity.profile.tree import MAX_BYTES

_SUFFIXES = (".yaml", ".yml")
_REQUIREMENTS = (".txt", ".in")
_BUNDLE = ".parity.tar"
NAMED_LOCK = re.compile(r"pylock\..+\.toml")
"""How parity calls its own locks (PEP 751)."""
TARGETS = "`parity profile list` shows the targets"
_PROJECT = ("pyproject.toml", "uv.lock", "pylock.toml")
# A name as in PEP 508, with a version or without: nothing that a shell would read otherwise between quotes.
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(\[[a-z0-9,._-]{0,99}\])?([=<>!~]=?[0-9A-Za-z.*,=<>!~]{1,99})?"
)
_PROFILES_KEY = re.compile(rb"^(extends|target):", re.MULTILINE)
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
    """Every profile in the searched folders by name; the first folder that has a name wins.

    Without a search, those that lie in the current folder go first: of its other files, which are no
    profiles, many end in .yaml, too.
    """
    found: dict[str, Path] = {}
    if search is None:
        found = {path.stem: path for path in _lying_in(Path()) if reads_like_profile(path)}
    for folder in default_search() if search is None else search:
        for path in _lying_in(folder):
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def _lying_in(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:  # there is none, or it is somebody else's
        return
    yield from (each for each in found if each.suffix in _SUFFIXES and is_file(each))


def reads_like_profile(path: Path) -> bool:
    """Whether a YAML file says what only a profile says."""
    try:
        return bool(_PROFILES_KEY.search(read_small(path, MAX_BYTES)))
    except OSError:
        return False


def find_profile(source: str | Path, search: Sequence[Path] | None = None) -> Path:
    """The file that a path or a bare name stands for.

    Raises:
        ProfileNotFound: there is none; the message names a near match.
    """
    path, names = Path(source), available(search)
    bare = is_bare(str(source)) and not is_file(path)
    # One's own goes before a shipped one: what `parity init` wrote is found by its name.
    own = _own(path) if bare and search is None else None
    if bare and (found := own or names.get(str(source))):
        return found
    if other := _something_else(str(source), path):
        raise other
    if is_file(path):
        return path
    if bare:
        raise _not_found(str(source), near(str(source), names))
    raise _not_found(str(source), _neighbour(path) or near(path.stem, names))


def is_profile_name(source: str) -> bool:
    """Whether this can only be a profile's name or path: it ends as one's, or one's own lies here by it."""
    return is_profile_path(source) or (is_bare(source) and _own(Path(source)) is not None)


def is_profile_path(source: str) -> bool:
    """Whether a file called so is a profile."""
    return source.endswith(_SUFFIXES)


def _own(path: Path) -> Path | None:
    """The profile of that name that lies there."""
    if not path.name:
        return None
    return next((each for suffix in _SUFFIXES if is_file(each := path.with_name(path.name + suffix))), None)


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
    remedy = ""
    if not meant and _REQUIREMENT.fullmatch(source):
        remedy = f"for a package: parity build TARGET '{source}'; {TARGETS}"
    return ProfileNotFound(f"there is no profile {source!r}{hint}", remedy=remedy)


def _something_else(source: str, path: Path) -> ProfileNotFound | None:
    """What is no profile but can be built with one, and how that is said."""
    name = path.name
    if is_folder(path) and any(is_file(path / each) for each in _PROJECT):
        path, name = path / "pyproject.toml", "pyproject.toml"
    if name in _PROJECT:
        return ProfileNotFound(
            f"{source} is a project, not a profile",
            remedy=f"parity build TARGET {_as_path(path.parent)}; {TARGETS}",
        )
    if name.endswith(_BUNDLE) and is_file(path):
        remedy = f"parity inspect {quote(source)} shows what is in it; {TARGETS}"
        return ProfileNotFound(f"{source} is a bundle, not a profile", remedy=remedy)
    if NAMED_LOCK.fullmatch(name) and is_file(path):
        remedy = f"name the target whose lock it is, and give it as --lock {quote(source)}; {TARGETS}"
        return ProfileNotFound(f"{source} is a lock, not a profile", remedy=remedy)
    if path.suffix in _REQUIREMENTS and is_file(path):
        return ProfileNotFound(
            f"{source} is a requirements file, not a profile",
            remedy=f"parity build TARGET -r {source}; {TARGETS}",
        )
    return None


def _as_path(folder: Path) -> str:
    text = str(folder)
    return text if text.startswith((".", "/")) else f"./{text}"


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
