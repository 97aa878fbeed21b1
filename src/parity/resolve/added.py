"""The one requirement that is added without being asked for: a setuptools that has `pkg_resources`.

Up to Python 3.11 each environment of `python -m venv` has setuptools, and each setuptools up to 81 has
`pkg_resources`: so packages import it that require no setuptools, or any. What is installed with exactly what
was required, in its newest version, lacks it, and they fail at the first use.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from packaging.version import Version

from parity.model import Lock
from parity.resolve.requirements import RequirementLine, WhatToInstall

_NAME = "setuptools"
_GONE_SINCE = Version("82")
_LINE = RequirementLine("setuptools<82", _NAME, "what parity adds")


def with_setuptools(what: WhatToInstall, users: Sequence[str]) -> WhatToInstall:
    """What to install with a setuptools for these packages; as it is where there are none."""
    if not users:
        return what
    return replace(what, requirements=(*what.requirements, _LINE), setuptools_for=tuple(users))


def may_lack_setuptools(what: WhatToInstall, lock: Lock) -> bool:
    """Whether `pkg_resources` may be missing from a lock, and may be added.

    It may not where the user has a word about setuptools, and where each package needs a hash.

    Args:
        what: as the user asked, without what was added.
        lock: of that, or of it and what was added.
    """
    named = {line.name for line in (*what.requirements, *what.constraints)}
    if what.hashes() or _NAME in named or _NAME in {each.name for each in what.direct}:
        return False
    found = [Version(wheel.version) for wheel in lock.wheels if wheel.name == _NAME]
    return bool(lock.setuptools_for) or not found or found[0] >= _GONE_SINCE


def told(what: WhatToInstall) -> Iterator[str]:
    """The sentence about what was added; none where nothing was."""
    if what.setuptools_for:
        names = ", ".join(what.setuptools_for)
        them = "them" if len(what.setuptools_for) > 1 else "it"
        yield (
            f"{names}: pkg_resources is imported, and required is no setuptools that has it: "
            f"{_LINE.text} is carried for {them} (name setuptools yourself to decide otherwise)"
        )
