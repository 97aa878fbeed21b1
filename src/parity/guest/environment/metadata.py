"""What an installed distribution says of itself in METADATA (core metadata 2.x), as far as imports go."""

import email.parser
import os
from typing import List, NamedTuple, Tuple

_MOST = 4 * 1024 * 1024  # bytes of METADATA that are looked at, and
_MOST_NAMES = 500  # names of each kind
_LONGEST = 300  # characters of a name


class Said(NamedTuple):
    """Its public modules (Import-Name, PEP 794; empty where it names none), and its Requires-Dist lines."""

    import_names: Tuple[str, ...]
    requires: Tuple[str, ...]


NOTHING = Said((), ())


def of_installed(dist_info: str) -> Said:
    """Read; what cannot be read says nothing."""
    try:
        with open(os.path.join(dist_info, "METADATA"), "rb") as file:
            text = file.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return NOTHING
    # A long description follows the first empty line as a rule; nobody asks for it here.
    message = email.parser.HeaderParser().parsestr(text.partition("\n\n")[0])
    names = [_public(str(line)) for line in message.get_all("Import-Name") or []]
    return Said(_few(names), _few([str(line) for line in message.get_all("Requires-Dist") or []]))


def _public(line: str) -> str:
    """`name` of `name` or `name ; private`, where it is one that can be imported and is public."""
    name, _, private = (part.strip() for part in line.partition(";"))
    # The name becomes an argument of an import: nothing else than a dotted name gets there.
    fits = all(part.isidentifier() for part in name.split("."))
    return name if fits and not private else ""


def _few(names: List[str]) -> Tuple[str, ...]:
    return tuple(name for name in names if name and len(name) <= _LONGEST)[:_MOST_NAMES]
