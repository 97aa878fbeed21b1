"""An image's folder: its digest, the tag that follows from it, its build context and its recipe."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from parity.errors import InputFileError
from parity.files import open_below

# Enough to tell one folder's versions apart, in a name that people read.
_DIGITS = 12
_NATIVE = "linux/amd64"
_WORD = re.compile(r"[a-z0-9][a-z0-9.+:/_-]*", re.IGNORECASE)
_KEYS = {"tool", "suite", "packages", "components", "mirror", "script"}


class RecipeInvalid(Exception):
    """bootstrap.json does not say what it must."""


@dataclass(frozen=True)
class Recipe:
    """What bootstrap.json asks for.

    `mirror` and `script` are debootstrap's own arguments; empty for its defaults.
    """

    suite: str
    packages: tuple[str, ...]
    components: tuple[str, ...] = ()
    mirror: str = ""
    script: str = ""


def folder_digest(folder: Path) -> str:
    """SHA-256 over the folder's files: names, executable bits and contents; not times or owners."""
    digest = hashlib.sha256()
    for path in _files(folder):
        name, data = path.relative_to(folder).as_posix(), _content(folder, path)
        # The length before the bytes: else one file could end as another begins, with the same digest.
        digest.update(f"{name}\0{_mode(path):o}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


def image_tag(folder: Path, platform: str = _NATIVE) -> str:
    """The local name of a folder's image: `parity/<folder name>:<12 digits of its digest>`.

    Other platforms than linux/amd64 are appended, so that they do not take each other's name.
    """
    return tag_of(folder, folder_digest(folder), platform)


def tag_of(folder: Path, digest: str, platform: str) -> str:
    """The local name of an image that a folder makes, for a digest of all that it depends on."""
    return f"{_repository(folder)}:{digest[:_DIGITS]}{_suffix(platform)}"


def _suffix(platform: str) -> str:
    return "" if platform == _NATIVE else "-" + platform.partition("/")[2].replace("/", "-")


def latest_tag(folder: Path, platform: str = _NATIVE) -> str:
    """The name for people: always the image made last; a foreign platform has its own."""
    return f"{_repository(folder)}:latest{_suffix(platform)}"


def build_context(folder: Path) -> bytes:
    """The folder as a tar for the engine's builder; equal bytes for equal folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in _files(folder):
            data = _content(folder, path)
            info = tarfile.TarInfo(path.relative_to(folder).as_posix())
            info.size, info.mode = len(data), _mode(path)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def read_recipe(path: Path) -> Recipe:
    """Read bootstrap.json.

    Raises:
        RecipeInvalid: it cannot be read or asks for what we do not know.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeInvalid(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, dict) or set(document) - _KEYS:
        raise RecipeInvalid(f"{path.name} may hold only {', '.join(sorted(_KEYS))}")
    if document.get("tool") != "debootstrap":
        raise RecipeInvalid(f"{path.name}: tool must be 'debootstrap'")
    return Recipe(
        suite=_words(document, "suite", [document.get("suite")])[0],
        packages=_words(document, "packages", document.get("packages")),
        components=_words(document, "components", document.get("components", [])),
        mirror="".join(_words(document, "mirror", [document["mirror"]] if "mirror" in document else [])),
        script="".join(_words(document, "script", [document["script"]] if "script" in document else [])),
    )


def _words(document: dict[str, object], key: str, value: object) -> tuple[str, ...]:
    # Each becomes a part of a command's argument: no leading dash, no commas, no blanks.
    if isinstance(value, list) and all(isinstance(v, str) and _WORD.fullmatch(v) for v in value):
        return tuple(value)
    raise RecipeInvalid(f"bootstrap.json: {key} is not plain words: {document.get(key)!r}")


def _repository(folder: Path) -> str:
    # An image's name is lower case, in letters, digits and single separators.
    return "parity/" + (re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-") or "image")


def _files(folder: Path) -> list[Path]:
    found = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return sorted(found, key=lambda p: p.relative_to(folder).as_posix().encode())


def _content(folder: Path, path: Path) -> bytes:
    """A file's bytes. A stranger's recipe may have a link in it, but not to a file of this machine's own.

    Raises:
        InputFileError: it cannot be read, or leads out of the folder.
    """
    try:
        here, real = folder.resolve(), path.resolve()
        if real.is_relative_to(here):
            with open_below(here, real) as file:
                return file.read()
        reason = "the link leads out of the image's folder"
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
    raise InputFileError(f"{path}: {reason}", where=str(folder), remedy="put the file itself there")


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
