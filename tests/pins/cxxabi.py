"""The C++ ABI table, from the manylinux policy of the newest auditwheel."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

from tests.pins.fetched import newest_wheel
from tests.pins.report import Report, replaced

TABLE = Path("src/parity/rehearse/cxxabi.json")
_POLICY = "auditwheel/policy/manylinux-policy.json"


def bring(root: Path, report: Report) -> None:
    """Write the table anew where the policy says otherwise."""
    wheel = newest_wheel("auditwheel")
    with zipfile.ZipFile(wheel) as archive:
        policy: list[dict[str, Any]] = json.loads(archive.read(_POLICY))
    version = wheel.name.split("-")[1]
    document = {
        "about": "Of manylinux_2_N on x86_64: the highest GLIBCXX_3.4.N and CXXABI_1.3.N that files may need",
        "source": f"{_POLICY} of auditwheel {version}",
        "rows": rows(policy),
    }
    text = json.dumps(document, indent=1) + "\n"
    report.tell(f"C++ ABI table, auditwheel {version}", replaced(root / TABLE, text))


def rows(policy: list[dict[str, Any]]) -> list[dict[str, int]]:
    """Those platforms at which one of the numbers grows."""
    found: list[dict[str, int]] = []
    matches = [(re.fullmatch(r"manylinux_2_(\d+)", one["name"]), one) for one in policy]
    platforms = {int(match[1]): one["symbol_versions"].get("x86_64") for match, one in matches if match}
    for minor, versions in sorted(platforms.items()):
        if versions is None:
            continue
        row = {
            "glibc": minor,
            "glibcxx": _last(versions["GLIBCXX"], "3.4"),
            "cxxabi": _last(versions["CXXABI"], "1.3"),
        }
        if not found or {**found[-1], "glibc": row["glibc"]} != row:
            found.append(row)
    return found


def _last(versions: list[str], stem: str) -> int:
    return max(int(each.removeprefix(stem + ".")) for each in versions if each.startswith(stem + "."))
