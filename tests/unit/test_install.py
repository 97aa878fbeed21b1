"""The far side's installer on this machine: what it refuses, and that it leaves nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.evil_wheel import Hostile
from tests.support.hostile import hostile_wheels
from tests.support.unpacked import here, unpacked, uv_wheel
from tests.support.wheels import WheelParts, make_wheel

from parity.farside.install.install import Request, install
from parity.farside.install.prefix import check_prefix, open_prefix
from parity.portable.bundle import manifest
from parity.portable.errors import (
    BundleDamaged,
    BundleUnreadable,
    EnvironmentUnfit,
    FarsideError,
    HostileContent,
    InstallFailed,
    PrefixInUse,
    WrongHost,
)
from parity.portable.machine.host import check_host, find_python, same_release

HERE = here()
OS = "{id} {version}".format(**HERE["os"])

NO_RECEIPT: Any = {}
ODD_RECEIPT: Any = {"n": 1}


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    return [
        make_wheel(folder, "alpha", "1.0", {"alpha.py": b""}),
        make_wheel(folder, "beta", "2.0", {"beta.py": b""}),
    ]


@pytest.fixture(scope="session")
def no_uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for uv's wheel where nothing comes so far that it runs."""
    files = {"uv-0.13.8.data/scripts/uv": b"#!/bin/sh\nexit 1\n"}
    return make_wheel(tmp_path_factory.mktemp("uv"), "uv", "0.13.8", files)


def refused(error: type[FarsideError], bundle: Path, prefix: Path, **options: Any) -> FarsideError:
    """Demand that an installation is refused and nothing is left."""
    before = sorted(prefix.parent.rglob("*"))
    with pytest.raises(error) as caught:
        install(Request(str(bundle), str(prefix), **options), lambda line: None)
    assert sorted(prefix.parent.rglob("*")) == before
    return caught.value


# --- hostile wheels ---------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", hostile_wheels(), ids=lambda attack: attack.what)
def test_a_hostile_wheel_is_refused_when_installing(tmp_path: Path, no_uv: Path, attack: Hostile) -> None:
    interpreter = hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest()
    wheel = tmp_path / attack.filename
    wheel.write_bytes(attack.data)
    bundle = unpacked(tmp_path / "bundle", [wheel], uv=no_uv)
    # A name that is no wheel's fits no machine, which is found first.
    error = WrongHost if attack.kind == "not-a-wheel" and attack.data[:2] == b"PK" else HostileContent
    message = refused(error, bundle, tmp_path / "root" / "prefix").message
    assert error is WrongHost or f"[{attack.kind}]" in message
    assert not list(tmp_path.rglob("*canary*"))
    assert not Path("/tmp/canary").exists()
    assert hashlib.sha256(Path(sys.executable).read_bytes()).hexdigest() == interpreter


def test_a_hostile_uv_is_refused(tmp_path: Path, wheels: list[Path]) -> None:
    parts = WheelParts("uv", "0.13.8", files={"uv-0.13.8.data/scripts/uv": b""}, record=lambda rows: rows[1:])
    evil = tmp_path / parts.filename
    evil.write_bytes(parts.data())
    refused(HostileContent, unpacked(tmp_path / "bundle", wheels, uv=evil), tmp_path / "prefix")


# --- the folder -------------------------------------------------------------------------------------


