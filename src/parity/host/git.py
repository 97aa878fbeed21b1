"""Git repositories, fetched by this machine's own git: its keys and passwords stay on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from parity.errors import SourceUnavailable
from parity.host.processes import child_environment, run
from parity.model.network import clean_url

_PASSED = (
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CONFIG_HOME",
)
"""What git needs of the caller's environment to find credentials and certificates."""

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_DESCRIBED = re.compile(r"(?:.*[-_/])?v?(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?)-(\d+)-g([0-9a-f]+)")
_SUBMODULE = "160000 commit "
_DEEPEST = 20
_SCHEMES = ("https://", "http://", "ssh://", "git://", "file://")


class Submodule(NamedTuple):
    """A repository inside another one: its folder there, its address, and the commit that is pinned."""

    path: str
    url: str
    commit: str


class Git:
    """This machine's git with a cache of repositories."""

    def __init__(self, cache: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._cache = cache / "git"
        passed = {name: environ[name] for name in _PASSED if name in environ}
        self._environment = {**child_environment(environ), **passed, "GIT_TERMINAL_PROMPT": "0"}

    def resolve(self, url: str, revision: str) -> str:
        """The commit that a branch or tag names there now; an empty revision is the default branch.

        Raises:
            SourceUnavailable: there is none, or the repository does not answer.
        """
        if _COMMIT.fullmatch(revision):
            return revision
        name = revision or "HEAD"
        if name.startswith("-"):
            raise SourceUnavailable(f"{name!r} is no branch, tag or commit", where=clean_url(url))
        lines = self._git(url, ["ls-remote", _checked(url), name, f"refs/tags/{name}^{{}}"])
        found = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
        for ref in (f"refs/tags/{name}^{{}}", f"refs/tags/{name}", f"refs/heads/{name}", name):
            if _COMMIT.fullmatch(found.get(ref, "")):
                return found[ref]
        raise SourceUnavailable(f"there is no {name} in {clean_url(url)}", where=clean_url(url))

    @contextmanager
    def checkout(self, url: str, commit: str) -> Iterator[Path]:
        """The files of one commit and its submodules in a folder that is gone afterwards, without .git.

        Raises:
            SourceUnavailable: the commit, or that of a submodule, cannot be had.
        """
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix="checkout-", dir=self._cache) as folder:
            self._fill(Path(folder), url, commit)
            yield Path(folder)

    def _fill(self, folder: Path, url: str, commit: str, depth: int = 0) -> None:
        """Lay a commit's files out, and those of its submodules where they belong."""
        if not _COMMIT.fullmatch(commit):
            raise SourceUnavailable(f"{commit!r} is no full commit", where=clean_url(url))
        if depth > _DEEPEST:
            raise SourceUnavailable(f"{clean_url(url)} lies too deep in submodules", where=clean_url(url))
        repository = self._fetched(url, commit)
        # The commit's own attributes run nothing; hooks and filters of this machine are left out.
        where = [f"--git-dir={repository}", f"--work-tree={folder}"]
        self._git(url, [*where, "-c", "core.hooksPath=/dev/null", "checkout", "--force", commit, "--", "."])
        for each in self._submodules(folder, url, repository, commit):
            self._fill(folder / each.path, each.url, each.commit, depth + 1)

    def _submodules(self, folder: Path, url: str, repository: Path, commit: str) -> list[Submodule]:
        """Those that a commit pins and that git itself would fetch."""
        base = [f"--git-dir={repository}", "-c", "core.quotePath=false"]
        rows = [line.partition("\t") for line in self._git(url, [*base, "ls-tree", "-r", commit])]
        pinned = {path: words.split()[2] for words, _, path in rows if words.startswith(_SUBMODULE)}
        if not pinned:
            return []
        said = self._git(url, ["config", "--file", str(folder / ".gitmodules"), "--null", "--list"])
        return read_submodules(url, pinned, "\n".join(said))

    def described(self, folder: Path) -> str:
        """The version that the tags of the user's own checkout tell, as setuptools-scm guesses it.

        Empty where the folder is no checkout or has no tags.
        """
        return self._described(str(folder), ["-C", str(folder)], "HEAD")

    def described_commit(self, url: str, commit: str) -> str:
        """The same for a commit of a repository elsewhere, whose history is fetched for it."""
        base = [f"--git-dir={self._fetched(url, commit)}"]
        shallow = self._git(url, [*base, "rev-parse", "--is-shallow-repository"])
        more = ["--unshallow"] if shallow[-1:] == ["true"] else []
        refs = ["+refs/heads/*:refs/parity/heads/*", "+refs/tags/*:refs/tags/*"]
        self._git(
            url,
            [*base, "fetch", "--quiet", *more, "--force", "--no-recurse-submodules", _checked(url), *refs],
        )
        return self._described(url, base, commit)

    def _described(self, url: str, base: Sequence[str], commit: str) -> str:
        try:
            lines = self._git(url, [*base, "describe", "--tags", "--long", "--match", "*[0-9]*", commit])
        except SourceUnavailable:
            return ""
        return guessed_version(lines[-1] if lines else "")

    def _fetched(self, url: str, commit: str) -> Path:
        """A bare repository in the cache that has the commit."""
        repository = self._cache / hashlib.sha256(clean_url(url).encode()).hexdigest()[:32]
        if not (repository / "HEAD").exists():
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git(url, ["init", "--quiet", "--bare", str(repository)])
        base = [f"--git-dir={repository}"]
        if self._has(url, base, commit):
            return repository
        fetch = [*base, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules"]
        try:
            self._git(url, [*fetch, "--depth=1", _checked(url), commit])
        except SourceUnavailable:  # many servers give only what a name points to
            self._git(url, [*fetch, "--force", _checked(url), "+refs/*:refs/parity/*"])
        if not self._has(url, base, commit):
            raise SourceUnavailable(
                f"{clean_url(url)} does not have the commit {commit}", where=clean_url(url)
            )
        return repository

    def _has(self, url: str, base: Sequence[str], commit: str) -> bool:
        try:
            self._git(url, [*base, "cat-file", "-e", f"{commit}^{{commit}}"])
        except SourceUnavailable:
            return False
        return True

    def _git(self, url: str, arguments: Sequence[str]) -> list[str]:
        """Run git; its lines, or SourceUnavailable with what it said, free of credentials."""
        lines: list[str] = []
        try:
            code = run(["git", *arguments], self._environment, on_line=lines.append)
        except OSError as error:
            raise SourceUnavailable(
                "this machine has no git", remedy="install git; it fetches with your own credentials"
            ) from error
        if code == 0:
            return lines
        said = tuple(line.replace(url, clean_url(url)) for line in lines if line.strip())
        reason = next((line for line in reversed(said) if line.startswith(("fatal", "error"))), "git failed")
        raise SourceUnavailable(
            f"{clean_url(url)} cannot be fetched: {reason}", where=clean_url(url), details=said[-12:]
        )


def _checked(url: str) -> str:
    """The address, unless git would take it for an option or a helper's command."""
    if url.startswith(_SCHEMES) or re.fullmatch(r"\w[\w.-]*@[\w.-]+:[^:]+", url):
        return url
    raise SourceUnavailable(f"{clean_url(url)} is no address of a git repository", where=clean_url(url))


def read_submodules(url: str, pinned: Mapping[str, str], settings: str) -> list[Submodule]:
    """What a commit's submodules are; see gitmodules(5).

    Args:
        url: of the repository that has them.
        pinned: path → commit, from the commit's tree.
        settings: what `git config --file .gitmodules --null --list` says.

    Raises:
        SourceUnavailable: one has no address, or one that leads from a server to this machine's own files.
    """
    said: dict[str, dict[str, str]] = {}
    for entry in filter(None, settings.split("\0")):
        key, _, value = entry.partition("\n")
        section, _, name = key.rpartition(".")
        said.setdefault(section, {})[name] = value
    by_path = {each.get("path", ""): each for each in said.values()}
    found = []
    for path, commit in sorted(pinned.items()):
        told = by_path.get(path, {})
        if told.get("update") == "none":
            continue
        address = _joined(url, told.get("url", ""))
        if not told.get("url") or (address.startswith("file:") and not url.startswith("file:")):
            raise SourceUnavailable(
                f"the submodule {path} of {clean_url(url)} has no address that can be fetched",
                where=clean_url(url),
                remedy="depend on a wheel or a source archive of that package instead",
            )
        found.append(Submodule(path, address, commit))
    return found


def _joined(url: str, address: str) -> str:
    """A submodule's address; `./` and `../` are relative to that of the repository it is in."""
    if not address.startswith(("./", "../")):
        return address
    base, between = url.rstrip("/"), "/"
    while address.startswith(("./", "../")):
        word, _, address = address.partition("/")
        if word == "..":
            cut = max(base.rfind("/"), base.rfind(":"))  # git@host:name has no slash
            base, between = base[:cut], base[cut:][:1]
    return base + between + address


def guessed_version(described: str) -> str:
    """What `git describe --tags --long` says, as a version (PEP 440); empty where no tag is one.

    After a tag comes the next number's development release, as setuptools-scm's default scheme has it.
    """
    match = _DESCRIBED.fullmatch(described)
    if match is None:
        return ""
    release, distance, commit = match.groups()
    if distance == "0":
        return release
    upcoming = re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), release)
    return f"{upcoming}.dev{distance}+g{commit}"
