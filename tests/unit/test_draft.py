"""A bundle in the making: a value, of which system packages make another one."""

from __future__ import annotations

from dataclasses import replace

from tests.support.targets import DEBIAN11

from parity.model import AskedFile, Lock, PinnedImage, SystemPackage, SystemSet, WheelSet
from parity.pack import Draft, file_of_bytes
from parity.profile import load_profile

IMAGE = PinnedImage("sha256:1", "", "debian:11", "linux/amd64", "local")
NOTHING = Lock((), "==3.9.*", "", "")
GL = SystemPackage("libgl1", "1.3", "amd64", "libgl1_1.3_amd64.deb", "0" * 64, 2, requested=True)
UV = file_of_bytes("tools/uv.whl", b"uv")
PLAIN = Draft(
    load_profile("debian11-py39"), IMAGE, DEBIAN11, DEBIAN11.document, NOTHING, WheelSet((), "", 0, 0), UV
)


def readme(draft: Draft) -> bytes:
    file = next(each for each in draft.files if each.path == "README.txt")
    assert file.open is not None
    return b"".join(file.open())


def test_system_packages_change_what_the_bundle_holds_and_tells_and_nothing_else() -> None:
    carrying = PLAIN.with_system(SystemSet("deb", (GL,)), (file_of_bytes(GL.path, b"gl"),))
    added = {each.path for each in carrying.files} - {each.path for each in PLAIN.files}
    assert (added, b"libgl1 1.3" in readme(carrying), b"libgl1" in readme(PLAIN)) == ({GL.path}, True, False)
    assert b'"manager":"deb"' in carrying.manifest(carrying.files)
    back = carrying.with_system(None, ())
    assert back.manifest(back.files) == PLAIN.manifest(PLAIN.files)


def test_a_comment_in_what_was_asked_for_is_nothing_to_rehearse_again() -> None:
    def asked(text: str) -> Draft:
        file = file_of_bytes("asked/1-requirements.txt", text.encode())
        return replace(PLAIN, asked=(AskedFile("requirements", "requirements.txt", False, file),))

    one, other = asked("requests\n"), asked("requests  # for the plant\n")
    assert one.manifest(one.rehearsed()) != other.manifest(other.rehearsed())
    assert one.tried() == other.tried() == PLAIN.tried()
    more = replace(PLAIN, more=(file_of_bytes("files/a.ini", b"[a]\n"),))
    assert more.tried() != PLAIN.tried()
    profile = replace(PLAIN.profile, document=PLAIN.profile.document + "# plant 7\n")
    assert replace(PLAIN, profile=profile).tried() == PLAIN.tried()