def test_every_changed_missing_or_added_file_is_refused_and_named(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    good = unpacked(tmp_path / "good", wheels, uv=no_uv)

    def damaged(name: str) -> Path:
        shutil.rmtree(tmp_path / "bad", ignore_errors=True)
        return Path(shutil.copytree(good, tmp_path / "bad")) / name

    for name in ("install.py", "farside/portable/machine/host.py", "wheels/alpha-1.0-py3-none-any.whl"):
        file = damaged(name)
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(bytes(data))
        assert name in refused(BundleDamaged, tmp_path / "bad", tmp_path / "prefix").message
        damaged(name).unlink()
        assert name in refused(BundleDamaged, tmp_path / "bad", tmp_path / "prefix").message
        file = damaged(name)
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
        assert name in refused(BundleDamaged, tmp_path / "bad", tmp_path / "prefix").message
        (tmp_path / "elsewhere").unlink()
    for name in (
        "json.py",
        "farside/json.py",
        "wheels/gamma-1.0-py3-none-any.whl",
        "farside/__pycache__/x.pyc",
        "more/x",
    ):
        file = damaged(name)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"")
        top = "more" if name == "more/x" else name.removesuffix("/x.pyc")
        assert top in refused(BundleDamaged, tmp_path / "bad", tmp_path / "prefix").message


def test_the_tar_file_the_key_and_the_prefix_may_lie_beside_it(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    (bundle / "demo-1.0-debian11.parity.tar").write_bytes(b"")
    (bundle / "sender.pub").write_bytes(b"")
    (bundle / "env").mkdir()
    said: list[str] = []
    result = install(Request(str(bundle), str(bundle / "env"), dry_run=True), said.append)
    assert result["ok"] is True
    assert list((bundle / "env").iterdir()) == []


def test_a_folder_that_is_no_bundle(tmp_path: Path) -> None:
    refused(BundleUnreadable, tmp_path, tmp_path / "prefix")
    (tmp_path / "manifest.json").write_bytes(b"{}\n")
    refused(BundleDamaged, tmp_path, tmp_path / "prefix")


# --- the host ---------------------------------------------------------------------------------------


def _aim(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(here())), **changes}


@pytest.mark.parametrize(
    ("changes", "sides"),
    [
        ({"arch": "sparc64"}, ("sparc64", HERE["arch"])),
        ({"python": "3.6"}, ("3.6", HERE["python"])),
        ({"implementation": "pypy"}, ("pypy", "cpython")),
        ({"libc": {"family": "musl", "version": [1, 2]}}, ("musl", "glibc")),
        ({"libc": {"family": "glibc", "version": [2, 99]}}, ("2.99", "glibc")),
        ({"os": {"id": "rhel", "version": "9"}}, ("rhel 9", OS)),
        ({"os": {"id": HERE["os"]["id"], "version": "3"}}, (f"{HERE['os']['id']} 3", OS)),
    ],
)
def test_another_host_is_refused_and_both_sides_named(
    tmp_path: Path, wheels: list[Path], no_uv: Path, changes: dict[str, Any], sides: tuple[str, str]
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv, aim=_aim(**changes))
    message = refused(WrongHost, bundle, tmp_path / "prefix").message
    assert all(side in message for side in sides)


@pytest.mark.parametrize("version", ["12", "12.4"])
def test_the_os_may_differ_on_request_and_the_result_says_so(
    tmp_path: Path, wheels: list[Path], no_uv: Path, version: str
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv, aim=_aim(os={"id": "plan9", "version": version}))
    refused(WrongHost, bundle, tmp_path / "prefix")
    request = Request(str(bundle), str(tmp_path / "prefix"), dry_run=True, allow_other_os=True)
    assert "plan9" in install(request, lambda line: None)["overrides"][0]


def test_a_wheel_that_this_interpreter_cannot_take_is_refused_in_any_case(
    tmp_path: Path, no_uv: Path
) -> None:
    wheel = make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": b""}, tag="cp36-cp36m-manylinux2014_x86_64")
    bundle = unpacked(tmp_path / "bundle", [wheel], uv=no_uv)
    assert wheel.name in refused(WrongHost, bundle, tmp_path / "prefix", allow_other_os=True).message


def test_a_wheel_that_the_hosts_pip_cannot_take_is_refused() -> None:
    facts: Any = {**here(), "tags": ["py3-none-any"], "pip_tags": ["py2-none-any"], "pip": "9.0.3"}
    facts["libc"] = {**here()["libc"], "text": "2"}
    document: Any = {
        "target": here(),
        "installer": "pip",
        "packages": [{"wheel": "wheels/alpha-1.0-py3-none-any.whl"}],
    }
    with pytest.raises(WrongHost, match=r"pip 9\.0\.3 cannot take alpha"):
        check_host(document, facts)
    document["installer"] = "uv"
    assert check_host(document, facts) == []


