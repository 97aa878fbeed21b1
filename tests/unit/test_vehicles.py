"""What a proved set is written as: a kind of its own is one registered value."""

from __future__ import annotations

from parity.model import BundleIdentity
from parity.pack import VEHICLES


def test_a_bundle_is_called_as_the_signed_statement_will_have_it() -> None:
    identity = BundleIdentity("web", "1.2", 7, "rhel9")
    assert VEHICLES["bundle"].filename(identity) == identity.filename == "web-1.2-rhel9.parity.tar"


def test_no_two_vehicles_would_write_the_same_file() -> None:
    assert len({vehicle.suffix for vehicle in VEHICLES.values()}) == len(VEHICLES)
