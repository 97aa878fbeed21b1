"""The links of an index's HTML page (PEP 503), read in a time that grows with the page alone.

The standard library's reader takes hours for a page of some hundred kilobytes that opens tags without an
end. So tags are found first, each within bounds, and only whole ones are given to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_LONGEST = 16 << 10
"""Characters of one tag; those of real pages have some hundred."""
_MOST_BROKEN = 1000
"""Tags without an end; a page with more of them is none."""
_BEGINNING = re.compile(r"<(?:a|base)\s", re.IGNORECASE)
# Whatever stands in quotes does not end it.
_TAG = re.compile(r"""<\w+\s(?:[^>"']|"[^"]*"|'[^']*')*>""")


def page_links(text: str) -> Iterator[tuple[str, str]]:
    """The links of a page.

    Args:
        text: the page; a tag without an end, or longer than 16 KiB, is left out.

    Yields:
        (`a` or `base`, the address as written, without the blanks around it); none that is empty.
    """
    reader, end, broken = _Tag(), 0, 0
    for beginning in _BEGINNING.finditer(text):
        if beginning.start() < end:
            continue
        match = _TAG.match(text, beginning.start(), beginning.start() + _LONGEST)
        if match is not None:
            end = match.end()
            reader.feed(match[0])
            yield from reader.taken()
        elif (broken := broken + 1) > _MOST_BROKEN:
            return


class _Tag(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # As browsers have it, the first attribute of a name counts.
        address = next((value for name, value in attrs if name == "href"), None)
        if address and address.strip():
            self._found.append((tag, address.strip()))

    def taken(self) -> list[tuple[str, str]]:
        found, self._found = self._found, []
        self.reset()
        return found
