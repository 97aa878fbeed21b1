"""Packages that forge what the rehearsal says of others; what a real one tells is held to the truth."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.attack.engines import debian11
from tests.attack.outcome import Outcome
from tests.support.forgers import FORGERS, Forger
from tests.support.rehearsals import facts_of, seen_of
from tests.support.wheels import make_wheel

from parity.errors import ParityError, RehearsalFailed, RehearsalTimeout
from parity.model import RehearsalPlan
from parity.rehearse import import_workers

TITLE = "packages that forge the proof of others, or exhaust whoever reads it"
FAILING = "exit 3"
PLAN = RehearsalPlan(memory=1 << 30, timeout=120)
_TRUTH = {"broken": "ValueError: broken", "honest": ""}


def run(scale: float) -> Iterator[Outcome]:
    """Try each kind once, or so many of them as `scale` says."""
    # Seconds: a package that stops its worker costs no more.
    import_workers._TIMEOUT, import_workers._PATIENCE = 20, 5
    with debian11() as (engine, image):
        facts = facts_of(engine, image)
        for forger in FORGERS[: max(1, round(len(FORGERS) * min(scale, 1.0)))]:
            with tempfile.TemporaryDirectory() as folder:
                begin = time.monotonic()
                wrong = tried(forger, Path(folder), lambda *a, **k: seen_of(engine, image, facts, *a, **k))
                ended = f"{wrong or 'told the truth'} ({time.monotonic() - begin:.1f} s)"
                yield Outcome(forger.kind.partition(":")[0], forger.kind, not wrong, ended)


def tried(forger: Forger, folder: Path, rehearsed: Any) -> str:
    """Rehearse it beside two others; how what was seen differs from the truth, empty where it does not."""
    wheels = [
        make_wheel(folder, "evil", "1.0", forger.files),
        make_wheel(folder, "honest", "1.0", {"honest.py": b"import time\ntime.sleep(0.2)\n"}),
        make_wheel(folder, "broken", "1.0", {"broken.py": b"raise ValueError('broken')\n"}),
    ]
    commands = (*(["python -c 'import evil'; true"] if forger.command else []), FAILING)
    plan = RehearsalPlan(memory=PLAN.memory, timeout=PLAN.timeout, commands=commands)
    try:
        seen = rehearsed(folder / "bundle", wheels, plan=plan, requested=["evil", "honest", "broken"])
    except (RehearsalFailed, RehearsalTimeout) as error:
        return "" if forger.may_fail else f"{type(error).__name__}: {error.message} {error.details}"
    except ParityError as error:
        return f"{type(error).__name__}: {error.message}"
    return differs(seen)


def differs(seen: Mapping[str, Any]) -> str:
    """What of it is not the truth about everybody but the hostile package."""
    environment = sorted(name for name, _ in seen["environment"])
    checks = seen["checks"]
    imports = {row["module"]: row["error"] for row in checks["imports"]["rows"] if row["package"] != "evil"}
    last = checks["commands"][-1]
    found = {
        "environment": environment != ["broken", "evil", "honest"],
        "imports": imports != _TRUTH,
        "isolation": not (len(seen["isolation"]) == 6 and all(seen["isolation"].values())),
        "commands": (last["command"], last["exit_code"]) != (FAILING, 3),
        "install": seen["install"]["exit_code"] != 0 or not seen["install"]["document"],
        "linker": bool(seen["missing_libraries"] or seen["natives"]),
    }
    wrong = [name for name, is_wrong in found.items() if is_wrong]
    return f"{', '.join(wrong)}: {imports}" if wrong else ""
