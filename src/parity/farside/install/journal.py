"""The prefix's record: one JSON line for each act, only ever appended to. Python 3.6 and later.

An act is {"act": "install" | "rollback" | "prune" | "uninstall", "at": UTC time, "uid", "release": id,
"previous": id or None, "product", "version", "serial", "payload_sha256", "signers", "overrides": [...]};
what is unknown is None. It is written before `current` changes hands: what was installed once is never
forgotten, even if its release is pruned.
"""

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, NamedTuple, Optional, cast

from ...portable.bundle.envelope import Statement
from ...portable.errors import OlderBundle
from ...portable.plainfile import parse_json, read_whole

if TYPE_CHECKING:
    from ...portable.documents.installations import ActDocument

INSTALL, ROLLBACK, PRUNE, UNINSTALL = "install", "rollback", "prune", "uninstall"
# 64 MiB: some 100,000 acts.
_LIMIT = 1 << 26


class Highest(NamedTuple):
    """The highest serial that was ever installed of a product, and its payload's digest."""

    serial: int
    payload_sha256: str


def now() -> str:
    """This host's clock, for people: no decision rests on it."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")


def append(descriptor: int, act: "ActDocument") -> None:
    """Add an act to the record, and bring it to the disk.

    Args:
        descriptor: of the record, open for reading and writing; its lock is held.
        act: what was done.

    Raises:
        OSError: it cannot be written; half a line is passed over by `read`.
    """
    line = json.dumps(act, sort_keys=True).encode("ascii") + b"\n"
    end = os.lseek(descriptor, 0, os.SEEK_END)
    if end and os.pread(descriptor, 1, end - 1) != b"\n":  # a power cut tore the line before
        # The torn line stays, is passed over when read, and does not swallow this one.
        line = b"\n" + line
    while line:
        line = line[os.write(descriptor, line) :]
    os.fsync(descriptor)


def read(path: str) -> "List[ActDocument]":
    """All acts, the oldest first; none where there is no record. Torn lines are passed over.

    Raises:
        OSError: it is no plain file of ours, or larger than any record is.
    """
    try:
        lines = read_whole(path, _LIMIT, follow=False).splitlines()
    except FileNotFoundError:
        return []
    return [act for act in map(_parse, lines) if act is not None]


def _parse(line: bytes) -> "Optional[ActDocument]":
    try:
        act = parse_json(line)
    except ValueError:
        return None
    good = isinstance(act, dict) and isinstance(act.get("act"), str) and _has_words(act)
    return cast("ActDocument", act) if good else None


def _has_words(act: Mapping[str, object]) -> bool:
    words = (act.get(key) for key in ("at", "release", "previous"))
    return all(word is None or isinstance(word, str) for word in words)


def highest(records: Iterable[Mapping[str, object]]) -> Dict[str, Highest]:
    """The highest serial of each product among acts or receipts' words; the last one of equals."""
    found: Dict[str, Highest] = {}
    for each in records:
        product, serial = each.get("product"), each.get("serial")
        if not isinstance(product, str) or type(serial) is not int:  # true and false are of int, too
            continue
        if product not in found or serial >= found[product].serial:
            found[product] = Highest(serial, str(each.get("payload_sha256")))
    return found


def check_serial(
    statement: Optional[Statement], known: Mapping[str, Highest], current: Optional[str], allow_older: bool
) -> List[str]:
    """Refuse to go back to an older signed bundle: serials decide, never a clock.

    Args:
        statement: what the bundle says of itself; None where it was never signed.
        known: the highest serials so far.
        current: the payload digest of what is installed now; installing that again is no step back.
        allow_older: go back all the same.

    Returns:
        what was overridden, for receipt and record.

    Raises:
        OlderBundle: names both serials.
    """
    problem = _step_back(statement, known, current)
    if problem and not allow_older:
        raise OlderBundle(
            problem,
            "ask for a newer bundle; `rollback` goes back to a release that is still there; "
            "--allow-older installs it all the same, and the record says so",
        )
    return [f"allow-older: {problem}"] if problem else []


def _step_back(statement: Optional[Statement], known: Mapping[str, Highest], current: Optional[str]) -> str:
    if statement is None:
        return "this bundle was never signed, and signed ones were installed here before" if known else ""
    top = known.get(statement.product)
    if top is None or statement.serial > top.serial:
        return ""
    # The same bundle once more is a repair, and no step back.
    if statement.payload.sha256 in (top.payload_sha256, current):
        return ""
    same = "the same as" if statement.serial == top.serial else "lower than"
    return (
        f"serial {statement.serial} of {statement.product} {statement.version} is {same} "
        f"serial {top.serial}, the highest one installed here"
    )
