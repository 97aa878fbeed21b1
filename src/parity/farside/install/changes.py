"""What an installation changes. Standard library only, Python 3.6 and later. Pure, but for `installed_in`."""

import os
from typing import TYPE_CHECKING, Dict, Iterable, List, Mapping, Optional

from ...portable.machine.site_packages import dist_infos
from ...portable.names import normalize_name

if TYPE_CHECKING:
    from ...portable.documents.bundles import NamedRow
    from ...portable.documents.installations import ChangesDocument

Packages = Mapping[str, "NamedRow"]


def compare(before: Packages, after: Packages) -> "ChangesDocument":
    """Two sets of packages by normalised name; `sha256` is compared where both have one.

    Returns:
        {"added": [{"name", "version"}], "removed": [{"name", "version"}],
         "changed": [{"name", "from", "to"}]}; from and to are equal where only the bytes differ.
    """
    return {
        "added": [_one(after[name]) for name in sorted(set(after) - set(before))],
        "removed": [_one(before[name]) for name in sorted(set(before) - set(after))],
        "changed": [
            {"name": name, "from": before[name]["version"], "to": after[name]["version"]}
            for name in sorted(set(before) & set(after))
            if _differ(before[name], after[name])
        ],
    }


def _one(package: "NamedRow") -> "NamedRow":
    return {"name": package["name"], "version": package["version"]}


def _differ(before: "NamedRow", after: "NamedRow") -> bool:
    if before["version"] != after["version"]:
        return True
    # An environment's own folders tell no digest; then the version alone decides.
    return "sha256" in before and "sha256" in after and before.get("sha256") != after.get("sha256")


def by_name(packages: "Iterable[NamedRow]") -> "Dict[str, NamedRow]":
    """A manifest's or a receipt's packages."""
    return {normalize_name(each["name"]): each for each in packages}


def installed_in(environment: str) -> "Dict[str, NamedRow]":
    """What an environment's site-packages hold, told from the names of the dist-info folders."""
    names = [os.path.basename(path)[: -len(".dist-info")].partition("-") for path in dist_infos(environment)]
    return by_name({"name": name, "version": version} for name, _, version in names if version)


def describe(changes: "ChangesDocument", unchanged: Optional[int] = None) -> List[str]:
    """The changes in lines for people."""
    lines = ["  + {name} {version}".format(**each) for each in changes["added"]]
    lines += ["  - {name} {version}".format(**each) for each in changes["removed"]]
    for each in changes["changed"]:
        kind = "{to}, other bytes" if each["from"] == each["to"] else "{from} -> {to}"
        lines.append(("  ~ {name} " + kind).format(**each))
    if unchanged:
        lines.append(f"  = {unchanged} more, unchanged")
    return lines
