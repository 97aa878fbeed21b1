"""How gems and their files may be called. Standard library only, Python 3.6 and later."""

import re

# ASCII, and no dash or dot first: each becomes a word of a command line and a part of a path.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# A slash is for features in folders (`net/http`); an absolute path would require any file.
_FEATURE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+/-]{0,199}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,250}\.gem")


def is_word(text: str) -> bool:
    """Whether a gem, its version or its platform may be called so."""
    return bool(_WORD.fullmatch(text))


def is_gem_file(name: str) -> bool:
    """Whether a gem's file may be called so; it stands on gem's command line, behind a folder."""
    return bool(_FILE.fullmatch(name))


def is_feature(text: str) -> bool:
    """Whether it can be required: a path below a gem's own folders."""
    return bool(_FEATURE.fullmatch(text)) and ".." not in text.split("/")


def full_name(name: str, version: str, platform: str) -> str:
    """What gem calls it: name, version and, unless it is for all of them, platform."""
    return "-".join([name, version] if platform == "ruby" else [name, version, platform])
