"""Ruby gems: resolved and fetched by the image's own rubygems, locked, judged, built without network."""

from parity.gems.fetch import FetchedGems, GemWay, fetched_gems
from parity.gems.lock import (
    GEM_LOCK,
    GemLock,
    check_gem,
    gem_inputs,
    write_gem_lock,
)
from parity.gems.lockfile import with_gemfile
from parity.gems.pack import JUDGED_BY, JudgedGems, built_gems, demand_same, features_of, judged_gems
from parity.gems.room import RubyPlace

__all__ = [
    "GEM_LOCK",
    "JUDGED_BY",
    "FetchedGems",
    "GemLock",
    "GemWay",
    "JudgedGems",
    "RubyPlace",
    "built_gems",
    "check_gem",
    "demand_same",
    "features_of",
    "fetched_gems",
    "gem_inputs",
    "judged_gems",
    "with_gemfile",
    "write_gem_lock",
]
