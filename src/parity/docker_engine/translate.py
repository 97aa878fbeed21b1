"""The SDK's exceptions as ours: the engine is lost, or it refused; secrets never get into a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import docker.errors
import requests
import urllib3

from parity.errors import EngineLost, EngineRefused

_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What the SDK and we raise over an answer that is not what the API promises."""
_LONGEST = 4000
# Errors name addresses (a mirror's, a proxy's) with login and all.
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


def clean(text: str) -> str:
    """An engine's message on one line that does nothing to a terminal, without credentials in addresses."""
    # Credentials go first: cutting first could leave half of one without its `@`.
    shown = _CREDENTIALS.sub("", " ".join(text.split()))[:_LONGEST]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in shown)


@contextmanager
def translated(address: str, doing: str) -> Iterator[None]:
    """Turn whatever the SDK or the connection raises inside into EngineRefused or EngineLost.

    Args:
        address: the engine's address, for the message.
        doing: what was asked of it, in a few words: `start a container`.
    """
    try:
        yield
    except docker.errors.APIError as error:
        raise refused(doing, str(error.explanation or error), where=address) from error
    # Before RequestException, which it is one of.
    except requests.exceptions.Timeout as error:
        raise lost(address, f"it did not answer when asked to {doing}") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise lost(address, innermost(error)) from error
    # After APIError for the same reason; these never reached the engine.
    except docker.errors.DockerException as error:
        raise refused(doing, str(error), where=address) from error
    except _MALFORMED as error:
        reason = f"its answer when asked to {doing} cannot be understood ({type(error).__name__})"
        raise lost(address, reason) from error


def refused(doing: str, reason: str, *, where: str = "", details: tuple[str, ...] = ()) -> EngineRefused:
    """The error for an engine that answered no."""
    return EngineRefused(f"the engine refused to {doing}: {clean(reason)}", where=where, details=details)


def lost(address: str, reason: str) -> EngineLost:
    """The error for an engine that went away."""
    return EngineLost(f"the container engine went away: {clean(reason)}", where=address)


def innermost(error: BaseException) -> str:
    """The system's own words at the bottom of requests' and urllib3's nested exceptions."""
    seen: list[BaseException] = []
    current: BaseException | None = error
    # Exceptions can name each other as causes in a circle.
    while current is not None and current not in seen:
        seen.append(current)
        inner = [a for a in current.args if isinstance(a, BaseException)]
        current = current.__cause__ or current.__context__ or (inner[0] if inner else None)
    system = [e for e in seen if isinstance(e, OSError) and e.strerror]
    return str(system[-1].strerror) if system else str(seen[-1]) or type(seen[-1]).__name__


class Upload:
    """A caller's chunks on their way to the engine, with the caller's own exceptions kept apart.

    requests turns an OSError of the iterable into a connection error; a disk that cannot be read
    must not look like a lost engine.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            # An empty chunk would end a chunked HTTP body before its time.
            yield from (chunk for chunk in self._chunks if chunk)
        except Exception as error:
            self._error = error
            raise

    def raise_own(self) -> None:
        """Raise what the caller's iterable raised, if it did."""
        if self._error is not None:
            raise self._error
