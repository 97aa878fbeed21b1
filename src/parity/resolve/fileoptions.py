"""What the options of requirements files mean for a whole build: indexes, sources, prereleases."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from parity.model.network import Login, clean_url, names_a_server, split_login
from parity.resolve.direct import path_of
from parity.resolve.lineoptions import LineOptions

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_EDITABLE_MODE = re.compile(r"editable[_-]")
_ALL, _NONE = ":all:", ":none:"
_WEB = ("https://", "http://")
_BIND = (
    "name the page in the profile, and bind to it what comes from it: "
    "`indexes: [{name: NAME, url: ADDRESS, format: flat, packages: ['*']}]`"
)


class OptionProblem(ValueError):
    """An option that a bundle cannot do; `remedy` says what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class IndexLine:
    """An index that a file names: its address without credentials, those, and where it stands.

    A flat one is a page of links (`--find-links`).
    """

    url: str
    where: str
    login: Login | None = field(default=None, repr=False)
    flat: bool = False


@dataclass(frozen=True)
class FolderLine:
    """A folder of wheels and source distributions that a file names.

    Attributes:
        path: absolute.
        said: as it was written, where that is relative, else the folder's own name.
        where: it stands.
    """

    path: Path
    said: str
    where: str


@dataclass(frozen=True)
class FileOptions:
    """What files ask for beside their requirements.

    Attributes:
        index: the default index; None where no file names one.
        extra: indexes besides it.
        from_source: normalised names that are built from their source distributions.
        prereleases: whether prereleases of anything may be chosen.
        folders: of wheels, each once.
        no_index: whether those folders, or the one page of links, are all there is.
        hidden: see `IndexSettings`.
    """

    index: IndexLine | None = None
    extra: tuple[IndexLine, ...] = ()
    from_source: tuple[str, ...] = ()
    prereleases: bool = False
    folders: tuple[FolderLine, ...] = ()
    no_index: bool = False
    hidden: tuple[tuple[str, str], ...] = ()


