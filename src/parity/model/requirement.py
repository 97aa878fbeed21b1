"""What is a requirement (PEP 508)."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement


def requirement_fault(text: str) -> str:
    """Why a text is no requirement, in one line; empty where it is one."""
    try:
        Requirement(text)
    except InvalidRequirement as error:
        return str(error).partition("\n")[0]
    return ""
