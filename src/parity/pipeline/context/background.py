"""Something that goes on beside the story until its result is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def beside(action: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """Begin an action in a thread; gives what waits for its result, or raises what it raised.

    Leaving the context waits for its end, by any door.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="beside") as pool:
        yield pool.submit(action).result
