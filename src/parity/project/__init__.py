"""Whole projects: what they pin, their sources built to wheels, and what the far side needs of them."""

from parity.project.builder import (
    BuildRoom,
    BuiltFile,
    Repair,
    build_room,
    file_of_path,
    files_of_tar,
    incoming_tar,
)
from parity.project.buildsystem import BuildSystem
from parity.project.checkout import checkout_tar, needs_code
from parity.project.describe import DOCUMENT, TREE, describe, overrides_file, project_files, sync_arguments
from parity.project.environments import check_environments
from parity.project.export import export_lock
from parity.project.failures import say_version
from parity.project.lacking import likely
from parity.project.metadata import Project, read_project
from parity.project.own_words import OwnWords, own_words
from parity.project.prefetch import FetchedSaid, FetchPlace, Prefetched, prefetched
from parity.project.told import check_told
from parity.project.tree import left_out, tree_digest, tree_files, tree_tar
from parity.project.whichlock import NO_LOCK, PYLOCK, UV_LOCK

__all__ = [
    "DOCUMENT",
    "NO_LOCK",
    "PYLOCK",
    "TREE",
    "UV_LOCK",
    "BuildRoom",
    "BuildSystem",
    "BuiltFile",
    "FetchPlace",
    "FetchedSaid",
    "OwnWords",
    "Prefetched",
    "Project",
    "Repair",
    "build_room",
    "check_environments",
    "check_told",
    "checkout_tar",
    "describe",
    "export_lock",
    "file_of_path",
    "files_of_tar",
    "incoming_tar",
    "left_out",
    "likely",
    "needs_code",
    "overrides_file",
    "own_words",
    "prefetched",
    "project_files",
    "read_project",
    "say_version",
    "sync_arguments",
    "tree_digest",
    "tree_files",
    "tree_tar",
]
