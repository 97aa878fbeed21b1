"""Debian's packages as rpms: `python3 deb2rpm.py DEBS OUT`, in the image that makes the replica of a RHEL.

Needs and provides of libraries are rpmbuild's own, from the ELF files; names are RHEL's where a recipe or a
test says them. Versions and epochs are Debian's. Standard library of Python 3.9.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NAMES = {
    "base-files": "redhat-release",
    "g++": "gcc-c++",
    "libaio1": "libaio",
    "libc-bin": "glibc-common",
    "libc6": "glibc",
    "libc6-dev": "glibc-devel",
    "libgcc-s1": "libgcc",
    "libgl1": "libglvnd-glx",
    "libglib2.0-0": "glib2",
    "libgomp1": "libgomp",
    "libpq-dev": "libpq-devel",
    "libpq5": "libpq",
    "libssl1.1": "openssl-libs",
    "python3-dev": "python3-devel",
    "zlib1g": "zlib",
}
LEFT_OUT = {
    *("adduser", "apt", "dash", "debconf", "debian-archive-keyring", "dpkg", "init-system-helpers"),
    *("libapt-pkg6.0", "usr-is-merged", "init", "sysvinit-utils"),
}
UNUSED = tuple(f"usr/share/{name}" for name in ("doc", "man", "lintian", "locale", "info", "bug"))
RELEASE = """\
NAME="Red Hat Enterprise Linux"
VERSION="9.4 (Plow)"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Red Hat Enterprise Linux 9.4 (Plow)"
"""
MACROS = "%_dbpath /var/lib/rpm\n%_db_backend sqlite\n"  # Debian's own is in the user's home
# What RHEL's packages do when they are installed; nothing of Debian's scripts is taken over.
CERTIFICATES = """\
%post
(cd /usr/share/ca-certificates && find . -name '*.crt' | sed 's,^[.]/,,') > /etc/ca-certificates.conf
update-ca-certificates --fresh >/dev/null 2>&1
mkdir -p /etc/pki/tls/certs && ln -sf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt
"""
LDCONFIG = "%transfiletriggerin -P 2000000 -- /usr/lib\n/sbin/ldconfig\n"
SCRIPTS = {"ca-certificates": CERTIFICATES, "libc-bin": LDCONFIG}
PROVIDES = {
    "base-files": ("system-release = 9.4", "system-release(releasever) = 9", "filesystem"),
    "bash": ("/bin/sh", "/bin/bash", "/usr/bin/sh"),
    "coreutils": ("coreutils-single",),
    "libc6": ("rtld(GNU_HASH)",),
}
REQUIRES = {"python3": ("python3-venv",), "ca-certificates": ("coreutils", "findutils", "sed", "openssl")}
# Neither scripts' interpreters nor modules: Debian's closure of packages holds them.
HEAD = r"""
%define _binary_payload w1.gzdio
%global __os_install_post %{nil}
%global _build_id_links none
%global __requires_exclude ^(/|perl|python|config|rpmlib)
%undefine __brp_mangle_shebangs
"""


class Deb(NamedTuple):
    """A package as its own control file tells it."""

    path: Path
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return self.fields["Package"]

    @property
    def version(self) -> tuple[str, str, str]:
        """Epoch, version and release, in rpm's alphabet."""
        epoch, _, rest = self.fields["Version"].rpartition(":")
        upstream, _, revision = rest.rpartition("-")
        upstream, revision = (upstream, revision) if upstream else (rest, "1")
        return epoch or "0", upstream.replace("-", "_"), revision.replace("-", "_")

    def needs(self, known: set[str]) -> Iterator[str]:
        """Of each line of alternatives the first that is there."""
        for part in f"{self.fields.get('Depends', '')},{self.fields.get('Pre-Depends', '')}".split(","):
            names = [_word(each) for each in part.split("|")]
            first = next((name for name in names if name in known), "")
            if first and not LEFT_OUT & set(names):
                yield NAMES.get(first, first)

    def provides(self) -> Iterator[str]:
        """Names beside its own: Debian's, where it has another here."""
        yield from (_word(each) for each in self.fields.get("Provides", "").split(",") if each.strip())
        yield self.name


def read(path: Path) -> Deb:
    told = subprocess.run(["dpkg-deb", "-f", path], capture_output=True, text=True, check=True).stdout
    rows = (line.partition(":") for line in told.splitlines() if line[:1] not in " \t")
    return Deb(path, {key: value.strip() for key, _, value in rows})


def _word(text: str) -> str:
    return re.split(r"[\s(:]", text.strip())[0]


