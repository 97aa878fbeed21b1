"""What is installed at a place already, and what may come next. Python 3.6 and later."""

import os
from typing import TYPE_CHECKING, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ...portable.bundle.envelope import Statement
from ...portable.errors import PrefixInUse
from . import changes, journal, receipt
from .prefix import current_of, receipts_of, record_of
from .receiptfile import read_receipt

if TYPE_CHECKING:
    from ...portable.documents.installations import ActDocument, ReceiptDocument

RECORD = ".parity-record"
"""The record's name in an existing environment; under a prefix it is in the prefix's mark."""


class State(NamedTuple):
    """What is known of a place, from its record and its receipts.

    `known`: the highest serials; `receipt`: of what is installed now; `packages`: those there now, by
    name; `latest`: when the last act was, by whatever clock.
    """

    known: Dict[str, journal.Highest]
    receipt: "Optional[ReceiptDocument]"
    packages: changes.Packages
    latest: str

    def covers(self, statement: Optional[Statement]) -> bool:
        """Whether a bundle's serial is no news."""
        top = self.known.get(statement.product) if statement else None
        return statement is None or (top is not None and statement.serial <= top.serial)


def of_prefix(path: str) -> State:
    """The state of a prefix, which need not exist."""
    receipts, current = receipts_of(path), current_of(path)
    now = receipts.get(current) if current else None
    packages = changes.by_name(now["packages"]) if now else {}
    return _state(record_of(path), receipts.values(), now, packages)


def of_environment(path: str) -> State:
    """The state of an existing environment."""
    now = read_receipt(path)
    record = journal.read(os.path.join(path, RECORD))
    return _state(record, [now] if now else [], now, changes.installed_in(path))


def _state(
    record: "List[ActDocument]",
    receipts: "Iterable[ReceiptDocument]",
    now: "Optional[ReceiptDocument]",
    packages: changes.Packages,
) -> State:
    installs = [act for act in record if act["act"] == journal.INSTALL]
    # The record's words last: they tell the payload where one was signed twice.
    known = journal.highest([*(receipt.words_of(each) for each in receipts), *installs])
    # ISO 8601 in UTC: texts compare as moments do.
    latest = max((str(act.get("at", "")) for act in record), default="")
    return State(known, now, packages, latest)


def judge(state: State, statement: Optional[Statement], allow_older: bool) -> Tuple[List[str], List[str]]:
    """Whether a bundle may follow what is there.

    Returns:
        what is overridden, and warnings.

    Raises:
        OlderBundle: it may not.
    """
    now = receipt.words_of(state.receipt)
    overrides = journal.check_serial(statement, state.known, now["payload_sha256"], allow_older)
    warnings = []
    if state.latest > journal.now():
        warnings.append(
            f"this host's clock is behind the last act here ({state.latest}); serials decide, not it"
        )
    return overrides, warnings


def demand_product(state: State, statement: Optional[Statement], allow_other: bool) -> List[str]:
    """Refuse that one product takes the place of another unasked: what runs from `current` would be gone.

    Returns:
        what was overridden, for receipt and record.

    Raises:
        PrefixInUse: names both products.
    """
    now = receipt.words_of(state.receipt)["product"]
    if not statement or not now or now == statement.product:
        return []
    problem = f"this is {statement.product}; what is installed here now is {now}"
    if not allow_other:
        raise PrefixInUse(
            problem, f"choose a prefix of its own; --allow-other-product lets it take the place of {now}"
        )
    return [f"allow-other-product: {problem}"]
