"""What the shell may complete."""

from __future__ import annotations


def profiles(incomplete: str) -> list[str]:
    """Names of profiles that begin so; file names are completed by the shell itself."""
    # Who asks is a shell; a call needs the library of schemas for profiles alone.
    from parity.profile import available  # noqa: PLC0415

    return [name for name in available() if name.startswith(incomplete)]


def pages(incomplete: str) -> list[str]:
    """Short names of the documentation's pages."""
    from parity.docs import page_names  # noqa: PLC0415

    return [name for name in page_names() if name.startswith(incomplete)]


def errors(incomplete: str) -> list[str]:
    """Names of errors."""
    from parity.docs import error_pages  # noqa: PLC0415

    return [page.name for page in error_pages() if page.name.lower().startswith(incomplete.lower())]
