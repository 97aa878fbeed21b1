"""The document about a uv project that a bundle carries: project/project.json, read in one place.

Standard library only, Python 3.6 and later.
"""

from typing import TYPE_CHECKING, cast

from ...portable import canonical
from ...portable.bundle.folder import BundleFolder
from ...portable.bundle.manifest import LIMIT
from ...portable.errors import BundleDamaged, InstallFailed
from ...portable.plainfile import parse_json, read_whole

if TYPE_CHECKING:
    from ...portable.documents.installations import ProjectDocument

FORMAT = "parity-project/1"
DOCUMENT, TREE = "project/project.json", "project/tree/"
LOCK = "uv.lock"


def _versions(value: object, where: str) -> None:
    """Name → versions."""
    if not isinstance(value, dict):
        raise BundleDamaged(f"{where} must be an object")
    for name, versions in value.items():
        canonical.name(name, where)
        canonical.array(canonical.name)(versions, f"{where}.{name}")


_NAMES = canonical.array(canonical.name)
_SHAPE = canonical.record(
    {
        "format": canonical.one_of(FORMAT),
        "name": canonical.text,
        "root": canonical.text,
        "extras": _NAMES,
        "groups": _NAMES,
        "left_out_groups": _NAMES,
        "no_sources": _NAMES,
        "indexes": _NAMES,
        "sync": canonical.array(canonical.text),
        "locked": _versions,
        "absent": canonical.array(
            canonical.record(
                {
                    "name": canonical.name,
                    "version": canonical.name,
                    "requires": canonical.array(canonical.text),
                    "extras": _NAMES,
                    "requires_python": canonical.text,
                }
            )
        ),
        "build": canonical.array(
            canonical.record(
                {
                    "name": canonical.name,
                    "version": canonical.name,
                    "wheel": canonical.text,
                    "sha256": canonical.digest,
                }
            )
        ),
    }
)


def demand_project(bundle: BundleFolder) -> None:
    """Demand that a bundle carries a project, which its manifest tells.

    Raises:
        InstallFailed: it carries none.
    """
    if all(member.path != DOCUMENT for member in bundle.manifest.members):
        raise InstallFailed(
            "this bundle carries no project with a uv.lock",
            "install it with `sh install.sh PREFIX`, or ask for one whose profile has install.project",
        )


def read_project(bundle: BundleFolder) -> "ProjectDocument":
    """The bundle's project.json.

    Raises:
        InstallFailed: the bundle carries no project.
        BundleDamaged: it is not what this code understands.
    """
    demand_project(bundle)
    listed = {member.path for member in bundle.manifest.members}
    try:
        found = parse_json(read_whole(bundle.file(DOCUMENT), LIMIT))
    except ValueError as error:
        raise BundleDamaged(f"{DOCUMENT} is no JSON") from error
    _SHAPE(found, DOCUMENT)
    document = cast("ProjectDocument", found)
    root = "" if document["root"] == "." else document["root"] + "/"
    for path in [TREE + root + LOCK, *(each["wheel"] for each in document["build"])]:
        if path not in listed:
            raise BundleDamaged(f"{DOCUMENT} names {path[:200]!a}, which is not in the bundle")
    return document
