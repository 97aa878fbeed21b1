"""In what way a package changes from one set to the next. Pure."""

from __future__ import annotations

from typing import Literal

from packaging.version import InvalidVersion, Version

Kind = Literal["upgrade", "downgrade", "other-bytes", "other-wheel", "changed"]
Release = tuple[str, str]
"""A package's version, and the file name of its wheel."""


def kind_of_change(old: Release, new: Release) -> Kind:
    """The kind, of two releases of one package whose bytes differ."""
    try:
        before, after = Version(old[0]), Version(new[0])
    # Versions from before PEP 440 have no order that everybody agrees on.
    except InvalidVersion:
        if old[0] != new[0]:
            return "changed"
    else:
        if before != after:
            return "upgrade" if before < after else "downgrade"
    # The same name with other bytes is what no index should ever serve: the gravest of the kinds.
    return "other-bytes" if old[1] == new[1] else "other-wheel"
