"""Releases side by side: signed bundles installed for real, gone back to, pruned; serials never forgotten."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.signed import Signed, quick_uv, signed, successive
from tests.support.wheels import make_wheel

from parity.farside.install.install import Request, install
from parity.farside.install.releases import installed, rollback
from parity.portable.bundle.openssl import openssl_checker
from parity.portable.errors import (
    BundleDamaged,
    InstallFailed,
    NothingInstalled,
    OlderBundle,
    PrefixInUse,
    SignatureInvalid,
)
from parity.sign import generate_key


def silent(_line: str) -> None:
    """Say nothing."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Signed]:
    """Serials 1 to 4 of one product; alpha's version is the serial's."""
    return successive(tmp_path_factory.mktemp("bundles"), {serial: {} for serial in (1, 2, 3, 4)})


def request(bundle: Signed, prefix: Path, **options: Any) -> Request:
    check = openssl_checker([str(bundle.public)])
    return Request(str(bundle.path), str(prefix), check=check, **options)


def put(bundle: Signed, prefix: Path, **options: Any) -> Any:
    return install(request(bundle, prefix, **options), silent)


def versions(prefix: Path) -> list[tuple[str | None, bool]]:
    """Version and whether it is current, of each release in order."""
    return [(row["version"], row["current"]) for row in installed(str(prefix))["releases"]]


