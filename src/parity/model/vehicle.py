"""What a build writes, and the words that images and environments take: from a profile or a command line."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import NamedTuple

# As the engines spell references. No upper case: they refuse it, and only when the image is loaded.
_PATH = r"[a-z0-9]+([._-][a-z0-9]+)*"
# `sha256:…` alone is a digest to them: they load it, and give it no name.
_TAGGED = (
    rf"(?!sha256:)({_PATH}(:[0-9]{{1,5}})?/)?{_PATH}(/{_PATH}){{0,8}}:[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}"
)
# Engines mount files of their own over these in every container.
_PLACE = r"(?!/etc/(hostname|hosts|resolv\.conf)(/|$))(/[A-Za-z0-9][A-Za-z0-9._+-]{0,63}){1,8}"


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    what: str
    instead: str


# What is allowed: these become words of commands, and parts of documents that engines read.
_RULES = {
    "prefix": _Rule(
        # No part begins with a dot or a dash: so there is no `..`, and no part is an option of a command. Nor
        # is there a blank, which no first line (#!) of a script may have.
        # The kernel's file systems are mounted over whatever an image or a disk holds there.
        re.compile(rf"(?!/(dev|proc|sys)(/|$)){_PLACE}"),
        "an environment's place",
        "name an absolute path of letters, digits and . _ + -, such as /opt/app; none in /dev, /proc, /sys,"
        " and no file that engines bring (/etc/hosts)",
    ),
    "image-prefix": _Rule(
        # podman's own `--read-only` mounts all of these; docker's and a cluster's users mount some.
        re.compile(rf"(?!/(dev|proc|run|sys|tmp|var/tmp)(/|$)){_PLACE}"),
        "an environment's place in an image",
        "name a path such as /opt/app: a read-only container gets /run, /tmp and /var/tmp of its own,"
        " which would hide it",
    ),
    "name": _Rule(re.compile(_TAGGED), "an image's name", "name one with its tag: site/app:1.0"),
    "user": _Rule(
        # Numbers alone, since a base has no name for them; the group may be root's, which gives no rights.
        re.compile(r"[1-9][0-9]{0,4}:[0-9]{1,5}"),
        "the image's user",
        "name numbers, UID:GID, and not root's",
    ),
    "base-on-site": _Rule(
        # A tag may move on the site; its digest says which layers may be left out.
        re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,400}@sha256:[0-9a-f]{64}"),
        "a reference by digest",
        "name REFERENCE@sha256:DIGEST",
    ),
}


class WordFault(NamedTuple):
    """Why a word will not do, as it follows the word; and what to write instead."""

    message: str
    remedy: str


@dataclass(frozen=True)
class VehiclePlan:
    """What a proved set is written as.

    Attributes:
        form: `bundle`, `image` or `environment`; a name of `parity.pack.VEHICLES`.
        prefix: where the environment lies; below /opt by the product's name if empty.
        name: the reference that an image gets where it is loaded; of product and version if empty.
        user: who runs in an image, `uid:gid`; nobody if empty.
        entrypoint: what an image runs; its Python if empty.
        base_on_site: the reference by digest of the base whose layers are left out; empty to carry them.
        with_python: whether an environment carries an interpreter.
    """

    form: str = "bundle"
    prefix: str = ""
    name: str = ""
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    base_on_site: str = ""
    with_python: bool = False


def entry_words(line: str) -> tuple[str, ...]:
    """What an image runs, out of words as a shell has them.

    Raises:
        ValueError: a quote is not closed, no program is named, or a word is none that a document can hold.
    """
    # NUL ends an argument (execve(2)); what is no UTF-8 would be other bytes in the image's configuration.
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in line):
        raise ValueError("it holds bytes that are no text")
    words = tuple(shlex.split(line))
    if not words or not words[0]:
        raise ValueError("it names no program")
    return words


def word_fault(key: str, text: str) -> WordFault | None:
    """What is wrong with a word of an export.

    Args:
        key: `prefix`, `image-prefix`, `name`, `user` or `base-on-site`.
        text: the word.
    """
    rule = _RULES[key]
    if rule.pattern.fullmatch(text):
        return None
    return WordFault(f"cannot be {rule.what}", rule.instead)