@pytest.mark.parametrize(
    ("os_id", "wanted", "found", "same"),
    [
        ("rhel", "9", "9.4", True),
        ("rhel", "9.4", "9.6", True),
        ("rhel", "8.9", "9.0", False),
        ("ubuntu", "22.04", "22.10", False),
        ("ubuntu", "22.04", "22.04", True),
        ("alpine", "3.22", "3.22.1", True),
        ("alpine", "3.22", "3.23.0", False),
        ("debian", "1", "11", False),
    ],
)
def test_which_releases_are_alike(os_id: str, wanted: str, found: str, same: bool) -> None:
    assert same_release(os_id, wanted, found) is same


def test_the_interpreter_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "python3.9"
    other.write_text("#!/bin/sh\nprintf 3.9\n")
    other.chmod(0o755)
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_python("3.9") == str(other)
    assert find_python("{}.{}".format(*sys.version_info)) == sys.executable
    assert find_python("3.5") == sys.executable


# --- the prefix -------------------------------------------------------------------------------------


def test_a_prefix_that_holds_something_else_is_left_alone(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    (tmp_path / "mine" / "releases" / "0123456789ab").mkdir(parents=True)
    refused(PrefixInUse, bundle, tmp_path / "mine")
    (tmp_path / "file").write_bytes(b"")
    refused(PrefixInUse, bundle, tmp_path / "file")


def test_a_prefix_that_holds_something_besides_ours_is_left_alone(tmp_path: Path) -> None:
    with open_prefix(str(tmp_path / "prefix")) as prefix:
        os.mkdir(prefix.release("0123456789ab"))
        prefix.write_receipt("0123456789ab", NO_RECEIPT)
        prefix.switch("0123456789ab")
    check_prefix(str(tmp_path / "prefix"))
    (tmp_path / "prefix" / "notes.txt").write_bytes(b"")
    with pytest.raises(PrefixInUse, match=r"notes\.txt"):
        check_prefix(str(tmp_path / "prefix"))


def test_leftovers_are_swept_and_complete_releases_stay(tmp_path: Path) -> None:
    path = tmp_path / "prefix"
    with open_prefix(str(path)) as prefix:
        os.mkdir(prefix.release("0123456789ab"))
        prefix.write_receipt("0123456789ab", ODD_RECEIPT)
        prefix.switch("0123456789ab")
    for half in ("releases/ba9876543210/bin", ".work-xyz/home"):
        (path / half).mkdir(parents=True)
    (path / "releases/ba9876543210/parity-receipt.json.partial").write_bytes(b"{")
    with open_prefix(str(path)) as prefix:
        assert os.listdir(path / "releases") == ["0123456789ab"]
        assert prefix.current() == "0123456789ab"
    assert sorted(os.listdir(path)) == [".parity-prefix", "current", "releases"]


def test_a_prefix_that_nothing_came_of_is_removed_with_the_parents_that_were_made_for_it(
    tmp_path: Path,
) -> None:
    with open_prefix(str(tmp_path / "a" / "b" / "prefix")):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_busy_prefix_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.farside.install.prefix._PATIENCE", 0.3)
    with (
        open_prefix(str(tmp_path / "prefix")),
        pytest.raises(InstallFailed, match="another installation"),
        open_prefix(str(tmp_path / "prefix")),
    ):
        pass


# --- the command line -------------------------------------------------------------------------------


def run(bundle: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # The bundles are for the Python that runs the tests, which need not be the first one on PATH.
    path = os.pathsep.join((os.path.join(sys.base_prefix, "bin"), os.environ["PATH"]))
    every = {"PATH": path, "HOME": os.environ["HOME"], "LC_ALL": "C.UTF-8", **environment}
    command = ["sh", str(bundle / "install.sh"), *arguments]
    return subprocess.run(command, env=every, capture_output=True, text=True, check=False)


def test_json_gives_one_document_whatever_happens(tmp_path: Path, wheels: list[Path], no_uv: Path) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    good = run(bundle, str(tmp_path / "p"), "--json", "--dry-run")
    assert (good.returncode, good.stderr) == (0, "")
    document = json.loads(good.stdout)
    assert (document["ok"], document["dry_run"], document["packages"]) == (True, True, 2)
    assert not (tmp_path / "p").exists()
    bad = run(bundle, str(bundle / "manifest.json"), "--json")
    assert bad.returncode == PrefixInUse.exit_code
    assert json.loads(bad.stdout)["error"]["kind"] == "PrefixInUse"
    (bundle / manifest.NAME).unlink()
    lost = run(bundle, str(tmp_path / "p"), "--json")
    assert (lost.returncode, json.loads(lost.stdout)["error"]["exit_code"]) == (66, 66)


def test_refusals_for_people_have_a_reason_and_a_remedy_and_no_traceback(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv, aim=_aim(os={"id": "rhel", "version": "9"}))
    outcome = run(bundle, str(tmp_path / "p"))
    assert outcome.returncode == WrongHost.exit_code
    assert "rhel 9" in outcome.stderr
    assert "what to do:" in outcome.stderr
    assert "Traceback" not in outcome.stderr


_LEAST = 30  # MB, in which an interpreter just starts


def test_too_little_memory_is_a_reason_and_no_traceback(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    start = [sys.executable, "-I", "-B", str(bundle / "install.py"), str(tmp_path / "p"), "--no-imports"]
    for megabytes in (_LEAST, 40, 50, 400):
        limited = ["sh", "-c", f'ulimit -v {megabytes << 10}; exec "$0" "$@"', *start]
        outcome = subprocess.run(limited, capture_output=True, text=True, check=False)
        unfit = outcome.returncode == EnvironmentUnfit.exit_code
        assert unfit if megabytes == _LEAST else unfit or outcome.returncode == 0
        assert ("not enough memory" in outcome.stderr) == unfit
        assert "Traceback" not in outcome.stderr
        assert (tmp_path / "p" / "current").exists() != unfit


def test_the_right_interpreter_is_used_whichever_is_started(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    outcome = run(bundle, str(tmp_path / "p"), "--dry-run", "--json", "--python", sys.executable)
    assert os.path.samefile(json.loads(outcome.stdout)["host"]["executable"], sys.executable)
    missing = run(bundle, str(tmp_path / "p"), "--dry-run", "--python", str(tmp_path / "no"))
    assert (missing.returncode, "Traceback" in missing.stderr) == (WrongHost.exit_code, False)


def test_what_lies_beside_install_py_cannot_stand_in_for_the_standard_library(
    tmp_path: Path, wheels: list[Path], no_uv: Path
) -> None:
    bundle = unpacked(tmp_path / "bundle", wheels, uv=no_uv)
    (bundle / "json.py").write_text("open(__file__ + '.ran', 'w')\n")
    command = [sys.executable, str(bundle / "install.py"), str(tmp_path / "p")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == BundleDamaged.exit_code
    assert not (bundle / "json.py.ran").exists()
    assert not list(bundle.rglob("__pycache__"))


def test_an_installation_needs_neither_ssl_nor_a_server(tmp_path: Path, wheels: list[Path]) -> None:
    """Pythons that somebody built have no ssl now and then."""
    bundle = unpacked(tmp_path / "bundle", wheels, uv=uv_wheel(), imports=[("alpha", "alpha")])
    code = (
        "import runpy, sys\n"
        "for name in ('ssl', '_ssl', 'http.server', 'socketserver'):\n    sys.modules[name] = None\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-I", "-B", "-c", code, str(bundle / "install.py"), str(tmp_path / "p")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert (tmp_path / "p" / "current" / "bin" / "python").exists()
