"""Whole projects: what they pin, their sources built to wheels, and what the far side needs of them."""

from parity.project.builder import (
    BuildSystem,
    BuiltFile,
    Repair,
    Room,
    build_room,
    file_of_path,
    incoming_tar,
    version_variables,
)
from parity.project.describe import describe, no_sources, project_files, sync_arguments
from parity.project.export import export_lock
from parity.project.metadata import NO_LOCK, PYLOCK, UV_LOCK, Project, read_project
from parity.project.tree import tree_digest, tree_files, tree_tar

__all__ = [
    "NO_LOCK",
    "PYLOCK",
    "UV_LOCK",
    "BuildSystem",
    "BuiltFile",
    "Project",
    "Repair",
    "Room",
    "build_room",
    "describe",
    "export_lock",
    "file_of_path",
    "incoming_tar",
    "no_sources",
    "project_files",
    "read_project",
    "sync_arguments",
    "tree_digest",
    "tree_files",
    "tree_tar",
    "version_variables",
]
