"""A container registry as the road across the gap: each file of a bundle is a blob there."""

from parity.registry.pull import Pulled, pull_bundle
from parity.registry.push import Pushed, push_bundle
from parity.registry.reference import SCHEME, RegistryReference, parse_reference

__all__ = [
    "SCHEME",
    "Pulled",
    "Pushed",
    "RegistryReference",
    "parse_reference",
    "pull_bundle",
    "push_bundle",
]
