"""A tiny slice of each campaign of `make attack`, so that none of them rots.

Those that build whole bundles have the same scenes as tests: `test_hostile_build`, `test_canary`.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest
from tests.attack import campaigns
from tests.attack.outcome import Outcome
from tests.attack.table import count, document, markdown, read_rows

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

SCALE = 0.002
LONG = {"disks", "farside", "kills", "packages", "readers", "together"}
NAMES = sorted({each.name for each in pkgutil.iter_modules(campaigns.__path__)} - {"builds", "canaries"})


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) if name in LONG else name for name in NAMES]
)
def test_a_slice_of_the_campaign_ends_as_it_must(debian11: PinnedImage, name: str) -> None:
    campaign = importlib.import_module(f"{campaigns.__name__}.{name}")
    row = count(name, campaign.TITLE, campaign.run(SCALE), 0)
    assert row.tried > 0
    assert row.wrong == ()


def test_what_ends_wrongly_is_named_in_table_and_document() -> None:
    bad = Outcome("data-path", "evil.whl", False, "installed")
    row = count("wheels", "hostile wheels", [bad, bad._replace(right=True)], 0, "abc123")
    assert "| wheels | hostile wheels | 1 | 2 | 1 |" in markdown([row])
    assert "- wrong: wheels: data-path: evil.whl: installed" in markdown([row])
    assert '"evil.whl"' in document([row])
    (again,) = read_rows(document([row])).values()
    assert again == dataclasses.replace(row, seconds=again.seconds)