def unpacked(deb: Deb, root: Path) -> None:
    """Its files as RHEL would have them: all below /usr, libraries executable (rpm asks no others)."""
    subprocess.run(["dpkg-deb", "-x", deb.path, root], check=True)
    for top in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if (root / top).is_dir() and not (root / top).is_symlink():
            (root / "usr").mkdir(exist_ok=True)
            subprocess.run(["cp", "-a", "-T", root / top, root / "usr" / top], check=True)
            shutil.rmtree(root / top)
    for unused in UNUSED:
        shutil.rmtree(root / unused, ignore_errors=True)
    for path in root.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o755)
    adapted(deb.name, root)


def adapted(name: str, root: Path) -> None:
    """What some packages have in another form on RHEL."""
    if name == "base-files":
        for each in ("etc/os-release", "etc/debian_version", "etc/issue", "etc/issue.net"):
            (root / each).unlink(missing_ok=True)
        (root / "usr/lib/os-release").write_text(RELEASE)
        (root / "etc/os-release").symlink_to("../usr/lib/os-release")
        (root / "etc/redhat-release").write_text("Red Hat Enterprise Linux release 9.4 (Plow)\n")
        for top in ("bin", "sbin", "lib", "lib64"):
            (root / "usr" / top).mkdir(parents=True, exist_ok=True)
            (root / top).symlink_to(f"usr/{top}")
        shutil.copytree("/redhat", root, dirs_exist_ok=True)  # keys and sources
    elif name == "base-passwd":
        (root / "etc").mkdir()
        for each in ("passwd", "group"):
            shutil.copy(root / f"usr/share/base-passwd/{each}.master", root / "etc" / each)
    elif name == "bash":
        (root / "usr/bin/sh").symlink_to("bash")
    elif name == "mawk":
        (root / "usr/bin/awk").symlink_to("mawk")
    elif name == "rpm":
        (root / "etc/rpm").mkdir(parents=True, exist_ok=True)
        (root / "etc/rpm/macros").write_text(MACROS)


def listed(root: Path, *, folders: bool) -> Iterator[str]:
    """Lines for %files: files and links; folders only where they are empty, or all of them."""
    for folder, inner, names in os.walk(root):
        here = Path(folder)
        links = [name for name in inner if (here / name).is_symlink()]
        for name in [*names, *links]:
            yield _quoted(here.relative_to(root) / name)
        if here != root and (folders or not (inner or names)):
            yield "%dir " + _quoted(here.relative_to(root))


def _quoted(path: Path) -> str:
    return f'"/{path}"'.replace("%", "%%")


def spec(deb: Deb, root: Path, known: set[str]) -> str:
    """What rpmbuild reads."""
    name, (epoch, version, release) = NAMES.get(deb.name, deb.name), deb.version
    needs = {*deb.needs(known), *REQUIRES.get(deb.name, ())} - {name}
    provides = {*deb.provides(), *PROVIDES.get(deb.name, ())} - {name}
    rows = [HEAD, f"Name: {name}", f"Epoch: {epoch}", f"Version: {version}", f"Release: {release}"]
    rows += [f"Summary: {deb.name} of Debian", "License: various", "AutoReqProv: yes"]
    rows += [f"Requires: {each}" for each in sorted(needs)]
    rows += [f"Provides: {each}" for each in sorted(provides)]
    rows += ["%description", name, SCRIPTS.get(deb.name, ""), "%files", "%defattr(-,root,root)"]
    return "\n".join([*rows, *listed(root, folders=deb.name == "base-files"), ""])


def converted(deb: Deb, known: set[str], out: Path) -> str:
    """Make its rpm in `out`; gives what rpmbuild said where it failed."""
    place = out.parent / "work" / deb.name
    (place / "root").mkdir(parents=True)
    unpacked(deb, place / "root")
    (place / "p.spec").write_text(spec(deb, place / "root", known))
    arch = "noarch" if deb.fields["Architecture"] == "all" else "x86_64"
    settings = {
        "_topdir": str(place),
        "_rpmdir": str(out),
        "_build_name_fmt": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        "_unpackaged_files_terminate_build": "0",
    }
    defines = [word for key, value in settings.items() for word in ("--define", f"{key} {value}")]
    command = [
        "rpmbuild",
        "-bb",
        "--quiet",
        "--noclean",
        "--target",
        arch,
        "--buildroot",
        str(place / "root"),
    ]
    done = subprocess.run(
        [*command, *defines, str(place / "p.spec")], capture_output=True, text=True, check=False
    )
    shutil.rmtree(place)
    return f"{deb.name}: {done.stderr[-600:]}" if done.returncode else ""


def main() -> int:
    debs = [deb for deb in map(read, sorted(Path(sys.argv[1]).glob("*.deb"))) if deb.name not in LEFT_OUT]
    known, out = {deb.name for deb in debs}, Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        broken = [said for said in pool.map(lambda deb: converted(deb, known, out), debs) if said]
    sys.stdout.write("\n".join([*broken, f"{len(debs) - len(broken)} rpms"]) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
