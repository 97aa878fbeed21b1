"""What need not be measured twice: facts of an image, and the rehearsal of the same bytes in it.

A key holds everything that the result depends on, so a document that is found is the result of the
same question. The wheels' bytes are not taken on trust: the store and the bundle hash them anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from parity import __version__
from parity.engine.guests import guest_digest
from parity.model import Facts, MachineFacts, PinnedImage, Proof
from parity.pack import Draft
from parity.pipeline.context.values import Site
from parity.pipeline.rehearsal.early import Early
from parity.pipeline.rehearsal.natives import native_rules
from parity.pipeline.rehearsal.run import rehearse_bundle
from parity.portable.bundle.manifest import SYSTEM
from parity.probe import measure, parse_facts
from parity.rehearse import Carried, judge, remembered
from parity.wire.rehearsing import Seen
from parity.wire.shapes import Malformed


def facts_of(
    image: PinnedImage, python_minor: str, site: Site, told: Callable[[MachineFacts], object] = bool
) -> Facts:
    """The image's facts, measured unless this very image was measured before; `told` as in `measure`."""
    key = question("facts", image.content, image.id, image.platform, python_minor)
    document = site.memory.recall("facts", key)
    if document is None:
        document = measure(site.engine, image, python_minor, told)
        facts = parse_facts(document, image.name)
        site.memory.keep("facts", key, document)
        return facts
    facts = parse_facts(document, image.name)
    told(facts)
    return facts


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal saw, not yet judged; `reused`: it was seen before."""

    document: Seen
    key: str
    reused: bool


def rehearsal_of(draft: Draft, carried: Carried, site: Site, early: Early) -> Rehearsed:
    """Rehearse the draft, unless these very bytes were rehearsed well in this very image before.

    The words in which they were asked for may be others: a comment changes nothing that runs.

    A container that was made `early` may be used for it.
    """
    plan = draft.profile.rehearsal
    image, manifest = draft.image, hashlib.sha256(draft.tried()).hexdigest()
    key = question("proof", image.content, image.id, image.platform, image.emulated, manifest, plan)
    # What an engine saw that does not enforce every limit says nothing about one that does.
    here = question(key, site.engine.info().identity)
    for each in (key, here):
        remembered = _remembered(site.memory.recall("proof", each))
        if remembered is not None:
            return Rehearsed(remembered, each, reused=True)
    system = partial(draft.archive, SYSTEM) if draft.system else None
    seen = rehearse_bundle(site, draft.image, draft.facts, plan, carried, system, early=early)
    return Rehearsed(seen, key if all(seen["limits"].values()) else here, reused=False)


def _remembered(document: Mapping[str, object] | None) -> Seen | None:
    """What was seen before; None where there is nothing, or another version of parity wrote it otherwise."""
    try:
        return None if document is None else remembered(document)
    except Malformed:
        return None


def proof_of(draft: Draft, seen: Rehearsed, site: Site) -> Proof:
    """The draft's proof, remembered; errors as `parity.rehearse.judge`."""
    profile, locked = draft.profile, [wheel.locked for wheel in draft.wheels.wheels]
    rules = native_rules(profile.target, {wheel.name: wheel.filename for wheel in locked})
    proof = judge(seen.document, draft.image, draft.facts, profile.rehearsal, rules)
    if not seen.reused:
        site.memory.keep("proof", seen.key, seen.document)
    return replace(proof, reused=seen.reused)


def question(*parts: object) -> str:
    """One line that names the question: its parts, and the code that answers it."""
    return json.dumps([__version__, guest_digest(), *[str(part) for part in parts]])
