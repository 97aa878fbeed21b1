"""A profile from strangers may name any file: what is in it is not told, only that it is no profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.errors import ProfileError
from parity.profile import check_profile, load_profile

SECRET = "s3cr3t"
FOREIGN = {
    "shadow": f"root:{SECRET}:19000:0:99999:7:::\nbin:*:1::::::\n",
    "a tag": f"!{SECRET} x\n",
    "an alias": f"a: *{SECRET}\n",
    "keys": f"{SECRET}: {SECRET}\n",
    "keys twice": f"{SECRET}: 1\n{SECRET}: 2\n",
    "values": f"target: {SECRET}\nimage: [{SECRET}]\n",
    "deeper": f"target: {{os: {SECRET}, {SECRET}: 1}}\n",
    "netrc": f"machine x login y password {SECRET}\n: {SECRET}",
    "escapes": f'a: "\\{SECRET}"\n',
    "a version": f"%YAML {SECRET}\n---\na: 1\n",
    "extends": f"extends: {SECRET}\n",
    "index": f"index: {{url: 'https://u:{SECRET}@x/'}}\n",
    "not text": f"\x00{SECRET}",
}


def told(path: Path) -> str:
    problems = check_profile(path)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    return "\n".join([caught.value.message, *caught.value.details, *map(str, problems)])


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("link", [False, True])
def test_what_lies_elsewhere_is_not_quoted(tmp_path: Path, what: str, link: bool) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "strangers").mkdir()
    foreign = tmp_path / "private" / "file"
    foreign.write_text(FOREIGN[what])
    base = str(foreign)
    if link:
        (tmp_path / "strangers" / "base.yaml").symlink_to(foreign)
        base = "base.yaml"
    profile = tmp_path / "strangers" / "p.yaml"
    profile.write_text(f"extends: {base}\n")
    text = told(profile)
    assert SECRET not in text
    assert "private/file" in text or "base.yaml" in text
    assert "parity profile check" in text
    assert SECRET in told(foreign) or what in ("shadow", "netrc", "escapes", "a version", "not text", "index")


def test_a_base_beside_the_profile_is_told_of_in_full(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(FOREIGN["keys"])
    (tmp_path / "p.yaml").write_text("extends: base.yaml\n")
    assert SECRET in told(tmp_path / "p.yaml")
