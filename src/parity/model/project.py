"""A project as a value: what of it is to be installed, and where its packages come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from parity.model.network import clean_url

LockKind = Literal["auto", "uv.lock", "pylock.toml", "none"]
OriginKind = Literal["git", "url", "path", "sdist"]


@dataclass(frozen=True)
class ProjectPlan:
    """What the profile says of a project.

    Attributes:
        folder: the one that holds pyproject.toml; absolute.
        extras: optional dependencies to take along.
        groups: dependency groups to take along, and no others; None for the project's own default.
        package: of a workspace, the one to carry; empty for all of them.
        script: the name of a file in the folder that is all of the project (PEP 723); empty for none.
        lock: which lock decides; `auto` for uv.lock, else pylock.toml, else none.
        only_dependencies: whether only what the project requires is carried, without itself.
    """

    folder: Path
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None
    lock: LockKind = "auto"
    package: str = ""
    script: str = ""
    only_dependencies: bool = False


_CONDA = "conda's packages cannot be carried: {packages}"
FOREIGN_LOCKS = {
    "poetry.lock": "`poetry export -o requirements.txt`, then {list}",
    "pdm.lock": "`pdm export --format pylock -o pylock.toml` beside it, which is then what counts",
    "Pipfile.lock": "`pipenv requirements --hash > requirements.txt`, then {list}",
    "Pipfile": "`pipenv requirements > requirements.txt`, then {list}",
    "conda-lock.yml": _CONDA,
    "environment.yml": _CONDA,
    "environment.yaml": _CONDA,
    "pixi.toml": _CONDA,
    "pixi.lock": _CONDA,
}
"""What other tools pin with, and what to do: they write requirements files or `pylock.toml` (PEP 751)."""
_PROFILE = {"list": "name it under install.files", "packages": "name those of pip under install.requirements"}
_LINE = {"list": "give it with -r", "packages": "give the packages of pip by name"}
_FORMS = {
    "profile": _PROFILE,
    "line": _LINE,
    "both": {key: f"{_LINE[key]}, or {_PROFILE[key]}" for key in _LINE},
}
LOCKS_OF_PROJECTS = ("poetry.lock", "pdm.lock")
"""Those of them that pin what the pyproject.toml beside them requires."""


def foreign_lock_remedy(name: str, asked_in: Literal["profile", "line", "both"]) -> str:
    """What to do with another tool's file, one of `FOREIGN_LOCKS`.

    Args:
        name: of the file.
        asked_in: what the user writes: a profile, the command's line, or whichever they like.
    """
    return FOREIGN_LOCKS[name].format(**_FORMS[asked_in])


def told_address(kind: OriginKind, address: str) -> str:
    """A source's address as locks and bundles tell it, without credentials and without one machine's folders.

    A path is relative to the project. An absolute one, which leads out of it, and that of a repository of
    this machine are told by their last name alone.
    """
    if kind == "path":
        return PurePosixPath(address).name if address.startswith("/") else address
    plain = clean_url(address)
    return f"file:{PurePosixPath(plain).name}" if plain.startswith(("file:", "/")) else plain


@dataclass(frozen=True)
class Origin:
    """Where a wheel that was built here comes from; holds no credentials and no path of this machine.

    Attributes:
        kind: `git`, `url` (an archive), `path` (a folder or archive of the user's) or `sdist` (a source
            distribution of an index).
        address: of the repository, archive or path, as `told_address` tells it.
        commit: for git, 40 or 64 hexadecimal digits; else empty.
        revision: for git, the branch or tag that was asked for; empty for none, or where a lock decided.
        sha256: of the archive, or of the tree's canonical tar (see `parity.project.tree`).
        subdirectory: the package's folder inside the source, empty for its root.
    """

    kind: OriginKind
    address: str
    commit: str = ""
    sha256: str = ""
    subdirectory: str = ""
    revision: str = ""

    def document(self) -> dict[str, str]:
        """As it is written into locks and into the bundle; empty values left out."""
        found = {
            "kind": self.kind,
            "address": self.address,
            "commit": self.commit,
            "sha256": self.sha256,
            "subdirectory": self.subdirectory,
            "revision": self.revision,
        }
        return {key: value for key, value in found.items() if value}

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Origin:
        """The inverse of `document`.

        Raises:
            ValueError: it is none.
        """
        texts = {key: value for key, value in document.items() if isinstance(value, str)}
        known = {"kind", "address", "commit", "sha256", "subdirectory", "revision"}
        kind = texts.get("kind")
        if texts != dict(document) or not known.issuperset(texts) or "address" not in texts:
            raise ValueError(
                "an origin has kind and address, and maybe commit, sha256, subdirectory, revision"
            )
        if kind not in ("git", "url", "path", "sdist"):
            raise ValueError(f"{kind!r} is no kind of origin")
        rest = {key: value for key, value in texts.items() if key not in ("kind", "address")}
        return cls(kind, texts["address"], **rest)  # type: ignore[arg-type]


@dataclass(frozen=True)
class SourcePackage:
    """A package of a lock that has no wheel on an index and is built.

    Attributes:
        name: normalised (PEP 503).
        version: as locked; empty where only the build tells.
        kind: where its source is.
        address: as the lock says it, possibly with credentials: for this machine's git alone. A path starts
            at the project's folder; it is absolute where it was said so and leads elsewhere.
        commit: for git, what the lock pins; empty where a revision is to be asked for.
        revision: for git without a lock, the branch, tag or commit; empty for the default branch.
        sha256: the archive's, empty for others.
        subdirectory: the package's folder inside the source.
        requested: whether the user's own project asks for it by name.
        index: where a source distribution comes from; empty for others.
        path: of one in a folder of wheels, as locks tell it.
    """

    name: str
    version: str
    kind: OriginKind
    address: str
    commit: str = ""
    revision: str = ""
    sha256: str = ""
    subdirectory: str = ""
    requested: bool = False
    index: str = ""
    path: str = ""
