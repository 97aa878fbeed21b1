"""Bundler's Gemfile.lock as a plan: its gems, in its versions and platforms. The Gemfile does not run.

A Gemfile is a program in Ruby; its lock is text, and says all that is wanted here: the gems, their sources,
which were asked for, and their checksums, if bundler wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.errors import InputFileError
from parity.files import read_small
from parity.model import GemsPlan
from parity.portable.ruby.names import full_name, is_word

# Bundler's own columns: four blanks before a gem, six before what a gem needs, which is passed over.
_SPEC = re.compile(r"    (\S+) \(([^()\s]+)\)")
_REMOTE = re.compile(r"  remote: (https?://[^\s@]+)")
_DEPENDENCY = re.compile(r"  ([^\s!()]+)(?: \([^()]*\))?!?")
_CHECKSUM = re.compile(r"  (\S+) \(([^()\s]+)\)(?: sha256=([0-9a-f]{64}))?(?:,\S+)*")
_PASSED_OVER = ("PLATFORMS", "RUBY VERSION", "BUNDLED WITH")
# Code of a repository or a folder: no source serves it as a gem, and no digest holds it.
_ELSEWHERE = ("GIT", "PATH", "PLUGIN SOURCE")
# As many as the resolver's own bound.
_MOST = 2000


@dataclass
class _LockRead:
    """What was read so far; `specs` are [name, version, platform], `block` this part's sources."""

    remotes: list[str] = field(default_factory=list)
    specs: list[tuple[str, str, str]] = field(default_factory=list)
    direct: list[str] = field(default_factory=list)
    checksums: dict[str, str] = field(default_factory=dict)
    bound: dict[str, list[str]] = field(default_factory=dict)
    block: list[str] = field(default_factory=list)


def with_gemfile(plan: GemsPlan) -> GemsPlan:
    """The plan with what its Gemfile's lock says, itself where it has none.

    The profile's own sources count in the place of the lock's.

    Raises:
        InputFileError: there is no lock, or it has what cannot be carried; tells the line.
    """
    # The lock alone: a Gemfile may do anything, and bundler has run it when it wrote the lock.
    path = plan.gemfile_lock
    if path is None:
        return plan
    try:
        text = read_small(path).decode("utf-8")
    except OSError as error:
        raise InputFileError(
            f"the Gemfile's lock cannot be read: {error.strerror}",
            where=str(path),
            remedy="make one: `bundle lock`, wherever bundler is; it is what decides about versions",
        ) from error
    except UnicodeDecodeError as error:
        raise _refused(path, 0, "it is no UTF-8 text") from error
    found = _read(path, text)
    platforms: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    for name, version, platform in found.specs:
        # One gem may be locked for several platforms: which file suits, the target's Ruby says.
        platforms.setdefault(name, []).append(platform)
        versions[name] = version
    return replace(
        plan,
        wanted=tuple(sorted((name, (f"= {version}",)) for name, version in versions.items())),
        sources=plan.sources or tuple(dict.fromkeys(found.remotes)),
        direct=tuple(found.direct),
        platforms=tuple(sorted((name, tuple(each)) for name, each in platforms.items())),
        # The profile's sources are mirrors of all of them.
        bound=()
        if plan.sources
        else tuple(sorted((name, tuple(each)) for name, each in found.bound.items())),
        checksums=tuple(sorted(found.checksums.items())),
    )


def _read(path: Path, text: str) -> _LockRead:
    found, section = _LockRead(), ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if not line.startswith(" "):
            # Each GEM part has its own sources, and what stands below them comes from nowhere else.
            section, found.block = line, []
            if section in _ELSEWHERE:
                raise _refused(
                    path, number, f"it has gems from a {section} source, and only sources' are carried"
                )
            # An unknown part could change what the rest means: bundler adds parts with new versions.
            if section not in ("GEM", "DEPENDENCIES", "CHECKSUMS", *_PASSED_OVER):
                raise _refused(path, number, f"{section[:60]!a} is no part of it that is known")
        elif section == "GEM":
            _gem(found, path, number, line)
        elif section == "DEPENDENCIES":
            found.direct += _words(path, number, _DEPENDENCY.fullmatch(line), 1)
        elif section == "CHECKSUMS":
            _checksum(found, path, number, line)
    if not found.specs or not found.remotes:
        raise _refused(path, 0, "it names no gem, or no source")
    _demand_one_version(found, path)
    return found


def _gem(found: _LockRead, path: Path, number: int, line: str) -> None:
    """A line of the GEM section: a source, a gem, or what a gem needs, which the source says again."""
    # Six blanks: what a gem needs. Bundler repeats each such gem with four, in the version that it took.
    if line.startswith("      ") or line == "  specs:":
        return
    if line.startswith("  remote: "):
        match = _REMOTE.fullmatch(line)
        if match is None:
            raise _refused(path, number, "a source must be an http or https address without user or password")
        found.block.append(match[1].rstrip("/") + "/")
        found.remotes.append(found.block[-1])
        return
    name, number_and_platform = _words(path, number, _SPEC.fullmatch(line), 1, 2)
    version, _, platform = number_and_platform.partition("-")
    found.specs.append((name, version, platform or "ruby"))
    # By the block, against a name that a second source offers, too (dependency confusion).
    found.bound[name] = found.block
    if len(found.specs) > _MOST:
        raise _refused(path, number, f"it names more than {_MOST} gems")


def _checksum(found: _LockRead, path: Path, number: int, line: str) -> None:
    match = _CHECKSUM.fullmatch(line)
    name, number_and_platform = _words(path, number, match, 1, 2)
    # Bundler leaves the digest out where it has not seen the file yet.
    if match and match[3]:
        version, _, platform = number_and_platform.partition("-")
        found.checksums[full_name(name, version, platform or "ruby") + ".gem"] = match[3]


def _words(path: Path, number: int, match: re.Match[str] | None, *groups: int) -> Iterator[str]:
    """These parts of a line, each a word that gems may be called."""
    for group in groups:
        if match is None or not is_word(match[group]):
            raise _refused(path, number, "this line is none that bundler writes")
        yield match[group]


def _demand_one_version(found: _LockRead, path: Path) -> None:
    versions: dict[str, str] = {}
    for name, version, _ in found.specs:
        if versions.setdefault(name, version) != version:
            raise _refused(
                path, 0, f"{name} is there in two versions, by platform: {versions[name]}, {version}"
            )


def _refused(path: Path, number: int, why: str) -> InputFileError:
    return InputFileError(
        f"this lock of bundler's cannot be carried: {why}",
        where=f"{path}:{number}" if number else str(path),
        remedy="lock gems of sources alone (`bundle lock`), or name them under gems.list; credentials of a "
        "source come from BUNDLE_<HOST>",
    )
