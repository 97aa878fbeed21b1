"""What uv on this machine is configured to do, as far as indexes and interpreters are concerned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from parity.model.interpreter import PythonPlaces
from parity.model.toml import TOMLError, parse


@dataclass(frozen=True)
class UvSettings:
    """uv's own index settings.

    Attributes:
        index: the default index's address, None where none is set.
        name: that index's name, under which its credentials stand in the environment.
        source: where it was said.
        others: further sources: extra indexes and find-links.
        warnings: files that could not be read.
    """

    index: str | None = field(default=None, repr=False)
    name: str | None = None
    source: str = ""
    others: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()


def uv_settings(environ: Mapping[str, str]) -> UvSettings:
    """Environment first, then the user's uv.toml, then the system's (uv's own order)."""
    documents, warnings = _documents(environ)
    others = list(_environment_others(environ))
    for _, document in documents:
        others += _others(document)
    for source in ("UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        if environ.get(source):
            name, url = _named(environ[source])
            return UvSettings(url, name, source, tuple(others), warnings)
    for path, document in documents:
        for name, url in _defaults(document):
            return UvSettings(url, name, str(path), tuple(others), warnings)
    return UvSettings(others=tuple(others), warnings=warnings)


def python_places(environ: Mapping[str, str], cache: Path) -> PythonPlaces:
    """Where uv gets interpreters: environment first, then its files, in uv's own order.

    Args:
        environ: this process's environment.
        cache: the folder of parity's own caches.
    """
    documents, warnings = _documents(environ)

    def said(variable: str, key: str) -> str:
        told = [environ.get(variable), *(document.get(key) for _, document in documents)]
        return next((each for each in told if isinstance(each, str) and each), "")

    return PythonPlaces(
        cache / "pythons",
        said("UV_PYTHON_INSTALL_MIRROR", "python-install-mirror"),
        said("UV_PYTHON_DOWNLOADS_JSON_URL", "python-downloads-json-url"),
        warnings,
    )


def _documents(environ: Mapping[str, str]) -> tuple[list[tuple[Path, Mapping[str, object]]], tuple[str, ...]]:
    found: list[tuple[Path, Mapping[str, object]]] = []
    warnings: list[str] = []
    for path in filter(Path.is_file, _paths(environ)):
        try:
            found.append((path, parse(path.read_text(encoding="utf-8"))))
        except (OSError, UnicodeDecodeError, TOMLError) as error:  # noqa: PERF203
            warnings.append(
                f"uv's settings in {path} cannot be read and are left out ({type(error).__name__})"
            )
    return found, tuple(warnings)


def _paths(environ: Mapping[str, str]) -> list[Path]:
    if environ.get("UV_NO_CONFIG"):
        return []
    if environ.get("UV_CONFIG_FILE"):
        return [Path(environ["UV_CONFIG_FILE"])]
    home = Path(environ.get("HOME") or "/")
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    system = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    return [user / "uv/uv.toml", *(Path(folder) / "uv/uv.toml" for folder in system), Path("/etc/uv/uv.toml")]


def _tables(document: Mapping[str, object]) -> list[Mapping[str, object]]:
    pip = document.get("pip")
    return [document, pip] if isinstance(pip, dict) else [document]


def _defaults(document: Mapping[str, object]) -> Iterator[tuple[str | None, str]]:
    for entry in _entries(document):
        if entry.default:
            yield entry.name, entry.url
    for table in _tables(document):
        url = table.get("index-url")
        if isinstance(url, str):
            yield None, url


def _others(document: Mapping[str, object]) -> Iterator[str]:
    yield from (entry.url for entry in _entries(document) if not entry.default)
    for table in _tables(document):
        for key in ("extra-index-url", "find-links"):
            value = table.get(key)
            yield from (item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


class _IndexTable(NamedTuple):
    """A table of `index`; `name` is None where it has none."""

    name: str | None
    url: str
    default: bool


def _entries(document: Mapping[str, object]) -> list[_IndexTable]:
    entries = document.get("index")
    if not isinstance(entries, list):
        return []
    tables = (entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("url"), str))
    return [
        _IndexTable(
            each["name"] if isinstance(each.get("name"), str) else None,
            each["url"],
            each.get("default") is True,
        )
        for each in tables
    ]


def _environment_others(environ: Mapping[str, str]) -> Iterator[str]:
    for key in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"):
        # uv separates several indexes by spaces in these variables.
        yield from (_named(item)[1] for item in environ.get(key, "").split())


def _named(text: str) -> tuple[str | None, str]:
    """`name=address` or just an address."""
    name, found, url = text.partition("=")
    return (name, url) if found and name.replace("-", "").replace("_", "").isalnum() else (None, text)
