"""Git repositories, fetched by this machine's own git: its keys and passwords stay on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

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
_SCHEMES = ("https://", "http://", "ssh://", "git://", "file://")


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
        """The files of one commit in a folder that is gone afterwards, without .git.

        Raises:
            SourceUnavailable: the commit cannot be had, or it needs submodules.
        """
        if not _COMMIT.fullmatch(commit):
            raise SourceUnavailable(f"{commit!r} is no full commit", where=clean_url(url))
        repository = self._fetched(url, commit)
        with tempfile.TemporaryDirectory(prefix="checkout-", dir=self._cache) as folder:
            # The commit's own attributes run nothing; hooks and filters of this machine are left out.
            where = [f"--git-dir={repository}", f"--work-tree={folder}"]
            self._git(
                url, [*where, "-c", "core.hooksPath=/dev/null", "checkout", "--force", commit, "--", "."]
            )
            if (Path(folder) / ".gitmodules").exists():
                raise SourceUnavailable(
                    f"{clean_url(url)} has submodules, which cannot be carried",
                    where=clean_url(url),
                    remedy="depend on a wheel or a source archive of that package instead",
                )
            yield Path(folder)

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
