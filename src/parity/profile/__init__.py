"""YAML to Profile: every problem at once, each with its line and a remedy."""

from parity.profile.build import rehearsal_plan
from parity.profile.engines import read_engines_file
from parity.profile.known import is_seen, known_libc, known_targets
from parity.profile.load import Effective, check_profile, load_effective, load_profile
from parity.profile.new import NewProfile, render_new, shipped_for, shipped_targets, write_new
from parity.profile.overrides import Overrides, ProjectAsked
from parity.profile.propose import propose, with_vendor_image
from parity.profile.render import render_effective
from parity.profile.schema import answer_problem, schema_text
from parity.profile.search import (
    NAMED_LOCK,
    TARGETS,
    available,
    default_search,
    find_profile,
    is_bare,
    is_paritys,
    is_profile_name,
    is_profile_path,
    shipped_root,
)
from parity.profile.systems import likely_targets, read_system

__all__ = [
    "NAMED_LOCK",
    "TARGETS",
    "Effective",
    "NewProfile",
    "Overrides",
    "ProjectAsked",
    "answer_problem",
    "available",
    "check_profile",
    "default_search",
    "find_profile",
    "is_bare",
    "is_paritys",
    "is_profile_name",
    "is_profile_path",
    "is_seen",
    "known_libc",
    "known_targets",
    "likely_targets",
    "load_effective",
    "load_profile",
    "propose",
    "read_engines_file",
    "read_system",
    "rehearsal_plan",
    "render_effective",
    "render_new",
    "schema_text",
    "shipped_for",
    "shipped_root",
    "shipped_targets",
    "with_vendor_image",
    "write_new",
]
