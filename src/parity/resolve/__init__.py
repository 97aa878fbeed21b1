"""Requirements to a PEP 751 lock, natively inside the image."""

from parity.resolve.added import may_lack_setuptools, with_setuptools
from parity.resolve.asked import with_file_options
from parity.resolve.asking import UV_PATH, resolver
from parity.resolve.direct import DirectRequirement, is_direct, requirement_name
from parity.resolve.firsthash import first_digest
from parity.resolve.inputs import ResolveInputs, index_document, inputs_digest
from parity.resolve.known import Known
from parity.resolve.lockfile import (
    LockState,
    is_foreign_lock,
    lock_path,
    lock_state,
    parse_lock,
    read_lock,
    require_fresh,
    write_lock,
)
from parity.resolve.project import (
    ProjectSelection,
    locked_build,
    select_project,
    split_requirements,
)
from parity.resolve.requirements import RequirementLine, WhatToInstall, read_requirements
from parity.resolve.stage import resolve_lock
from parity.resolve.uv import UvWheel, uv_version, uv_wheel

__all__ = [
    "UV_PATH",
    "DirectRequirement",
    "Known",
    "LockState",
    "ProjectSelection",
    "RequirementLine",
    "ResolveInputs",
    "UvWheel",
    "WhatToInstall",
    "first_digest",
    "index_document",
    "inputs_digest",
    "is_direct",
    "is_foreign_lock",
    "lock_path",
    "lock_state",
    "locked_build",
    "may_lack_setuptools",
    "parse_lock",
    "read_lock",
    "read_requirements",
    "require_fresh",
    "requirement_name",
    "resolve_lock",
    "resolver",
    "select_project",
    "split_requirements",
    "uv_version",
    "uv_wheel",
    "with_file_options",
    "with_setuptools",
    "write_lock",
]
