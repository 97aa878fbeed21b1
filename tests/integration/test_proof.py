"""The proof is honest: what does not work gives no bundle, what was not cut off proves nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Done, Parity, containers_left_by, write_profile
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.wheels import make_wheel

from parity.model import PinnedImage
from parity.portable.bundle.reader import member_bytes, open_bundle, read_unverified

pytestmark = pytest.mark.engine


def proof_of(bundle: str) -> dict[str, Any]:
    with open_bundle(bundle) as file:
        proof: dict[str, Any] = json.loads(member_bytes(file, read_unverified(file).manifest, "proof.json"))
    return proof


def nothing_was_bundled(folder: Path, done: Done) -> None:
    assert list(folder.rglob("*.parity.tar*")) == []
    assert containers_left_by(done) == []


def test_the_proof_tells_what_was_seen_and_from_how_far_inside(
    small: dict[str, Any], debian11: PinnedImage
) -> None:
    proof = proof_of(small["bundle"])
    assert proof["isolation"] == {
        "no-capabilities": True,
        "no-new-privileges": True,
        "no-route-out": True,
        "not-root": True,
        "only-loopback": True,
        "read-only-root": True,
    }
    assert proof["limits"] == {"memory": True, "pids": True}
    assert "writable" not in proof
    names = {package["name"] for package in small["packages"]}
    assert {each["name"] for each in proof["installed"]} == names
    worked = {(each["package"], each["module"]) for each in proof["imports"] if not each["error"]}
    assert {("requests", "requests"), ("pyyaml", "yaml"), ("idna", "idna")} <= worked
    assert proof["machine"]["os"] == "Debian GNU/Linux 11 (bullseye)"
    # What the image is made of, and nothing that an engine calls it.
    assert proof["image"] == {
        "name": "images/debian11-py39",
        "reference": None,
        "layers": list(debian11.layers),
        "platform": "linux/amd64",
        "stand_in_for": None,
    }
    assert not small["proof"]["reused"]


def test_a_missing_system_library_is_named_and_nothing_is_bundled(parity: Parity, tmp_path: Path) -> None:
    # Its wheel's own metadata names another tag than its file name does.
    allow = {"allow": ["tag-mismatch:lightgbm"]}
    profile = write_profile(tmp_path, "boost", requirements=["lightgbm"], rehearsal=allow)
    done = parity.build(profile, tmp_path)
    assert (done.code, done.error["kind"]) == (51, "RehearsalFailed")
    assert "lightgbm" in done.error["message"]
    assert "libgomp.so.1" in done.error["message"]
    assert "on Debian 11 the system package libgomp1 provides" in done.error["remedy"]
    details = "\n".join(done.error["details"])
    assert "at lightgbm/libpath.py:" in details
    assert "the linker misses libgomp.so.1" in details
    assert "libgomp.so.1: on Debian 11 in libgomp1" in details
    nothing_was_bundled(tmp_path, done)


def test_commands_that_fail_fail_the_build_and_reach_nothing_that_the_fetching_container_reached(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha")
    reach = f"python -c \"import urllib.request; urllib.request.urlopen('{index.url}alpha/', timeout=9)\""
    commands = ["python -c 'import alpha'", "echo so it is >&2; exit 3", reach]
    profile = write_profile(
        tmp_path,
        "own",
        requirements=["alpha"],
        index={"url": index.url},
        rehearsal={"commands": commands},
    )
    done = parity.build(profile, tmp_path)
    assert done.code == 51
    assert done.error["details"][:2] == [f"command {commands[1]!r} ended with exit code 3", "  so it is"]
    assert "Network is unreachable" in "".join(done.error["details"][2:])
    nothing_was_bundled(tmp_path, done)


@pytest.mark.parametrize(
    ("limits", "command", "said"),
    [
        ({"timeout": "5s"}, "sleep 60", "did not end within 5 s"),
        ({"memory": "200MiB"}, "python -c 'x = bytearray(400 << 20)'", "more than the 200 MiB"),
    ],
)
def test_a_rehearsal_beyond_its_limits_says_which(
    parity: Parity, index: PackageIndex, tmp_path: Path, limits: dict[str, str], command: str, said: str
) -> None:
    tiny_wheel(index.wheels, "alpha")
    profile = write_profile(
        tmp_path,
        "greedy",
        requirements=["alpha"],
        index={"url": index.url},
        rehearsal={"commands": [command], **limits},
    )
    done = parity.build(profile, tmp_path)
    assert (done.code, done.error["kind"]) == (53, "RehearsalTimeout")
    assert said in done.error["message"]
    nothing_was_bundled(tmp_path, done)


def test_an_import_that_fails_is_an_error_only_for_what_was_asked_for(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", requires=["broken"])
    make_wheel(index.wheels, "broken", "1.0", {"broken.py": b"import nothing_like_this\n"})
    profile = write_profile(tmp_path, "warned", requirements=["alpha"], index={"url": index.url})
    bundle = parity.build(profile, tmp_path).bundle
    (warning,) = (line for line in bundle["warnings"] if "broken" in line)
    assert "No module named 'nothing_like_this'" in warning
    assert proof_of(bundle["bundle"])["imports"] == bundle["proof"]["imports"]

    asked = write_profile(tmp_path, "asked", requirements=["broken"], index={"url": index.url})
    done = parity.build(asked, tmp_path / "asked")
    assert done.code == 51
    error = "ModuleNotFoundError: No module named 'nothing_like_this'"
    assert done.error["details"] == [f"broken: import broken failed: {error} at broken.py:1"]
    nothing_was_bundled(tmp_path / "asked", done)


SCRIPTS = """[console_scripts]
alpha-good = alpha.cli:main
alpha-gone = alpha.old:main
alpha-extra = alpha.extra:main [extra]
alpha-name = alpha.cli:gone
"""


def test_scripts_that_have_nothing_to_start_are_told_and_refuse_nothing(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    files = {
        "alpha/__init__.py": b"",
        "alpha/cli.py": b"def main(): raise SystemExit('nobody starts it')\n",
        "alpha/extra.py": b"import surely_not_here\n",
        "alpha/late.py": b"def use():\n    import pkg_resources\n",
    }
    make_wheel(index.wheels, "alpha", "1.0", files, entry_points=SCRIPTS, requires=["beta"])
    make_wheel(index.wheels, "beta", "1.0", {"beta.py": b""}, entry_points=SCRIPTS.replace("alpha", "beta"))
    where = {"requirements": ["alpha"], "index": {"url": index.url}}
    bundle = parity.build(write_profile(tmp_path, "scripts", **where), tmp_path).bundle
    rows = {row["script"]: row for row in proof_of(bundle["bundle"])["entry_points"]}
    assert {name: row["error"] for name, row in rows.items()} == {
        "alpha-gone": "ModuleNotFoundError: No module named 'alpha.old'",
        "alpha-extra": "ModuleNotFoundError: No module named 'surely_not_here'",
        "alpha-name": "AttributeError: module 'alpha.cli' has no attribute 'gone'",
    }
    late = {"package": "alpha", "file": "alpha/late.py", "module": "pkg_resources"}
    assert proof_of(bundle["bundle"])["gone_modules"] == [late]
    told = "alpha: the script alpha-gone cannot start alpha.old:main: ModuleNotFoundError"
    assert [line for line in bundle["warnings"] if line.startswith(told)]


SETTINGS = b"""
import os
class ImproperlyConfigured(Exception): pass
if os.environ.get("ALPHA_SETTINGS") != "alpha.site": raise ImproperlyConfigured("no ALPHA_SETTINGS")
"""
BEHIND = b"import sys\nif 'alpha' not in sys.modules: raise ImportError('import alpha before gamma')\n"


def test_what_wants_settings_or_another_before_it_is_tried_so(
    parity: Parity, index: PackageIndex, tmp_path: Path
) -> None:
    files = {"alpha.py": b"", "alpha_extra.py": b"import nothing_like_this\n"}
    make_wheel(index.wheels, "alpha", "1.0", files, requires=["gamma"])
    make_wheel(index.wheels, "django_beta", "1.0", {"django_beta.py": SETTINGS})
    make_wheel(index.wheels, "gamma", "1.0", {"gamma.py": BEHIND})
    make_wheel(index.wheels, "deep", "1.0", {"a/b/c/d/deep/__init__.py": b"import alpha\n"})
    make_wheel(index.wheels, "meta", "1.0", {})
    where = {"requirements": ["alpha", "django-beta", "gamma", "deep", "meta"], "index": {"url": index.url}}
    plan = {
        "environment": {"ALPHA_SETTINGS": "alpha.site"},
        "commands": ['test "$ALPHA_SETTINGS" = alpha.site'],
    }
    bundle = parity.build(write_profile(tmp_path, "wants", **where, rehearsal=plan), tmp_path).bundle
    proof = proof_of(bundle["bundle"])
    rows = {row["module"]: (row.get("wants"), row.get("after")) for row in proof["imports"] if row["error"]}
    assert rows == {
        "alpha_extra": ("module", None),
        "django_beta": ("settings", "django-beta"),
        "gamma": ("module", "alpha"),
    }
    assert proof["not_imported"] == ["meta"]
    with open_bundle(bundle["bundle"]) as file:
        again = read_unverified(file).manifest.document["imports"]
    assert [row["module"] for row in again] == ["alpha", "a.b.c.d.deep"]  # those that need nothing more
