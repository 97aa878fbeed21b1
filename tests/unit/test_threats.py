"""The threat model names tests and campaigns that are there, and all campaigns."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

from tests.attack import campaigns

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "src/parity/docs/threats.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
PROOFS = [row.rstrip(" |").rpartition("| ")[2] for row in ROWS if not row.endswith("shown by |")]


def test_every_threat_is_shown_by_tests_that_exist() -> None:
    known = {each.name for each in pkgutil.iter_modules(campaigns.__path__)}
    assert len(PROOFS) > 20
    for proof in PROOFS:
        named = re.findall(r"`([^`]+)`", proof)
        assert named, proof
        for each in named:
            campaign = each.removeprefix("attack ")
            assert campaign in known if each.startswith("attack ") else (ROOT / each).is_file(), each


def test_every_campaign_is_named() -> None:
    named = set(re.findall(r"`attack (\w+)`", TEXT)) - {"NAME"}
    missing = {each.name for each in pkgutil.iter_modules(campaigns.__path__)} - named
    assert missing == set()


def test_how_to_report_a_hole_names_no_made_up_address() -> None:
    text = (ROOT / ".github/SECURITY.md").read_text(encoding="utf-8")
    assert "Report a vulnerability" in text
    assert "@" not in text
    assert (ROOT / ".github" / "../src/parity/docs/threats.md").is_file()
