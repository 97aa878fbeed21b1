"""Facts as a probe of Debian 11 gives them, and what to resolve for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from packaging.tags import compatible_tags, cpython_tags

from parity.model import Facts, IndexSettings, Libc, Requirements
from parity.resolve import ResolveInputs, read_requirements
from parity.resolve.requirements import WhatToInstall
from parity.wire.facts import FactsSaid

_PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(31, 16, -1)]
_PLATFORMS += ["manylinux2014_x86_64", "linux_x86_64"]

DEBIAN11 = Facts(
    os_id="debian",
    os_version="11",
    os_name="Debian GNU/Linux 11 (bullseye)",
    libc=Libc("glibc", (2, 31)),
    python="3.9.2",
    executable="/usr/bin/python3",
    implementation="cpython",
    arch="x86_64",
    markers={
        "implementation_name": "cpython",
        "implementation_version": "3.9.2",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "6.1.0",
        "platform_system": "Linux",
        "platform_version": "#1 SMP",
        "python_full_version": "3.9.2",
        "python_version": "3.9",
        "sys_platform": "linux",
    },
    tags=tuple(
        str(tag)
        for tags in (cpython_tags((3, 9), platforms=_PLATFORMS), compatible_tags((3, 9), "cp39", _PLATFORMS))
        for tag in tags
    ),
    pip="20.3.4",
    pip_tags=None,
    has_venv=True,
    document=cast("FactsSaid", {}),
)


def inputs_for(
    *requirements: str,
    tags: tuple[str, ...] | None = None,
    markers: Mapping[str, str] | None = None,
    constraints: tuple[str, ...] = (),
    index_url: str | None = None,
    exclude_newer: str | None = None,
    facts: Facts = DEBIAN11,
    sources: tuple[str, ...] = (),
) -> ResolveInputs:
    """Requirement lines as inputs for Debian 11 (or other facts)."""
    facts = facts if markers is None else replace(facts, markers=markers)
    what = read_requirements(Requirements(inline=requirements), "test")
    limits = read_requirements(Requirements(inline=constraints), "test").requirements
    what = WhatToInstall(what.requirements, limits)
    return ResolveInputs(
        what,
        facts,
        facts.tags if tags is None else tags,
        IndexSettings(index_url),
        exclude_newer,
        sources=sources,
    )


def requirements_file(folder: Path, text: str, name: str = "requirements.txt") -> Path:
    """A requirements file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
