"""Standard modules that newer Pythons have no more (PEP 594, PEP 632)."""

from __future__ import annotations

SUCCESSORS = {
    "asynchat": "pyasynchat",
    "asyncore": "pyasyncore",
    "audioop": "audioop-lts",
    "cgi": "legacy-cgi",
    "cgitb": "legacy-cgi",
    **{
        name: f"standard-{name}"
        for name in ("aifc", "chunk", "imghdr", "mailcap", "nntplib", "pipes", "smtpd", "sndhdr")
    },
    **{name: f"standard-{name}" for name in ("sunau", "telnetlib", "uu", "xdrlib")},
}
"""Packages of the public index under which the modules of PEP 594 live on."""

WITHOUT_SUCCESSOR = frozenset(("crypt", "imp", "lib2to3"))
"""Those that no known package brings back."""
