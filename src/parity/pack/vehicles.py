"""The vehicles that are known, by the name that a request calls them. Nothing else lists them."""

from __future__ import annotations

from parity.pack.as_bundle import BundleFormat
from parity.pack.as_export import ExportForm
from parity.pack.vehicle import Vehicle
from parity.portable.bundle import export

_EXPORTS = [ExportForm(each) for each in export.VEHICLES.values()]
VEHICLES: dict[str, Vehicle] = {each.name: each for each in (BundleFormat(), *_EXPORTS)}
