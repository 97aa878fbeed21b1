"""Sources of signed rpms whose index, which nobody signs, says of a package what it is not."""

from __future__ import annotations

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


def lie(room: Container, program: str, *words: str) -> None:
    """Change what the index of a room of `rpm_image` says: each second word takes the place of the first."""
    room.put("/", small_tar({"lie.py": _LIE.encode()}))
    quoted = " ".join(f"'{word}'" for word in words)
    assert inside(room, f"python3 /lie.py {quoted}").code == 0
    if program == "microdnf":
        inside(room, SERVE)
