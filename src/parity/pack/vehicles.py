"""The vehicles that are known, by the name that a request calls them. Nothing else lists them."""

from __future__ import annotations

from parity.pack.as_bundle import BundleFormat
from parity.pack.vehicle import Vehicle

VEHICLES: dict[str, Vehicle] = {each.name: each for each in (BundleFormat(),)}
