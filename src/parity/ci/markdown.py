"""Texts from outside in Markdown that a forge shows: in reviews, plans and summaries. Pure."""

from __future__ import annotations

import re

from parity.portable.texts import printable

# The colon of `://` and the dot of `www.`: forges make links of addresses without any markup.
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&@#$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
# A backslash does not keep forges from linking people (@), issues (#) and addresses, or from formulas ($).
_ESCAPES = {"&": "&amp;", "@": "&#64;", "#": "&#35;", "$": "&#36;", ":": "&#58;", ".": "&#46;"}


def as_shown(text: str) -> str:
    """A text that Markdown shows as it is: no markup, no HTML, no mention of people, issues or addresses."""
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found.group(), "\\" + found.group()), printable(text))