class OptionReader:
    """Gathers the options line by line; where pip lets the last one count, so does this."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.require_hashes = False
        self._index: IndexLine | None = None
        self._extra: list[IndexLine] = []
        self._from_source: set[str] = set()
        self._prereleases = False
        self._folders: dict[Path, FolderLine] = {}
        self.no_index = ""

    def options(self) -> FileOptions:
        """All of them; OptionProblem where they do not go together."""
        names = tuple(sorted(self._from_source))
        folders = tuple(self._folders.values())
        places = len(folders) or sum(each.flat for each in self._extra)
        if self.no_index and not places:
            raise OptionProblem(
                "--no-index", "it needs a folder that has everything, as in --find-links ./wheels"
            )
        if self.no_index and any(each.flat for each in self._extra) and (folders or places > 1):
            raise OptionProblem("--no-index beside a page of links and something else", _BIND)
        return FileOptions(
            self._index, tuple(self._extra), names, self._prereleases, folders, bool(self.no_index)
        )

    def take(self, options: LineOptions, where: str, folder: Path | None = None) -> None:
        """Take a line's options; OptionProblem where a bundle cannot do what they ask.

        Args:
            options: of the line.
            where: it stands.
            folder: what relative paths start at.
        """
        if options.no_index:
            self.no_index = self.no_index or where
        for each in options.find_links:
            if _is_address(each):
                self._extra.append(replace(self._index_line(each, where), flat=True))
                continue
            path, said = _folder(each, folder)
            self._folders.setdefault(path, FolderLine(path, said, where))
        if options.index_url:
            self._index = self._index_line(options.index_url, where)
        self._extra += [self._index_line(url, where) for url in options.extra_index_url]
        self._take_formats(options)
        self._take_releases(options)
        self.require_hashes |= options.require_hashes
        if not options.editable:
            self.notes += _behind_nothing(options, where)
        for host in options.trusted_host:
            self.notes.append(
                f"--trusted-host {host} ({where}) is not taken: certificates are always checked; "
                "name the server's CA with SSL_CERT_FILE or pip's `cert`"
            )

    def _index_line(self, url: str, where: str) -> IndexLine:
        if not url.startswith(_WEB):
            raise OptionProblem(
                f"an index that is no http or https address: {clean_url(url)[:60]}",
                "name a simple index (PEP 503) by its address",
            )
        if not names_a_server(url):
            raise OptionProblem(
                "an index address whose host or port is none", "write a `/` in a password as %2F"
            )
        address, login = split_login(url)
        if login is not None:
            self.notes.append(
                f"the login in {where} is used for {address} and written nowhere; "
                "netrc or UV_INDEX_NAME_USERNAME and _PASSWORD keep it out of the file"
            )
        return IndexLine(address, where, login)

    def _take_formats(self, options: LineOptions) -> None:
        for option, listed in (("--no-binary", options.no_binary), ("--only-binary", options.only_binary)):
            for name in (part.strip() for value in listed for part in value.split(",")):
                self._take_format(option == "--no-binary", name)

    def _take_releases(self, options: LineOptions) -> None:
        """`--pre` is `--all-releases :all:`; for single packages their specifier can say it (PEP 440)."""
        for name in (*options.all_releases, *options.only_final):
            if name not in (_ALL, _NONE):
                raise OptionProblem(
                    f"--all-releases or --only-final for {name[:40]} alone",
                    "write it into that requirement, as in NAME>=2.0rc1",
                )
        if _ALL in options.only_final:
            self._prereleases = False
        self._prereleases |= options.pre or _ALL in options.all_releases

    def _take_format(self, source: bool, name: str) -> None:
        if source and name == _ALL:
            raise OptionProblem("--no-binary :all:", "name the packages that are to be built from source")
        # As with pip, either ends what the lines before have listed.
        if name in (_ALL, _NONE):
            self._from_source.clear()
        elif source and name:
            self._from_source.add(canonicalize_name(name))
        else:
            self._from_source.discard(canonicalize_name(name))


def sha256_behind(options: LineOptions) -> tuple[str, ...]:
    """The SHA-256 hashes behind a requirement; OptionProblem for what cannot be held to there."""
    _demand_no_settings(options.config_settings, options.global_option)
    pairs = [each.partition(":") for each in options.hash]
    found = tuple(digest.lower() for kind, _, digest in pairs if kind == "sha256")
    if pairs and not found:
        raise OptionProblem("hashes, but no sha256 among them", "add sha256 hashes")
    if not all(_SHA256.fullmatch(digest) for digest in found):
        raise OptionProblem("a SHA-256 that is not 64 hexadecimal digits", "copy the whole digest")
    return found


def demand_editable_alone(options: LineOptions) -> None:
    """Raise OptionProblem for settings of a checkout's build, but for how it is made editable: it is not."""
    settings = [each for each in options.config_settings if not _EDITABLE_MODE.match(each)]
    _demand_no_settings(settings, options.global_option)


def _demand_no_settings(settings: Sequence[str], options: Sequence[str]) -> None:
    for option, value in (("--config-settings", settings), ("--global-option", options)):
        if value:
            raise OptionProblem(
                f"{option} behind a requirement",
                "leave it out, or build that wheel with it and name the wheel's path",
            )


def _behind_nothing(options: LineOptions, where: str) -> Iterator[str]:
    """A sentence for each kind of option that stands alone and belongs behind a requirement."""
    for option, value in (
        ("--hash", options.hash),
        ("--config-settings", options.config_settings),
        ("--global-option", options.global_option),
    ):
        if value:
            yield (
                f"{option} stands behind no requirement and holds for nothing ({where}): "
                "end the requirement's line with a \\ before it"
            )


def _is_address(said: str) -> bool:
    return "://" in said and not said.startswith("file:")


def _folder(said: str, base: Path | None) -> tuple[Path, str]:
    """The folder that --find-links names, absolute and as locks tell it.

    As with pip it may start at the file or where one stands.
    """
    path = path_of(said, "") if said.startswith("file:") else said
    candidates = [Path(os.path.normpath(start / path)) for start in (base, Path.cwd()) if start]
    found = next((each for each in candidates if each.is_dir()), None)
    if found is None:
        raise OptionProblem(
            f"--find-links {path[:80]}: there is no folder {candidates[0]}",
            "name the folder that holds the files; a profile can name it, too: "
            "`indexes: [{name: wheels, path: ./wheels}]`",
        )
    return found, found.name if path.startswith("/") else os.path.normpath(path)
