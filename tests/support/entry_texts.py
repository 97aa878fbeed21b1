"""entry_points.txt at random: lines that every installer reads alike, and lines that they do not."""

from __future__ import annotations

import random

# `{n}` is the wheel's number, so that no two wheels want one script.
_PLAIN = (
    "[console_scripts]",
    "[gui_scripts]",
    "[other.group]",
    "[a group:b]",
    "tool{n} = evil:main",
    "more{n}=evil.sub:Thing.main",
    "With-{n}.dots_+ = evil:main [extra, more]",
    "x = y",
    "odd name: of / others = any value; [at] all # here",
    "# a comment",
    "",
    "empty =",
)
_ODD = (
    "[console_scripts]]",
    "[[gui_scripts]",
    "[ console_scripts]",
    "[console_scripts ]",
    "[DEFAULT]",
    "[default]",
    "[console_scripts] # more",
    "; tool{n} = evil:main",
    "tool{n} : evil:main",
    "tool{n}",
    "b python{n} = evil:main",
    "b#p{n} = evil:main",
    "tool{n} = evil:main # more",
    "tool{n} = evil:main ; more",
    "tool{n} = evil : main",
    "[x] = y",
    "x = y\x0b[console_scripts]",
    "x = y\x85tool{n} = evil:main",
    "x = y\r[console_scripts]",
    "../up{n} = evil:main",
    "rem tool{n} = evil:main",
    "a:b{n} = evil:main",
)
_INDENTS = ("", "", "", "", " ", "  ", "\t")
_ENDS = ("\n", "\n", "\n", "\n", "\r\n", " \n", "\t\n")


def random_text(dice: random.Random, number: int) -> str:
    """A text of a few lines, most of them plain."""
    indent, text = dice.choice(_INDENTS), ""
    lines = ["[console_scripts]", *dice.sample(_PLAIN[1:], dice.randint(1, 8))]
    for plain in lines[dice.random() < 0.2 :]:
        if dice.random() < 0.08:
            indent = dice.choice(_INDENTS)
        line = dice.choice(_ODD) if dice.random() < 0.04 else plain
        text += indent + line.replace("{n}", str(number)) + dice.choice(_ENDS)
    return text
