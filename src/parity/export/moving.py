"""What an exported environment has besides, so that it can lie elsewhere: a script for the shell alone. Pure.

Its own path stands in the scripts of `bin` and in pyvenv.cfg, and nowhere else: what wheels hold is not
rewritten by any installer.
"""

from __future__ import annotations

from collections.abc import Iterable

SCRIPT, MARK = "relocate.sh", "relocate.from"
_SCRIPT = r"""#!/bin/sh
# Makes this environment work where it lies now: sh relocate.sh
# It needs a POSIX shell with cp, mv, sed; what it rewrites is listed below. Run it again after each move.
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
while IFS= read -r name; do
    file=$here/$name
    [ -f "$file" ] && [ ! -h "$file" ] || continue
    cp -p -- "$file" "$file.partial"
    sed -e "s|^$pattern\$|$here|" -e "s|^$pattern$end|$here\1|" -e "s|$begin$pattern\$|\1$here|" \
        -e "s|$begin$pattern$end|\1$here\2|g" -e "s|$begin$pattern$end|\1$here\2|g" "$file" >"$file.partial"
    mv -f -- "$file.partial" "$file"
done <<'END_OF_LIST'
@LIST@
END_OF_LIST
printf '%s\n' "$here" >"$here/@MARK@"
echo "relocate.sh: it works at $here"
"""


def script(rewritten: Iterable[str]) -> bytes:
    """The script.

    Args:
        rewritten: paths below the environment whose text names its place; none has a newline.
    """
    text = _SCRIPT.replace("@MARK@", MARK).replace("@LIST@", "\n".join(sorted(rewritten)))
    return text.encode("utf-8", "surrogateescape")
