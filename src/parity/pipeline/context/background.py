"""Something that goes on beside the story until its result is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def beside(action: Callable[[], T], give_up: Callable[[], None] = lambda: None) -> Iterator[Callable[[], T]]:
    """Begin an action in a thread; gives what waits for its result, or raises what it raised.

    Leaving the context waits for its end, by any door.

    Args:
        action: what to do.
        give_up: called where an error leads out of the context, so that an action that waits is let go.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="beside") as pool:
        running: list[Future[T]] = []
        try:
            # In here: a signal may come when it has begun and `submit` has not returned.
            running.append(pool.submit(action))
            yield running[0].result
        except BaseException:
            give_up()
            raise
        finally:
            # The pool joins its thread, and a join that a signal cuts short forgets it (Python up to 3.12).
            wait(running)
