"""What an exported environment has besides, so that it can lie elsewhere: a script for the shell alone. Pure.

Its own path stands in the scripts of `bin` and in pyvenv.cfg, and nowhere else: what wheels hold is not
rewritten by any installer, but the first lines of their scripts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SCRIPT, MARK = "relocate.sh", "relocate.from"
_SCRIPT = r"""#!/bin/sh
# Makes this environment work where it lies now: sh relocate.sh
# It needs a POSIX shell with cp, head, mv, sed, tail; the list is below. Run it again after each move.
set -eu
LC_ALL=C
export LC_ALL
refuse() {
    echo "relocate.sh: $1" >&2
    echo "relocate.sh: what to do: $2" >&2
    exit 1
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
old=$(cat "$here/@MARK@")
[ "$here" != "$old" ] || { echo "relocate.sh: it works at $here already"; exit 0; }
case $here in
*[!A-Za-z0-9._+/-]*) refuse "scripts cannot name $here" "use a path of letters, digits and . _ + - alone" ;;
esac
case $old in
"" | *[!A-Za-z0-9._+/-]*) refuse "@MARK@ was changed" "unpack the environment again" ;;
esac
# The kernel reads no more of a first line than this (execve(2)).
[ "${#here}" -le 100 ] || refuse "$here is too long for scripts' first lines" "use a shorter path"
case $here/ in
"$old"/*) refuse "$here lies below $old, where it was before" "move it beside that" ;;
esac
pattern=$(printf %s "$old" | sed 's/[.+]/\\&/g; s/\\+/+/g')
# A whole path and no part of a longer one: so a file that was rewritten before a stop stays as it is.
begin='\([^A-Za-z0-9._+-]\)'
end=$begin
rewritten() {
    sed -e "s|^$pattern\$|$here|" -e "s|^$pattern$end|$here\1|" -e "s|$begin$pattern\$|\1$here|" \
        -e "s|$begin$pattern$end|\1$here\2|g" -e "s|$begin$pattern$end|\1$here\2|g"
}
while IFS= read -r told; do
    lines=${told%% *}
    file=$here/${told#* }
    [ -f "$file" ] && [ ! -h "$file" ] || continue
    cp -p -- "$file" "$file.partial"
    if [ "$lines" = 0 ]; then
        rewritten <"$file" >"$file.partial"
    else
        # What follows is no text, or long: it stays as it is.
        head -n "$lines" "$file" | rewritten >"$file.partial"
        tail -n "+$((lines + 1))" "$file" >>"$file.partial"
    fi
    mv -f -- "$file.partial" "$file"
done <<'END_OF_LIST'
@LIST@
END_OF_LIST
printf '%s\n' "$here" >"$here/@MARK@"
echo "relocate.sh: it works at $here"
"""


class RelocatedFile(NamedTuple):
    """A file whose text names the environment's place: in so many of its first lines, 0 for anywhere."""

    path: str
    lines: int = 0


def script(rewritten: Iterable[RelocatedFile]) -> bytes:
    """The script.

    Args:
        rewritten: files below the environment; no path has a newline.
    """
    listed = "\n".join(f"{each.lines} {each.path}" for each in sorted(rewritten))
    text = _SCRIPT.replace("@MARK@", MARK).replace("@LIST@", listed)
    return text.encode("utf-8", "surrogateescape")


def naming_lines(data: bytes, text: bytes, *, whole: bool) -> int | None:
    """In how many of its first lines a script names a place; 0 for anywhere, None where it does not.

    Args:
        data: its bytes, as many as are looked at.
        text: the place.
        whole: whether these are all.
    """
    if whole and b"\0" not in data:
        return 0 if text in data else None
    # An archive of modules behind one line (PEP 441), or a long script: installers write the first line, and
    # the second where the kernel would not read so long a first one.
    lines = data.split(b"\n", 2)[:2] if data.startswith(b"#!") else []
    found = (count for count, line in enumerate(lines, 1) if text in line and b"\0" not in line)
    return next(found, None)
