"""System packages: found by the rehearsal, carried, installed offline before the wheels, listed otherwise."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.cli import Parity, containers_left_by, write_profile
from tests.support.index import PackageIndex, tiny_wheel
from tests.support.inside import Typed, fresh_room, inside, tar_of
from tests.support.rpms import SERVE, TOOLS, rpm_image
from tests.support.unpacked import target as targeted
from tests.support.unpacked import unpacked
from tests.support.wheels import make_wheel
from tests.support.workshops import Shop, shop

from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Mount, Network
from parity.engine.guests import guest_tar, small_tar
from parity.engine.workshop import STORE, STORE_VOLUME
from parity.errors import LockOutdated, SystemPackagesFailed
from parity.model import PinnedImage, SystemSet
from parity.model.network import HostNetwork
from parity.portable.errors import BundleDamaged, InstallFailed, NotRoot
from parity.system import SystemWish, fetch_system, stored_at

pytestmark = pytest.mark.engine

WANTED = ["lightgbm==4.5.0", "opencv-python==4.10.0.84"]
ALLOW = {"allow": ["tag-mismatch:lightgbm"]}
IMPORT = "/opt/app/current/bin/python -c 'import lightgbm, cv2; print(lightgbm.__version__, cv2.__version__)'"


# --- found by the rehearsal -------------------------------------------------------------------------------
# What is said where they are neither carried nor there: test_natives.py (OpenCV), test_proof.py (lightgbm).


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("system")


@pytest.fixture(scope="module")
def carried(parity: Parity, debian11: PinnedImage, folder: Path) -> dict[str, Any]:
    """A bundle of lightgbm and OpenCV whose system packages the rehearsal found."""
    profile = write_profile(folder, "auto", requirements=WANTED, rehearsal=ALLOW, system_packages="auto")
    return parity.build(profile, folder).bundle


@pytest.fixture(scope="module")
def target(engine: DockerEngine, debian11: PinnedImage, carried: dict[str, Any]) -> Iterator[Container]:
    """A plain Debian 11 without network, with the unpacked bundle at /media/bundle."""
    with fresh_room(engine, debian11) as room:
        assert inside(room, "mkdir -p /media/bundle").code == 0
        room.put("/media", tar_of(Path(carried["bundle"]), "it.parity.tar"))
        assert inside(room, "tar xf /media/it.parity.tar -C /media/bundle --strip-components=1").code == 0
        yield room


def test_auto_finds_them_and_what_they_need_and_the_proof_tells(
    engine: DockerEngine, carried: dict[str, Any], folder: Path
) -> None:
    packages = {package["name"]: package for package in carried["system"]}
    asked = {name for name, package in packages.items() if package["requested"]}
    assert {"libgomp1", "libgl1", "libglib2.0-0"} <= asked
    assert "libllvm11" in packages.keys() - asked  # far down what libgl1 needs
    assert "libc6" not in packages
    proof = carried["proof"]
    assert {each["name"] for each in proof["system"]} == set(packages)
    assert proof["missing_libraries"] == []
    assert not [each for each in proof["imports"] if each["error"]]
    lock = (folder / "pylock.system.toml").read_text()
    assert packages["libgomp1"]["sha256"] in lock
    assert engine.sweep() == ()  # the image that they were installed in is gone already


def test_a_library_that_no_known_package_provides_is_named(
    parity: Parity, debian11: PinnedImage, index: PackageIndex, tmp_path: Path
) -> None:
    code = b"import ctypes\nctypes.CDLL('libgone.so.1')\n"
    make_wheel(index.wheels, "alpha", "1.0", {"alpha.py": code})
    where = {"requirements": ["alpha"], "index": {"url": index.url}}
    done = parity.build(write_profile(tmp_path, "gone", **where, system_packages="auto"), tmp_path)
    assert done.code == SystemPackagesFailed.exit_code
    assert "libgone.so.1" in done.error["message"]
    assert "system-packages" in done.error["remedy"]
    assert not list(tmp_path.glob("*.system.toml"))


def test_what_was_found_is_locked_and_the_same_bytes_come_again(
    parity: Parity, carried: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    options = ("--locked", "--lock", folder / "pylock.toml")
    again = parity.build(folder / "auto.yaml", tmp_path, *options).bundle
    assert again["payload_sha256"] == carried["payload_sha256"]
    assert again["proof"]["reused"]


# --- on the target ----------------------------------------------------------------------------------------


def install(room: Container, *options: str, root: bool = True) -> Typed:
    who = "" if root else "setpriv --reuid 65534 --regid 65534 --clear-groups "
    prefix = "/opt/app" if root else "/tmp/app"
    return inside(room, f"{who}sh /media/bundle/install.sh {prefix} {' '.join(options)}")


def test_without_the_option_the_administrator_is_told_and_nothing_is_left(target: Container) -> None:
    done = install(target)
    assert done.code == InstallFailed.exit_code
    assert "warning: system packages that the bundle carries are not on this machine" in done.output
    assert "libgomp1 10.2.1-6" in done.output
    assert "dpkg -i /media/bundle/system/*.deb" in done.output
    assert "warning" in done.output.partition(" packages into ")[0]  # before the imports
    assert inside(target, "ls /opt/app").code != 0


def test_only_root_may_and_a_dry_run_says_what_would_be_done(target: Container) -> None:
    refused = install(target, "--with-system", root=False)
    assert refused.code == NotRoot.exit_code
    assert "as root" in refused.output
    tried = install(target, "--with-system", "--dry-run")
    assert tried.code == 0, tried.output
    assert "would install system packages: " in tried.output
    assert inside(target, "dpkg -s libgomp1; ls /opt/app /tmp/app").code != 0


def test_an_altered_package_is_refused_and_none_is_installed(
    target: Container, carried: dict[str, Any]
) -> None:
    path = next(f"/media/bundle/system/{p['file']}" for p in carried["system"] if p["name"] == "libgomp1")
    assert inside(target, f"cp {path} /tmp/kept; printf x >>{path}").code == 0
    done = install(target, "--with-system")
    assert inside(target, f"mv /tmp/kept {path}").code == 0
    assert done.code == BundleDamaged.exit_code
    assert "libgomp1" in done.output
    assert inside(target, "dpkg -s libgomp1").code != 0


def test_root_installs_them_first_and_everything_works(target: Container, carried: dict[str, Any]) -> None:
    done = install(target, "--with-system")
    assert done.code == 0, done.output
    assert done.output.index("installing system packages with dpkg") < done.output.index(" packages into ")
    assert inside(target, IMPORT).output == "4.5.0 4.10.0\n"
    assert inside(target, "dpkg --audit").output == ""
    receipt = json.loads(inside(target, "cat /opt/app/current/parity-receipt.json").output)
    assert len(receipt["system"]["installed"]) == len(carried["system"])
    again = json.loads(install(target, "--json").output)
    assert (again["already_installed"], again["system"]["missing"]) == (True, [])
    assert len(again["system"]["present"]) == len(carried["system"])
    assert not [line for line in again["warnings"] if "system packages" in line]


# --- named, locked, gone, tampered --------------------------------------------------------------------


def test_named_ones_are_carried_checked_on_read_and_rehearsed_from_the_bundle(
    parity: Parity, engine: DockerEngine, debian11: PinnedImage, index: PackageIndex, tmp_path: Path
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    where = {"requirements": ["alpha"], "index": {"url": index.url}}
    profile = write_profile(tmp_path, "named", **where, system_packages=["libgomp1"])
    first = parity.build(profile, tmp_path)
    (package,) = first.bundle["system"]
    assert (package["name"], package["requested"]) == ("libgomp1", True)

    again = parity.run("verify", first.bundle["bundle"], "--rehearse", "--json")
    assert again.code == 0, again.stderr
    assert again.document["rehearsed"]["system"] == first.bundle["proof"]["system"]
    assert containers_left_by(again) == []

    # A flipped byte in the store is found, and the file fetched again.
    spec = ContainerSpec(image=debian11.id, network=Network.NONE, purpose="poison")
    store = Mount(STORE_VOLUME, STORE, read_only=False)
    with engine.container(replace(spec, mounts=(store,))) as room:
        room.start()
        path = f"/store/sha256/{package['sha256'][:2]}/{package['sha256']}"
        assert inside(room, f"printf x >>{path}").code == 0
        mended = parity.build(profile, tmp_path, "--locked")
        assert mended.bundle["payload_sha256"] == first.bundle["payload_sha256"]
        assert inside(room, f"sha256sum {path}").output.startswith(package["sha256"])

        # A version that the source no longer has cannot be had any more once the store has lost it.
        lock = tmp_path / "pylock.system.toml"
        lock.write_text(lock.read_text().replace("10.2.1-6", "10.2.1-5").replace(package["sha256"], "0" * 64))
        gone = parity.build(profile, tmp_path, "--locked")
        assert gone.code == LockOutdated.exit_code
        assert "10.2.1-5" in gone.error["message"]
    renewed = parity.build(profile, tmp_path).bundle
    assert renewed["payload_sha256"] == first.bundle["payload_sha256"]
    assert any("cannot be had" in line for line in renewed["warnings"])


# --- only what is signed ----------------------------------------------------------------------------------

# A package that nobody signed, in a source that says of itself that it is to be trusted.
UNSIGNED = r"""
set -e
digest() { sha256sum "$1" | cut -d' ' -f1; }
mkdir -p /srv/repo /srv/tree/DEBIAN && cd /srv/repo
printf 'Package: bare\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n' >control
cp control /srv/tree/DEBIAN && dpkg-deb -b /srv/tree bare.deb >/dev/null
{ cat control; echo "Filename: ./bare.deb"; echo "Size: $(wc -c <bare.deb)"
  echo "SHA256: $(digest bare.deb)"; } >Packages
{ echo "Date: $(date -u -R)"; echo SHA256:; echo " $(digest Packages) $(wc -c <Packages) Packages"; } >Release
echo 'deb [trusted=yes allow-insecure=yes] file:/srv/repo ./' >/etc/apt/sources.list
"""


def failure(found: Shop, *names: str, locked: SystemSet | None = None) -> SystemPackagesFailed:
    with pytest.raises(SystemPackagesFailed) as caught:
        fetch_system(found.guest(), SystemWish(names=names, locked=locked))
    assert inside(found.container, "ls /store/sha256").output == ""
    return caught.value


def test_what_nobody_signed_is_refused_whatever_the_source_says(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    with shop(engine, debian11.id) as found:
        assert "no-such-package" in failure(found, "no-such-package").message
        assert inside(found.container, f"{UNSIGNED}\nrm -r /tmp/parity-system").code == 0
        apt = "apt-get -qq -o APT::Sandbox::User=root"  # which would take it, since the source says so
        assert inside(found.container, f"{apt} update && {apt} install -y -d bare").code == 0
        error = failure(found, "bare")
    assert "signed" in error.message
    assert "did not sign" in error.remedy


@pytest.mark.long
def test_a_name_is_no_pattern_and_no_wish_and_may_name_its_architecture(
    engine: DockerEngine, debian12: PinnedImage
) -> None:
    with shop(engine, debian12.id) as found:
        for odd in ("libgom.1", "libonig5+", "libonig5-"):
            assert f"no package is called '{odd}'" in failure(found, odd).message
        packages, _ = fetch_system(found.guest(), SystemWish(names=("libonig5:amd64", "libstdc++6")))
        assert [(each.name, each.requested) for each in packages.packages] == [("libonig5", True)]


def test_sources_that_are_not_reached_are_told_with_what_to_do(
    engine: DockerEngine, debian11: PinnedImage
) -> None:
    with engine.scratch_volume() as volume:
        spec = ContainerSpec(
            debian11.id, Network.NONE, "cut", mounts=(Mount(volume, STORE, read_only=False),)
        )
        with engine.container(spec) as cut:
            cut.put("/", guest_tar())
            cut.start()
            error = failure(Shop(cut, volume), "libgomp1")
    assert "package sources cannot be read" in error.message
    assert "proxies" in error.remedy


# --- rpm, through dnf, microdnf and zypper ----------------------------------------------------------------

UNCHECKED = {
    "dnf": "GPG check FAILED",
    "microdnf": "cannot be verified",
    "zypper": "no key of the image signed",  # the source says `gpgcheck=0`: it is we who look
}


def rpm_shop(engine: DockerEngine, base: PinnedImage, program: str) -> AbstractContextManager[Shop]:
    """A workshop of an image with that manager, and a repository of packages made and signed there."""
    return shop(engine, rpm_image(engine, base, program).id)


@pytest.mark.parametrize("program", list(UNCHECKED))
def test_what_is_signed_is_brought_and_nothing_else(
    engine: DockerEngine, debian12: PinnedImage, program: str
) -> None:
    with rpm_shop(engine, debian12, program) as found:
        if program == "microdnf":
            inside(found.container, SERVE)
        assert UNCHECKED[program] in failure(found, "bare").message
        assert UNCHECKED[program] in failure(found, "bent").message
        assert "no-such-package" in failure(found, "no-such-package").message
        wish = SystemWish(optional=("libdemo.so.1()(64bit)", "libgone.so.1()(64bit)"))
        packages, count = fetch_system(found.guest(), wish)
        assert (count, packages.unprovided) == (2, ("libgone.so.1()(64bit)",))
        assert [(p.name, p.version, p.requested) for p in packages.packages] == [
            ("demo", "0:2.0-1", True),
            ("demo-lib", "1:1.5-1", False),
        ]
        locked = fetch_system(found.guest(), SystemWish(locked=packages))
        assert locked == (replace(packages, unprovided=()), 0)
        assert inside(found.container, f"rm {stored_at(packages.packages[0])}").code == 0
        assert fetch_system(found.guest(), SystemWish(locked=packages))[1] == 2
        assert inside(found.container, "rpm -q demo demo-lib; ls /opt/demo").code != 0


def test_a_source_that_zypper_leaves_out_ends_it(engine: DockerEngine, debian12: PinnedImage) -> None:
    gone = "printf '[gone]\\nbaseurl=http://127.0.0.1:9/\\nenabled=1\\n' >/etc/zypp/repos.d/gone.repo"
    with rpm_shop(engine, debian12, "zypper") as found:
        assert inside(found.container, gone).code == 0
        error = failure(found, "demo")  # which the other source has
    assert "connect" in error.message
    assert "proxies" in error.remedy


def test_microdnf_says_that_it_keeps_nothing_of_a_folder(engine: DockerEngine, debian12: PinnedImage) -> None:
    local = "sed -i 's|^baseurl=.*|baseurl=file:///srv/repo|' /etc/yum.repos.d/tests.repo"
    with rpm_shop(engine, debian12, "microdnf") as found:
        assert inside(found.container, local).code == 0
        assert "serve that folder" in failure(found, "demo").message


TLS = r"""
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout /srv/key.pem -out /srv/ca.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
cat >/srv/serve.py <<EOF
import http.server, os, ssl
os.chdir("/srv/repo")
server = http.server.HTTPServer(("127.0.0.1", 8443), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/ca.pem", "/srv/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
EOF
sed -i 's|^baseurl=.*|baseurl=https://localhost:8443/|' $(find /etc -name tests.repo)
setsid python3 /srv/serve.py >/dev/null 2>&1 &
"""


@pytest.mark.parametrize("program", ["microdnf", "zypper"])
def test_this_machines_ca_is_the_managers_too(
    engine: DockerEngine, debian12: PinnedImage, program: str
) -> None:
    with rpm_shop(engine, debian12, program) as found:
        assert inside(found.container, TLS).code == 0
        assert "certificate" in failure(found, "demo").message
        trusted = HostNetwork(ca_bundle=inside(found.container, "cat /srv/ca.pem").output)
        wish = SystemWish(names=("demo",))
        assert fetch_system(found.guest(trusted), wish)[1] == 2


@pytest.mark.parametrize("program", ["dnf", pytest.param("zypper", marks=pytest.mark.long)])
def test_rpms_are_rehearsed_and_installed_on_the_target(
    parity: Parity,
    engine: DockerEngine,
    debian12: PinnedImage,
    index: PackageIndex,
    tmp_path: Path,
    program: str,
) -> None:
    tiny_wheel(index.wheels, "alpha", "1.0")
    image = rpm_image(engine, debian12, program)
    profile = write_profile(
        tmp_path,
        "rpm",
        extends="debian12-py311",
        image=image.name,
        requirements=["alpha"],
        index={"url": index.url},
        system_packages=["demo"],
        rehearsal={"commands": ["cat /opt/demo/demo /opt/demo/demo-lib"]},
    )
    bundle = parity.build(profile, tmp_path).bundle
    assert [each["name"] for each in bundle["proof"]["system"]] == ["demo", "demo-lib"]
    tools = engine.image(TOOLS.format(program))
    assert tools is not None
    with fresh_room(engine, replace(image, id=tools.id)) as room:
        room.put("/", tar_of(Path(bundle["bundle"]), "it.parity.tar"))
        told = inside(
            room, "mkdir /b && tar xf /it.parity.tar -C /b && sh /b/parity-bundle/install.sh /opt/app"
        ).output
        assert "rpm -Uvh /b/parity-bundle/system/*.rpm" in told
        done = inside(
            room,
            "sh /b/parity-bundle/install.sh /opt/app --with-system && cat /opt/demo/demo-lib && rpm -q demo",
        )
        assert done.code == 0, done.output
        assert done.output.endswith("1.5\ndemo-2.0-1.noarch\n")


# --- what does not install ----------------------------------------------------------------------------


def deb(folder: Path, name: str, fields: str = "", postinst: str = "") -> bytes:
    """A package that is made here."""
    tree = folder / f"tree-{name}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "opt" / "demo").mkdir(parents=True)
    (tree / "opt" / "demo" / name).write_text(name)
    about = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: t\n{fields}"
    (tree / "DEBIAN" / "control").write_text(about)
    if postinst:
        (tree / "DEBIAN" / "postinst").write_text(f"#!/bin/sh\n{postinst}\n")
        (tree / "DEBIAN" / "postinst").chmod(0o755)
    path = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, path], check=True, capture_output=True)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"fields": "Depends: no-such-package\n"}, "depends on no-such-package"),
        ({"postinst": "echo nobody expects this >&2; exit 3"}, "nobody expects this"),
    ],
)
def test_what_does_not_install_is_told_and_taken_away_again(
    engine: DockerEngine, debian11: PinnedImage, tmp_path: Path, broken: dict[str, str], reason: str
) -> None:
    packages = {"sound": deb(tmp_path, "sound"), "broken": deb(tmp_path, "broken", **broken)}
    rows = [
        {"name": name, "version": "1", "arch": "all", "path": f"system/{name}.deb", "requested": True}
        for name in packages
    ]
    bundle = unpacked(
        tmp_path / "bundle",
        [make_wheel(tmp_path, "alpha", "1.0", {"alpha.py": b""})],
        aim=targeted("debian", "11", (2, 31), "3.9"),
        system={"manager": "deb", "packages": rows},
        files={f"system/{name}.deb": data for name, data in packages.items()},
    )
    with fresh_room(engine, debian11) as room:
        files = {str(p.relative_to(tmp_path)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
        room.put("/", small_tar(files))
        before = inside(room, "dpkg -l").output
        done = inside(room, "sh /bundle/install.sh /opt/app --with-system")
        assert done.code == InstallFailed.exit_code
        assert reason in done.output
        assert inside(room, "dpkg --audit; dpkg -l").output == before
        assert inside(room, "ls /opt/app /opt/demo").code != 0
