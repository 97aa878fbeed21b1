"""What a failed import wanted, as its exception tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.test_rehearse_guest import answers_of

from parity.guest.environment import metadata

DJANGO = "class ImproperlyConfigured(Exception): pass\nraise ImproperlyConfigured('x')"
APPS = "class AppRegistryNotReady(Exception): pass\nraise AppRegistryNotReady('no apps')"
INSTEAD = """
try:
    import aiohttp_not_here
except ImportError:
    raise ImportError('install x[d]') from None
"""
HANDLING = """
try:
    import ujson_not_here
except ImportError:
    raise ValueError('something else')
"""
OLD_NAME = """
import sys
sys.modules['tkinter'] = None
try:
    import tkinter.ttk
except ImportError:
    import Tkinter_not_here
"""
TK = """
class TclError(Exception): pass
raise TclError('no display name and no $DISPLAY environment variable')
"""
KEYBOARD = """
class DisplayNameError(Exception): pass
try:
    raise DisplayNameError('')
except DisplayNameError as problem:
    raise ImportError('this platform is not supported') from problem
"""
TEXTS = {
    "plain": ("import nothing_like_this", ("module", "nothing_like_this")),
    "below": ("import email.nothing_like_this", ("module", "email.nothing_like_this")),
    "old-name": (OLD_NAME, ("module", "tkinter.ttk")),
    "instead": (INSTEAD, ("module", "aiohttp_not_here")),
    "words": ("raise ImportError('install foo[bar]')", ("module", "")),
    "by_hand_library": ("raise ImportError('failed to find libmagic. Check your installation')", ("", "")),
    "no_name": ("from os import nothing_like_this", ("", "")),
    "other": ("raise ValueError('broken')", ("", "")),
    "handling": (HANDLING, ("", "")),
    "django": (DJANGO, ("settings", "")),
    "apps": (APPS, ("settings", "")),
    "variable": ("import os\nos.environ['NO_SUCH_SETTING']", ("settings", "")),
    "key": ("{}['NO_SUCH_SETTING']", ("", "")),
    "screen": ("import os\nos.environ['DISPLAY']", ("display", "")),
    "tk": (TK, ("display", "")),
    "keyboard": (KEYBOARD, ("display", "")),
    "display_of_data": ("raise ValueError('cannot show this table')", ("", "")),
}


def test_what_a_failed_import_wanted_is_read_off_its_exception(tmp_path: Path) -> None:
    for name, (text, _) in TEXTS.items():
        (tmp_path / f"{name}.py").write_text(text)
    told = answers_of(tmp_path, *([name] for name in TEXTS))
    found = {each["module"]: (each["wants"], each["missing"]) for each in told}
    assert found == {name: wanted for name, (_, wanted) in TEXTS.items()}


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ("Import-Name: yaml\nImport-Name: _yaml ; private\nImport-Name: a.b\n", ("yaml", "a.b")),
        ("Import-Name:\nImport-Name: not a name\nImport-Name: ../x\n", ()),
        ("Requires-Dist: six\n\nImport-Name: inthetext\n", ()),
    ],
)
def test_import_names_are_those_of_pep_794(tmp_path: Path, lines: str, names: tuple[str, ...]) -> None:
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.5\nName: x\n{lines}")
    assert metadata.of_installed(str(tmp_path)).import_names == names
    assert metadata.of_installed(str(tmp_path / "none")) == metadata.NOTHING
