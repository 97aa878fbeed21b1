"""Built versions that chase each other: each requires what makes the resolver choose another one."""

from __future__ import annotations

from collections.abc import Mapping

from parity.errors import Unresolvable
from parity.pipeline.sources.built import Built

_VERSIONS = 5
"""So many versions of one package are built, then it is a circle."""
_MOST = 200


def is_chase(built: Mapping[tuple[str, str], Built]) -> bool:
    """Whether one package was built in so many versions, or so much was built, that there is no end."""
    return len(built) >= _MOST or any(len(versions) >= _VERSIONS for versions in _versions(built).values())


def chase(built: Mapping[tuple[str, str], Built]) -> Unresolvable:
    """The error that shows the circle: the versions in the order of their builds, and what they require."""
    several = {name: versions for name, versions in _versions(built).items() if len(versions) > 1}
    circle = "; ".join(f"{name} {' → '.join(versions)}" for name, versions in several.items())
    about = tuple(
        f"{name} {version} requires {', '.join(made.requires) or 'nothing'}"
        for (name, version), made in built.items()
        if name in several or any(other in " ".join(made.requires).lower() for other in several)
    )
    pins = ", ".join(f"{name}=={versions[0]}" for name, versions in several.items())
    return Unresolvable(
        f"the versions that were built chase each other, each requires what makes another fit: {circle}",
        where=", ".join(several),
        remedy=f"pin a version of each among your constraints, such as {pins}",
        details=about,
    )


def _versions(built: Mapping[tuple[str, str], Built]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in built:
        found.setdefault(name, []).append(version)
    return found
