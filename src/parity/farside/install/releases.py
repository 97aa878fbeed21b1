"""The releases under a prefix: listed, gone back to, pruned. Standard library only, Python 3.6 and later."""

import os
from typing import TYPE_CHECKING, List, Optional

from ...portable.errors import InstallFailed, NothingInstalled, PrefixInUse
from ...portable.machine.subprocesses import Children
from . import journal, receipt
from .plan import Say
from .prefix import (
    MARK,
    RELEASES,
    Prefix,
    check_prefix,
    current_of,
    open_prefix,
    receipts_of,
    record_of,
)
from .state import of_prefix
from .steps import demand_imports

if TYPE_CHECKING:
    from ...portable.documents.installations import (
        ActDocument,
        PrefixDocument,
        ReceiptDocument,
        ReleaseRow,
        RollbackDocument,
    )

_WHICH = "check the path given with --prefix"


def installed(path: str) -> "PrefixDocument":
    """What lies under a prefix; writes nothing and needs no lock.

    Returns:
        {"ok": true, "prefix", "current": id or None,
         "releases": [{"release", "path", "product", "version", "serial", "payload_sha256",
                       "installed_at", "signers": [...], "packages": count, "overrides": [...],
                       "current": bool}] in the order in which they were installed,
         "highest": {product: {"serial", "payload_sha256"}}, "acts": [...] (see `journal`)}

    Raises:
        NothingInstalled: it is no prefix.
        PrefixInUse: it holds something else.
        InstallFailed: something there cannot be read.
    """
    try:
        return _installed(path)
    except OSError as error:
        raise InstallFailed(f"{error.filename or path}: {error.strerror or error}") from error


def _installed(path: str) -> "PrefixDocument":
    demand_prefix(path)
    receipts, record, current = receipts_of(path), record_of(path), current_of(path)
    order = in_order(list(receipts), record)
    return {
        "ok": True,
        "prefix": path,
        "current": current,
        "releases": [_row(path, each, receipts[each], current) for each in order],
        "highest": {
            name: {"serial": top.serial, "payload_sha256": top.payload_sha256}
            for name, top in sorted(of_prefix(path).known.items())
        },
        "acts": record,
    }


def _row(path: str, release_id: str, told: "ReceiptDocument", current: Optional[str]) -> "ReleaseRow":
    return {
        "release": release_id,
        "path": os.path.join(path, RELEASES, release_id),
        **receipt.words_of(told),
        "installed_at": told.get("installed_at"),
        "signers": receipt.signers_of(told),
        "packages": len(told.get("packages", [])),
        "overrides": told.get("overrides", []),
        "current": release_id == current,
    }


def demand_prefix(path: str) -> None:
    """Refuse what is no prefix.

    Raises:
        NothingInstalled: nothing was installed there.
        PrefixInUse: it holds something else.
    """
    try:
        check_prefix(path)
    except PrefixInUse as error:
        # Whoever installs may choose an empty folder; what is installed lies in another one.
        if error.remedy == PrefixInUse.remedy:
            error.remedy = _WHICH
        raise
    if not os.path.isfile(os.path.join(path, MARK)):
        raise NothingInstalled(f"nothing was installed under {path}", _WHICH)


def in_order(releases: List[str], record: "List[ActDocument]") -> List[str]:
    """Releases by their last installation in the record, which no clock has a say in; unknown ones first."""
    last = {act.get("release"): place for place, act in enumerate(record) if act["act"] == journal.INSTALL}
    return sorted(releases, key=lambda each: (last.get(each, -1), each))


def rollback(path: str, wanted: str, imports: bool, say: Say) -> "RollbackDocument":
    """Make an older release current again: an act of its own, which the record keeps.

    Args:
        path: the prefix.
        wanted: a release's id, or its beginning; the one installed before the current one if empty.
        imports: try the proof's imports there first.
        say: hears of it.

    Returns:
        {"ok": true, "prefix", "release": id, "path", "previous": id or None, "switched": bool,
         "product", "version", "serial", "payload_sha256", "imports": {"tried": count}}

    Raises:
        NothingInstalled: there is no such release.
        InstallFailed: it does not work any more; `current` is what it was.
    """
    demand_prefix(path)
    try:
        with open_prefix(path) as prefix:
            return _roll_back(prefix, wanted, imports, say)
    except OSError as error:
        raise InstallFailed(f"{error.filename or path}: {error.strerror or error}") from error


def _roll_back(prefix: Prefix, wanted: str, imports: bool, say: Say) -> "RollbackDocument":
    receipts, current = receipts_of(prefix.path), prefix.current()
    release = find(wanted, in_order(list(receipts), record_of(prefix.path)), current)
    told = receipts[release]
    words = receipt.words_of(told)
    modules = told.get("modules", []) if imports else []
    environment = prefix.release(release)
    # Before the link moves: an old release may miss what the host has lost since.
    tried = demand_imports(
        Children(prefix.work, prefix.lock),
        environment,
        modules,
        {each["name"]: each["size"] or 0 for each in told["packages"]},
        say,
    )
    if release != current:
        overrides = [] if imports else ["no-imports"]
        prefix.note({**act_of(journal.ROLLBACK, release, current), **words, "overrides": overrides})
        prefix.switch(release)
    say(f"done: {prefix.path}/current is release {release}")
    return {
        "ok": True,
        "prefix": prefix.path,
        "release": release,
        "path": environment,
        **words,
        "previous": current,
        "switched": release != current,
        "imports": tried,
    }


def find(wanted: str, order: List[str], current: Optional[str]) -> str:
    """The release that is meant, among those in the order of their installation.

    Raises:
        NothingInstalled: none is, or several are.
    """
    if not wanted:
        before = order[: order.index(current)] if current in order else order
        if not before:
            raise NothingInstalled("there is no release before the current one")
        return before[-1]
    found = [each for each in order if each.startswith(wanted)]
    if len(found) != 1:
        there = ", ".join(order) or "none"
        raise NothingInstalled(f"{wanted!a} names {len(found)} of the releases here: {there}")
    return found[0]


def prune(prefix: Prefix, keep: int, previous: Optional[str], say: Say) -> List[str]:
    """Remove the oldest releases until `keep` are left; never the current and the previous one.

    Returns:
        the ids of those that are gone. Their serials stay in the record.
    """
    order = in_order(list(receipts_of(prefix.path)), record_of(prefix.path))
    # The previous one is what `rollback` goes back to.
    spared = {prefix.current(), previous}
    gone = [each for each in order[: max(0, len(order) - keep)] if each not in spared]
    for each in gone:
        # Noted first: a kill between the two leaves a line too many, and never a release gone without a word.
        prefix.note({**act_of(journal.PRUNE, each, None), **receipt.words_of(prefix.read_receipt(each))})
        prefix.put_away(each)
        say(f"pruned release {each}")
    return gone


def act_of(act: str, release: str, previous: Optional[str]) -> "ActDocument":
    """A line of the record about what is done now, by whom, without what the bundle says."""
    return {
        "act": act,
        "at": journal.now(),
        "uid": os.getuid(),
        "release": release,
        "previous": previous,
        "signers": [],
        "overrides": [],
    }
