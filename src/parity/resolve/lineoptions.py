"""The options of a requirements file's line, split as pip splits them.

Source: pip's documentation, "Requirements File Format"; `pip._internal.req.req_file` does it so.
"""

from __future__ import annotations

import optparse
import shlex
from dataclasses import dataclass
from typing import Any, NoReturn

_LISTS = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-f": "--find-links",
    "-C": "--config-settings",
}
_NAMED_LISTS = (
    "--extra-index-url",
    "--no-binary",
    "--only-binary",
    "--trusted-host",
    "--use-feature",
    "--all-releases",
    "--only-final",
    "--hash",
    "--global-option",
)
_SWITCHES = ("--no-index", "--pre", "--prefer-binary", "--require-hashes", "--no-require-hashes")


@dataclass(frozen=True)
class LineOptions:
    """What stands behind a requirement, or on a line of its own; texts as they were written."""

    requirement: tuple[str, ...] = ()
    constraint: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    config_settings: tuple[str, ...] = ()
    extra_index_url: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    only_binary: tuple[str, ...] = ()
    trusted_host: tuple[str, ...] = ()
    use_feature: tuple[str, ...] = ()
    all_releases: tuple[str, ...] = ()
    only_final: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    global_option: tuple[str, ...] = ()
    index_url: str = ""
    no_index: bool = False
    pre: bool = False
    prefer_binary: bool = False
    require_hashes: bool = False
    no_require_hashes: bool = False


def split_line(line: str) -> tuple[str, LineOptions]:
    """A logical line as its requirement (empty where there is none) and its options.

    Raises:
        ValueError: an option that no requirements file can have, or a quote that does not end.
    """
    tokens = line.split(" ")
    begin = next((at for at, token in enumerate(tokens) if token.startswith("-")), len(tokens))
    text, rest = " ".join(tokens[:begin]).strip(), " ".join(tokens[begin:])
    try:
        words = shlex.split(rest)
    except ValueError as error:
        raise ValueError(f"its quotes cannot be read ({error})") from error
    found, left = _parser().parse_args(words)
    if left:
        raise ValueError(f"more than one requirement on a line: {left[0]}")
    given = {name: value for name, value in vars(found).items() if value is not None}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return text, LineOptions(**values)


def _key(option: str) -> str:
    return option.lstrip("-").replace("-", "_")


class _Parser(optparse.OptionParser):
    def error(self, msg: str) -> NoReturn:
        raise ValueError(msg)


def _parser() -> _Parser:
    parser = _Parser(add_help_option=False, usage=optparse.SUPPRESS_USAGE)
    for short, option in _LISTS.items():
        parser.add_option(short, option, action="append", dest=_key(option))
    for option in _NAMED_LISTS:
        parser.add_option(option, action="append", dest=_key(option))
    for option in _SWITCHES:
        parser.add_option(option, action="store_true", dest=_key(option))
    parser.add_option("-i", "--index-url", "--pypi-url", dest="index_url")
    return parser
