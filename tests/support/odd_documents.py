"""Valid documents made odd: any value in them replaced by any value of JSON, or left out."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

scalars = st.one_of(
    st.booleans(),
    st.integers(-3, 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["", "..", "/", "\x1b[2J", "a\nb", "\u202e", "-r", "1.0", "=="]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text("abnv-", min_size=1, max_size=4), inner, max_size=3),
    ),
    max_leaves=5,
)


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value in a document, the document's own left out."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    found = [here] if here else []
    return found + [place for key, each in items for place in places(each, (*here, key))]


@st.composite
def anywhere(draw: st.DrawFn, document: Any, other: st.SearchStrategy[Any] = values) -> Any:
    """The document with one value replaced, or gone."""
    made = copy.deepcopy(document)
    place = draw(st.sampled_from(places(made)))
    holder = made
    for key in place[:-1]:
        holder = holder[key]
    if draw(st.integers(0, 4)) == 0:
        del holder[place[-1]]
    else:
        holder[place[-1]] = draw(other)
    return made
