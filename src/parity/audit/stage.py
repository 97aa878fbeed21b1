"""The wheel set judged in a container: the guest reads, this side decides."""

from __future__ import annotations

from collections.abc import Sequence

from parity.engine.events import Event
from parity.engine.guests import Guest, GuestFailed
from parity.engine.workshop import out_of_memory
from parity.errors import FetchFailed, HostileWheel
from parity.model import Finding, Limits, WheelSet
from parity.model.limits import remedy, spelt
from parity.portable.wheel.wheelset import ALLOWABLE, REFUSED
from parity.progress import Reporter
from parity.wire.shapes import read
from parity.wire.store import AuditFinding, AuditJob, AuditProgress, AuditResult
from parity.wire.tasks import AUDIT

_REMEDY_ALLOW = (
    "leave the package out, pin another version, or accept it: rehearsal: {{allow: [{0}]}} in the profile, "
    "or --allow {1}"
)
_REMEDY_NEVER = "leave {} out or pin another version; nothing may allow a malformed wheel"


def audit_wheels(
    guest: Guest,
    wheels: WheelSet,
    allow: Sequence[str],
    *,
    cache: str | None = None,
    timeout: float = Limits.audit,
) -> tuple[Finding, ...]:
    """Judge every wheel of a set as a file; none of its code runs.

    Args:
        guest: the workshop's; its reporter hears wheels done and total, and what was let pass.
        wheels: the set; each file is hashed again.
        allow: findings accepted by name, `KIND:PACKAGE`.
        cache: a writable folder in the container for judgements, None for none.
        timeout: seconds for all.

    Returns:
        findings that do not stop the build: allowed ones and warnings.

    Raises:
        HostileWheel: names every finding that stops it.
        FetchFailed: a wheel is not in the store or cannot be read.
    """
    passed = interpret(judge_wheels(guest, wheels, allow, cache=cache, timeout=timeout))
    for finding in passed:
        guest.reporter.warn(f"{finding.wheel}: {finding.message} ({finding.kind})", finding.kind)
    return passed


def judge_wheels(
    guest: Guest,
    wheels: WheelSet,
    allow: Sequence[str],
    *,
    cache: str | None = None,
    timeout: float = Limits.audit,
) -> AuditResult:
    """All that is found in a set's wheels, whatever it means; args and errors as `audit_wheels`."""

    def hear(event: Event) -> None:
        if event["event"] == "progress":
            _advance(read(AuditProgress, event, "its progress"), guest.reporter)

    try:
        return guest.ask(AUDIT, audit_job(wheels, allow, cache), on_event=hear, timeout=timeout)
    except GuestFailed as error:
        raise out_of_memory(error) or FetchFailed(
            "the stored wheels cannot be read: " + error.last_line
        ) from error
    except TimeoutError as error:
        raise FetchFailed(
            f"judging the wheels took longer than {spelt(timeout)}", remedy=remedy("audit")
        ) from error


def _advance(so_far: AuditProgress, reporter: Reporter) -> None:
    reporter.count(so_far["done"], so_far["total"], "wheels")


def audit_job(wheels: WheelSet, allow: Sequence[str], cache: str | None) -> AuditJob:
    """The guest's job (see `parity.guest.tasks.audit`)."""
    return {
        "folder": wheels.folder,
        "wheels": [
            {
                "filename": one.locked.filename,
                "sha256": one.locked.sha256,
                "package": one.locked.name,
                "version": one.locked.version,
            }
            for one in wheels.wheels
        ],
        "allow": list(allow),
        "cache": cache,
    }


def interpret(result: AuditResult) -> tuple[Finding, ...]:
    """Decide what the guest's findings mean. Pure.

    Returns:
        the findings that do not stop the build.

    Raises:
        HostileWheel: at least one does; its details are all of them.
    """
    refused = [found for found in result["findings"] if found["level"] == REFUSED]
    if not refused:
        return tuple(_finding(found) for found in result["findings"])
    lines = tuple(f"{each['wheel']}: {each['message']} [{each['kind']}]" for each in refused)
    wheels = sorted({each["wheel"] for each in refused})
    more = f" (and {len(refused) - 1} more findings)" if len(refused) > 1 else ""
    raise HostileWheel(
        f"{lines[0]}{more}", where=", ".join(wheels[:5]), remedy=_remedy(refused), details=lines
    )


def _remedy(refused: Sequence[AuditFinding]) -> str:
    """What accepts everything at once; of what nothing accepts, what else can be done."""
    never = sorted({each["package"] for each in refused if each["kind"] not in ALLOWABLE})
    words = sorted({f"{each['kind']}:{each['package']}" for each in refused if each["kind"] in ALLOWABLE})
    lines = [_REMEDY_NEVER.format(", ".join(never))] if never else []
    if words:
        lines.append(_REMEDY_ALLOW.format(", ".join(words), ",".join(words)))
    return "; for the others: ".join(lines)


def _finding(found: AuditFinding) -> Finding:
    return Finding(found["wheel"], found["kind"], found["message"], found["package"])
