"""Git repositories, fetched by this machine's own git: its keys and passwords stay on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from parity.errors import HostileSource, SourceUnavailable, WriteFailed
from parity.host.gitaddress import check_revision, checked, read_submodules, server_of
from parity.host.gitrun import USUAL, GitBounds, GitRunner
from parity.host.gittree import Budget, Tree, read_settings, read_tree, refused, write_files
from parity.model.network import clean_url
from parity.portable.texts import counted
from parity.portable.treepaths import FOLDER, Entry, Refused, check_tree

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
# A tag may begin with a name (`release-1.2`, `pkg/v1.2`); then git's `-COMMITS-gCOMMIT`.
_DESCRIBED = re.compile(r"(?:.*[-_/])?v?(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?)-(\d+)-g([0-9a-f]+)")
_SHORT = re.compile(r"[0-9a-f]{7,39}")
_SHA256 = 64  # hexadecimal digits of a commit where git names its objects by SHA-256
_LONGEST_TAG = 200
# Submodules in one another, which can name each other in a circle.
_DEEPEST = 20
_FEW = 5


class _Checkout(NamedTuple):
    """A repository of a checkout: the folder that it fills, its address, our copy, and its tree."""

    folder: str
    url: str
    repository: Path
    tree: Tree


class Git:
    """This machine's git with a cache of repositories.

    Args:
        cache: the folder that holds it.
        environ: the caller's environment, see `GitRunner`.
        warn: hears, in a sentence, what a user must know of a checkout.
        bounds: see `GitRunner`.
    """

    def __init__(
        self,
        cache: Path,
        environ: Mapping[str, str] = os.environ,
        warn: Callable[[str], None] = lambda _: None,
        bounds: GitBounds = USUAL,
    ) -> None:
        self._cache = cache / "git"
        self._git = GitRunner(environ, bounds)
        self._warn = warn

    def resolve(self, url: str, revision: str) -> str:
        """The commit that a branch or tag names there now; an empty revision is the default branch.

        Raises:
            SourceUnavailable: there is none, or the repository does not answer.
        """
        if _COMMIT.fullmatch(revision):
            return revision
        name = revision or "HEAD"
        check_revision(url, name)
        lines = self._git.list_remote(url, ["--", checked(url), name, f"refs/tags/{name}^{{}}"])
        found = {ref: commit for commit, _, ref in (line.partition("\t") for line in lines)}
        # `^{}` is the commit that an annotated tag points to; tags before branches
        # (gitrevisions(7)).
        for ref in (f"refs/tags/{name}^{{}}", f"refs/tags/{name}", f"refs/heads/{name}", name):
            if _COMMIT.fullmatch(found.get(ref, "")):
                return found[ref]
        full = self._lengthened(url, name) if _SHORT.fullmatch(name) else ""
        if full:
            return full
        raise SourceUnavailable(f"there is no {name} in {clean_url(url)}", where=clean_url(url))

    def _lengthened(self, url: str, short: str) -> str:
        """The commit that the first digits name, for which all history is fetched; empty for none."""
        heads = self._git.list_remote(url, ["--", checked(url), "HEAD"])
        tip = heads[0].partition("\t")[0] if heads else ""
        if not _COMMIT.fullmatch(tip):
            return ""
        repository = self._with_history(url, tip)
        base = [f"--git-dir={repository}"]
        try:
            lines = self._git.local(url, [*base, "rev-parse", "--verify", "--quiet", f"{short}^{{commit}}"])
        except SourceUnavailable:
            return ""
        return lines[-1] if lines and _COMMIT.fullmatch(lines[-1]) else ""

    @contextmanager
    def checkout(self, url: str, commit: str) -> Iterator[Path]:
        """The files of one commit and its submodules in a folder that is gone afterwards, without .git.

        They are the repository's own bytes: no filter and no conversion of line ends has touched them.

        Raises:
            SourceUnavailable: the commit, or that of a submodule, cannot be had.
            HostileSource: it holds names, links or sizes that no checkout may have.
            WriteFailed: the disk does not let us.
        """
        self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        parts = list(self._parts(url, url, commit, "", Budget(), 0))
        _check_together(url, parts)
        with tempfile.TemporaryDirectory(prefix="checkout-", dir=self._cache) as folder:
            for part in parts:
                self._write(part, Path(folder, part.folder))
            yield Path(folder)

    def _write(self, part: _Checkout, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            pointers = write_files(self._git, part.url, part.repository, folder, part.tree.files)
        except OSError as error:
            what = f"the files of {clean_url(part.url)} cannot be written: {error.strerror}"
            raise WriteFailed(what, where=str(self._cache)) from error
        if pointers:
            names = ", ".join(map(repr, pointers[:_FEW])) + ("…" if len(pointers) > _FEW else "")
            self._warn(
                f"{clean_url(part.url)} keeps {counted(len(pointers), 'file')} in Git LFS, not fetched: "
                f"what is built has the pointers alone: {names}"
            )

    def _parts(
        self, asked: str, url: str, commit: str, folder: str, budget: Budget, depth: int
    ) -> Iterator[_Checkout]:
        """A commit, and those of its submodules where they belong; nothing of them is written.

        `asked` is the address that the user, or a requirement, named; `url` may be a submodule's.
        """
        where = clean_url(url)
        # A branch's name here would fetch whatever it names today.
        if not _COMMIT.fullmatch(commit):
            raise SourceUnavailable(f"{commit!r} is no full commit", where=where)
        budget.repositories -= 1
        if depth > _DEEPEST or budget.repositories < 0:
            raise HostileSource(f"{where} lies too deep in submodules, or has too many", where=where)
        repository = self._fetched(url, commit, foreign=server_of(url) != server_of(asked))
        tree = read_tree(self._git, url, repository, commit, budget)
        yield _Checkout(folder, url, repository, tree)
        if tree.gitlinks:
            settings = read_settings(self._git, url, repository, tree.modules)
            for each in read_submodules(url, tree.gitlinks, settings):
                path = f"{folder}/{each.path}" if folder else each.path
                yield from self._parts(asked, each.url, each.commit, path, budget, depth + 1)

    def described(self, folder: Path) -> str:
        """The version that the tags of the user's own checkout tell, as setuptools-scm guesses it.

        Empty where the folder is no checkout or has no tags.
        """
        try:
            lines = self._git.describe(folder, _describing("HEAD"))
        except SourceUnavailable as error:
            # Without git, without a checkout, without tags: nothing to tell. These two need an act.
            if "dubious ownership" in error.message:
                self._warn(
                    f"the version in the git tags of {folder} is not read: it belongs to another user; "
                    f"build as that user, or run `git config --global --add safe.directory {folder}`"
                )
            elif isinstance(error.__cause__, TimeoutError):
                self._warn(f"the version in the git tags of {folder} is not known: {error.message}")
            return ""
        return _version(lines)

    def described_commit(self, url: str, commit: str) -> str:
        """The same for a commit of a repository elsewhere, whose history is fetched for it.

        Raises:
            SourceUnavailable, HostileSource: as for `checkout`.
        """
        repository = self._with_history(url, commit)
        try:
            return _version(self._git.local(url, [f"--git-dir={repository}", *_describing(commit)]))
        except SourceUnavailable:
            return ""

    def _with_history(self, url: str, commit: str) -> Path:
        """Our copy, with all that branches and tags lead to."""
        repository = self._fetched(url, commit)
        shallow = self._git.local(url, [f"--git-dir={repository}", "rev-parse", "--is-shallow-repository"])
        more = ["--unshallow"] if shallow[-1:] == ["true"] else []
        refs = ["+refs/heads/*:refs/parity/heads/*", "+refs/tags/*:refs/tags/*"]
        self._git.fetch(url, repository, [*more, "--force", "--", checked(url), *refs])
        return repository

    def _fetched(self, url: str, commit: str, *, foreign: bool = False) -> Path:
        """A bare repository in the cache that has the commit."""
        checked(url)
        repository = self._copy(url)
        if not (repository / "HEAD").exists():
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            # `--template=`: none, so that the user's hooks and settings do not get into our copy.
            kind = ["--object-format=sha256"] if len(commit) == _SHA256 else []
            self._git.local(url, ["init", "--quiet", "--bare", "--template=", *kind, str(repository)])
        if self._has(url, repository, commit):
            return repository
        try:
            self._git.fetch(url, repository, ["--no-tags", "--depth=1", "--", url, commit], foreign=foreign)
        except SourceUnavailable:  # many servers give only what a name points to
            everything = ["--no-tags", "--force", "--", url, "+refs/*:refs/parity/*"]
            self._git.fetch(url, repository, everything, foreign=foreign)
        if not self._has(url, repository, commit):
            raise SourceUnavailable(
                f"{clean_url(url)} does not have the commit {commit}", where=clean_url(url)
            )
        return repository

    def _copy(self, url: str) -> Path:
        # Without credentials in it: the address of a repository is its name, whoever fetches.
        return self._cache / hashlib.sha256(clean_url(url).encode()).hexdigest()[:32]

    def _has(self, url: str, repository: Path, commit: str) -> bool:
        try:
            self._git.local(url, [f"--git-dir={repository}", "cat-file", "-e", f"{commit}^{{commit}}"])
        except SourceUnavailable:
            return False
        return True


def _describing(commit: str) -> list[str]:
    return ["describe", "--tags", "--long", "--match", "*[0-9]*", commit]


def _version(lines: Sequence[str]) -> str:
    """The version that git's description gives; empty for none."""
    described = lines[-1] if lines else ""
    return guessed_version(described) if len(described) < _LONGEST_TAG else ""


def _check_together(url: str, parts: Sequence[_Checkout]) -> None:
    """Demand that all repositories of a checkout fit into one folder: none lies in a link of another."""
    entries = []
    for part in parts:
        place = f"{part.folder}/" if part.folder else ""
        entries += [each.entry._replace(path=place + each.entry.path) for each in part.tree.files]
        if place:  # its folder is a folder even if it is empty
            entries.append(Entry(part.folder, FOLDER))
    try:
        check_tree(entries)
    except Refused as error:
        raise refused(url, error) from error


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
    # 1.2 and three commits is 1.3.dev3: newer than 1.2, older than the release to come.
    upcoming = re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), release)
    return f"{upcoming}.dev{distance}+g{commit}"