def tree(path: Path) -> dict[str, str]:
    """Every file below a folder with its digest."""
    files = (file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink())
    return {str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


# --- one after the other ------------------------------------------------------------------------------


def test_releases_lie_side_by_side_and_the_record_tells_all(bundles: list[Signed], tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    first, second = put(bundles[0], prefix), put(bundles[1], prefix)
    assert versions(prefix) == [("1.0", False), ("2.0", True)]
    assert (second["previous"], second["switched"]) == (first["release"], True)
    assert second["changes"] == {
        "added": [],
        "removed": [],
        "changed": [{"name": "alpha", "from": "1.0", "to": "2.0"}],
    }
    back = rollback(str(prefix), "", True, silent)
    assert (back["release"], back["previous"], back["imports"]) == (
        first["release"],
        second["release"],
        {"tried": 2},
    )
    document = installed(str(prefix))
    assert [(act["act"], act["serial"], bool(act["signers"])) for act in document["acts"]] == [
        ("install", 1, True),
        ("install", 2, True),
        ("rollback", 1, False),
    ]
    assert document["highest"] == {
        "demo": {"serial": 2, "payload_sha256": document["acts"][1]["payload_sha256"]}
    }
    assert all(act["uid"] == os.getuid() and str(act["at"]).startswith("20") for act in document["acts"])


def test_the_receipt_answers_what_auditors_ask(bundles: list[Signed], tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    first = put(bundles[0], prefix)
    second = put(bundles[1], prefix, imports=False)
    told = json.loads((prefix / "current" / "parity-receipt.json").read_text())
    signer = hashlib.sha256(openssl_der(bundles[1].public)).hexdigest()
    assert told["signature"] == {"checked": True, "signers": [signer]}
    assert told["bundle"]["serial"] == 2
    assert told["payload_sha256"] == hashlib.sha256(bundles[1].path.read_bytes()[65536:]).hexdigest()
    assert told["previous"] == first["release"]
    assert told["overrides"] == second["overrides"] == ["no-imports"]
    assert [len(package["sha256"]) for package in told["packages"]] == [64, 64]
    assert told["place"] == str(prefix)


def openssl_der(public: Path) -> bytes:
    command = ["openssl", "pkey", "-pubin", "-in", str(public), "-outform", "DER"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_going_back_goes_back_one_release_at_a_time(bundles: list[Signed], tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    ids = [put(bundle, prefix)["release"] for bundle in bundles[:3]]
    assert rollback(str(prefix), "", True, silent)["release"] == ids[1]
    assert rollback(str(prefix), "", True, silent)["release"] == ids[0]
    with pytest.raises(NothingInstalled, match="no release before"):
        rollback(str(prefix), "", True, silent)
    assert rollback(str(prefix), ids[2][:5], True, silent)["release"] == ids[2]
    with pytest.raises(NothingInstalled, match="names 0 of"):
        rollback(str(prefix), "zzz", True, silent)
    assert versions(prefix) == [("1.0", False), ("2.0", False), ("3.0", True)]


def test_a_release_that_broke_meanwhile_is_not_gone_back_to(bundles: list[Signed], tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    old = Path(put(bundles[0], prefix)["path"])
    put(bundles[1], prefix)
    next(old.rglob("beta.py")).write_text("import gone\n")
    with pytest.raises(InstallFailed, match="No module named 'gone'"):
        rollback(str(prefix), "", True, silent)
    assert versions(prefix) == [("1.0", False), ("2.0", True)]
    assert rollback(str(prefix), "", False, silent)["switched"] is True
    assert installed(str(prefix))["acts"][-1]["overrides"] == ["no-imports"]


# --- serials ------------------------------------------------------------------------------------------


def test_an_older_serial_is_refused_and_an_override_is_recorded(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    put(bundles[2], prefix)
    before = tree(prefix)
    for options in ({}, {"dry_run": True}):
        with pytest.raises(OlderBundle, match=r"serial 2 of demo 2\.0 is lower than serial 3"):
            put(bundles[1], prefix, **options)
    assert tree(prefix) == before
    result = put(bundles[1], prefix, allow_older=True)
    (override,) = result["overrides"]
    assert "serial 2" in override
    assert json.loads((prefix / "current/parity-receipt.json").read_text())["overrides"] == [override]
    assert installed(str(prefix))["acts"][-1]["overrides"] == [override]
    with pytest.raises(OlderBundle, match="lower than serial 3"):
        put(bundles[0], prefix)


def test_the_same_payload_again_is_no_step_back_unless_something_newer_is_current(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    put(bundles[0], prefix)
    acts = installed(str(prefix))["acts"]
    again = put(bundles[0], prefix)
    assert (again["already_installed"], again["switched"]) == (True, False)
    assert installed(str(prefix))["acts"] == acts
    put(bundles[1], prefix)
    with pytest.raises(OlderBundle):
        put(bundles[0], prefix)
    rollback(str(prefix), "", True, silent)
    assert put(bundles[0], prefix)["switched"] is False
    assert put(bundles[1], prefix)["switched"] is True


def test_pruning_spares_current_and_previous_and_forgets_no_serial(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    for bundle in bundles[:3]:
        put(bundle, prefix)
    assert [len(put(bundles[3], prefix, keep=1)["pruned"]), versions(prefix)] == [
        2,
        [("3.0", False), ("4.0", True)],
    ]
    assert [act["serial"] for act in installed(str(prefix))["acts"] if act["act"] == "prune"] == [1, 2]
    with pytest.raises(OlderBundle, match="serial 4"):
        put(bundles[0], prefix)
    for release in (prefix / "releases").iterdir():
        shutil.rmtree(release)
    with pytest.raises(OlderBundle, match="serial 4"):
        put(bundles[0], prefix)


def test_what_is_pruned_is_the_oldest_and_only_as_much_as_asked(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    for bundle in bundles[:3]:
        assert put(bundle, prefix, keep=3)["pruned"] == []
    put(bundles[3], prefix, keep=3)
    assert [version for version, _ in versions(prefix)] == ["2.0", "3.0", "4.0"]


def test_a_bundle_that_was_never_signed_does_not_slip_past_the_serials(
    bundles: list[Signed], tmp_path: Path
) -> None:
    prefix = tmp_path / "prefix"
    put(bundles[0], prefix)
    folder = bundles[1].unpack(tmp_path / "folder")
    (folder / "parity-envelope.json").unlink()
    with pytest.raises(OlderBundle, match="never signed"):
        install(Request(str(folder), str(prefix)), silent)


# --- what is installed from ---------------------------------------------------------------------------


def test_an_unpacked_bundle_is_checked_against_a_key_too(bundles: list[Signed], tmp_path: Path) -> None:
    folder = bundles[0].unpack(tmp_path / "folder")
    check = openssl_checker([str(bundles[0].public)])
    result = install(Request(str(folder), str(tmp_path / "p"), check=check), silent)
    assert len(result["signers"]) == 1
    (folder / "parity-envelope.json").unlink()
    with pytest.raises(SignatureInvalid, match="carries no signature"):
        install(Request(str(folder), str(tmp_path / "q"), check=check), silent)
    assert not (tmp_path / "q").exists()


def test_a_file_is_not_installed_without_a_key(bundles: list[Signed], tmp_path: Path) -> None:
    with pytest.raises(SignatureInvalid, match="without a key"):
        install(Request(str(bundles[0].path), str(tmp_path / "p")), silent)


def test_a_bundle_by_somebody_else_or_damaged_writes_nothing(bundles: list[Signed], tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pub"
    stranger.write_bytes(generate_key().public.pem)
    bad = tmp_path / "bad.parity.tar"
    data = bytearray(bundles[0].path.read_bytes())
    data[-3000] ^= 1
    bad.write_bytes(bytes(data))
    before = sorted(tmp_path.iterdir())
    for bundle, error in (
        (Signed(bundles[0].path, stranger), SignatureInvalid),
        (Signed(bad, bundles[0].public), BundleDamaged),
    ):
        for options in ({}, {"dry_run": True}):
            with pytest.raises(error):
                put(bundle, tmp_path / "prefix", **options)
    assert sorted(tmp_path.iterdir()) == before


def test_a_dry_run_tells_the_changes_and_writes_nothing(bundles: list[Signed], tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    put(bundles[0], prefix)
    before, said = tree(prefix), list[str]()
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    other = [
        make_wheel(wheels, "alpha", "9.0", {"alpha/__init__.py": b""}),
        make_wheel(wheels, "new", "1", {}),
    ]
    later = signed(tmp_path / "later", other, serial=9, uv=quick_uv(wheels))
    result = install(request(later, prefix, dry_run=True), said.append)
    assert result["changes"] == {
        "added": [{"name": "new", "version": "1"}],
        "removed": [{"name": "beta", "version": "2.1"}],
        "changed": [{"name": "alpha", "from": "1.0", "to": "9.0"}],
    }
    assert [line for line in said if line.startswith("  ")] == [
        "  + new 1",
        "  - beta 2.1",
        "  ~ alpha 1.0 -> 9.0",
    ]
    assert tree(prefix) == before


def test_every_module_is_compiled_on_request(bundles: list[Signed], tmp_path: Path) -> None:
    put(bundles[0], tmp_path / "p", imports=False)
    put(bundles[0], tmp_path / "q", imports=False, compile_all=True)
    assert not list((tmp_path / "p").rglob("alpha/__pycache__/*.pyc"))
    assert len(list((tmp_path / "q").rglob("alpha/__pycache__/*.pyc"))) == 1


@pytest.mark.parametrize("what", ["none", "foreign"])
def test_only_a_prefix_is_listed_or_gone_back_in(tmp_path: Path, what: str) -> None:
    if what == "foreign":
        (tmp_path / what).mkdir()
        (tmp_path / what / "notes.txt").write_bytes(b"")
    error = PrefixInUse if what == "foreign" else NothingInstalled
    with pytest.raises(error):
        installed(str(tmp_path / what))
    with pytest.raises(error):
        rollback(str(tmp_path / what), "", True, silent)
    assert (tmp_path / what).exists() is (what == "foreign")


@pytest.mark.parametrize("inside", ["x", "current/x", "current/bin/x/y", "releases/x", "link"])
def test_no_prefix_is_made_inside_another(bundles: list[Signed], tmp_path: Path, inside: str) -> None:
    prefix = tmp_path / "app"
    put(bundles[0], prefix, imports=False)
    place = tmp_path / "link" if inside == "link" else prefix / inside
    if inside == "link":
        place.symlink_to(prefix / "current" / "lib")
    before = tree(prefix)
    with pytest.raises(PrefixInUse, match="which is a prefix itself") as caught:
        put(bundles[0], place, imports=False)
    assert str(prefix) in caught.value.remedy
    assert tree(prefix) == before
    put(bundles[1], prefix, imports=False)


@pytest.mark.parametrize("place", ["lost/app", "lost/opt/app"])
def test_a_link_to_nothing_is_told_as_what_it_is(bundles: list[Signed], tmp_path: Path, place: str) -> None:
    (tmp_path / "lost").symlink_to("nowhere")
    with pytest.raises(PrefixInUse, match="lost is a link to what is not there"):
        put(bundles[0], tmp_path / place)
    assert os.listdir(tmp_path) == ["lost"]


def test_where_no_folder_can_be_made_is_told(bundles: list[Signed]) -> None:
    with pytest.raises(InstallFailed, match="cannot be made"):
        put(bundles[0], Path("/proc/app"))


def test_what_somebody_put_into_a_prefix_is_to_be_moved_out_of_it(
    bundles: list[Signed], tmp_path: Path
) -> None:
    put(bundles[0], tmp_path / "app", imports=False)
    (tmp_path / "app" / "notes").mkdir()
    for act in (
        lambda: put(bundles[1], tmp_path / "app", imports=False),
        lambda: installed(str(tmp_path / "app")),
        lambda: rollback(str(tmp_path / "app"), "", False, silent),
    ):
        with pytest.raises(PrefixInUse) as caught:
            act()
        assert caught.value.remedy == "move 'notes' out of it, then repeat"
    (tmp_path / "app" / "notes").rename(tmp_path / "notes")
    put(bundles[1], tmp_path / "app", imports=False)
