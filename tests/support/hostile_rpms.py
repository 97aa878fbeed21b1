"""Sources of signed rpms whose index, which nobody signs, says of a package what it is not."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.inside import inside
from tests.support.rpms import SERVE

from parity.engine import Container
from parity.engine.guests import small_tar

_LIE = r"""
import gzip, hashlib, re, subprocess, sys
root = "/srv/repo/"
text = open(root + "repodata/repomd.xml").read()
block = re.search(r'<data type="primary">.*?</data>', text, re.DOTALL).group()
path = root + re.search(r'href="([^"]+)"', block).group(1)
unpack = ["zstd", "-dcq", path] if path.endswith("zst") else ["gzip", "-dc", path]
told = subprocess.run(unpack, stdout=subprocess.PIPE, check=True).stdout
for old, new in zip(sys.argv[1::2], sys.argv[2::2]):
    assert old.encode() in told, old
    told = told.replace(old.encode(), new.encode())
packed = gzip.compress(told)
with open(root + "repodata/primary.xml.gz", "wb") as file:
    file.write(packed)
digest, unpacked = hashlib.sha256(packed).hexdigest(), hashlib.sha256(told).hexdigest()
row = (
    f'<data type="primary"><checksum type="sha256">{digest}</checksum>'
    f'<open-checksum type="sha256">{unpacked}</open-checksum><location href="repodata/primary.xml.gz"/>'
    f'<timestamp>1</timestamp><size>{len(packed)}</size><open-size>{len(told)}</open-size></data>'
)
text = re.sub(r'<data type="(?!primary").*?</data>', "", text, flags=re.DOTALL).replace(block, row)
with open(root + "repodata/repomd.xml", "w") as file:
    file.write(text)
"""

_HREF = '<location href="demo-lib-1.5.rpm"'
_SUM = 'pkgid="YES">'
LIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "another name": ("wanted", ("demo-lib<", "wanted<", '"demo-lib" flags', '"wanted" flags')),
    "another version": ("demo-lib", ('ver="1.5"', 'ver="9.9"')),
    "line in version": ("demo-lib", ('ver="1.5"', 'ver="1.5&#10;x"')),
    "path as version": ("demo-lib", ('ver="1.5"', 'ver="../../../etc/x"')),
    "another epoch": ("demo-lib", ('epoch="1"', 'epoch="99999999999999999999"')),
    "another architecture": ("demo-lib", ("<arch>noarch", "<arch>x86_64")),
    "path as architecture": ("demo-lib", ("<arch>noarch", "<arch>../../x")),
    "path as name": ("demo-lib", ("<name>demo-lib<", "<name>../../demo-lib<")),
    "escape in name": ("demo-lib", ("<name>demo-lib<", "<name>demo-lib&#155;2J<")),
    "provides what it has not": ("libgone.so.1()(64bit)", ("libdemo.so.1()(64bit)", "libgone.so.1()(64bit)")),
    "path": ("demo-lib", (_HREF, '<location href="../../../../etc/passwd"')),
    "elsewhere": ("demo-lib", (_HREF, '<location href="http://127.0.0.1:9/demo-lib-1.5.rpm"')),
    "another base": ("demo-lib", (_HREF, '<location xml:base="file:///etc/" href="passwd"')),
    "option as path": ("demo-lib", (_HREF, '<location href="--root=/"')),
    "unsigned in its place": ("demo-lib", (_HREF, '<location href="bare-1.0.rpm"')),
    "altered in its place": ("demo-lib", (_HREF, '<location href="bent-1.0.rpm"')),
    "digest": ("demo-lib", (_SUM, f"{_SUM}0")),
    "no digest": ("demo-lib", (f'<checksum type="sha256" {_SUM}', '<checksum type="none" pkgid="NO">')),
    "size": ("demo-lib", ('<size package="', '<size package="999999999999')),
    "negative size": ("demo-lib", ('<size package="', '<size package="-')),
    "no end": ("demo-lib", ("</metadata>", "")),
    "entities": ("demo-lib", ("<name>demo-lib<", "<name>&a;demo-lib<")),
}
"""What is asked for, and what the index says in place of what is true (each second word for the first)."""
TRUE = {("demo-lib", "1:1.5-1", "noarch"), ("demo", "0:2.0-1", "noarch")}
"""What signed packages there are: whatever the index says, nothing else may come."""


def lie(room: Container, program: str, *words: str) -> None:
    """Change what the index of a room of `rpm_image` says: each second word takes the place of the first."""
    room.put("/", small_tar({"lie.py": _LIE.encode()}))
    quoted = " ".join(f"'{word}'" for word in words)
    assert inside(room, f"python3 /lie.py {quoted}").code == 0
    if program == "microdnf":
        inside(room, SERVE)
