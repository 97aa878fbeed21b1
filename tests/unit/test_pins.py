"""`make pins`: a row of the table of libraries is wrong only where a system's own lists say so."""

from __future__ import annotations

from tests.pins.providers import differences, listed

LINES = [
    "ffmpeg: /usr/bin/ffmpeg",
    "bash-completion: /usr/share/bash-completion/completions/ffmpeg",
    "libgl1: /usr/lib/x86_64-linux-gnu/libGL.so.1",
    "libpython3.11-stdlib: /usr/lib/python3.11/asyncio/__init__.py",
    "libpython3.11-stdlib: /usr/lib/python3.11/lib-dynload/_curses.cpython-311-x86_64-linux-gnu.so",
    "bash-completion: /usr/share/bash-completion/completions/pydoc",
    "--",
    "libpython3-stdlib",
    "  Depends: libpython3.11-stdlib",
    "default-jre-headless",
    " |Depends: openjdk-17-jre-headless",
    "  Suggests: ffmpeg",
]


def test_libraries_programs_and_modules_are_found_where_packages_have_them() -> None:
    said = {
        "bin/ffmpeg": "ffmpeg",
        "libGL.so.1": "libgl1",
        "asyncio": "libpython3-stdlib",  # by what it depends on
        "_curses": "libpython3-stdlib",
    }
    assert list(differences(said, listed(LINES))) == []


def test_what_is_elsewhere_or_nowhere_is_told() -> None:
    said = {"bin/ffmpeg": "default-jre-headless", "pydoc": "libpython3-stdlib"}
    assert list(differences(said, listed(LINES))) == [
        "bin/ffmpeg: the table says default-jre-headless; it is in ffmpeg",
        "pydoc: the table says libpython3-stdlib; it is in no package",
    ]
