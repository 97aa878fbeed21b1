"""What a proof says of native libraries, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parity.portable.documents.evidence import ProofDocument


def native_lines(proof: ProofDocument) -> list[str]:
    """A line for each library and symbol version that is missing, and for each tag that promises too much.

    Args:
        proof: proof.json; one of an older version says less.
    """
    libraries = (
        (each, each["library"], f" (of {', '.join(each['packages'])})" if each.get("packages") else "")
        for each in proof["missing_libraries"]
    )
    versions = (
        (each, each["version"], f" of {each['library']}") for each in proof.get("missing_versions", ())
    )
    lies = (
        (each, each["needs"], f", more than its tag {each['tag']} promises")
        for each in proof.get("tag_lies", ())
    )
    return [
        f"{each['package']}: {each['file']} needs {need}{more}"
        for each, need, more in (*libraries, *versions, *lies)
    ]


def system_needs(proof: ProofDocument) -> str:
    """What the target must have besides the bundle: `glibc 2.28 or newer; libgl1 for what is missing`."""
    glibc = proof.get("glibc_needed")
    packages = sorted({name for each in proof["missing_libraries"] for name in each.get("packages", ())})
    parts = [f"glibc {glibc['version']} or newer"] if glibc else []
    parts += [f"{', '.join(packages)} for what is missing"] if packages else []
    return "; ".join(parts)
