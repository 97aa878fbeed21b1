"""YAML to Profile: every problem at once, each with its line and a remedy."""

from parity.profile.load import Effective, Overrides, load_effective, load_profile
from parity.profile.schema import schema_text
from parity.profile.search import available, default_search, find_profile, shipped_root

__all__ = [
    "Effective",
    "Overrides",
    "available",
    "default_search",
    "find_profile",
    "load_effective",
    "load_profile",
    "schema_text",
    "shipped_root",
]
