"""Images whose packages come through dnf, microdnf or zypper, from packages built and signed here."""

from __future__ import annotations

from pathlib import Path

from parity.docker_engine import DockerEngine
from parity.engine.guests import small_tar
from parity.model import PinnedImage

TOOLS = "parity-tests/{}:1"
_TARGET = "parity-tests/{}-target:1"
_PORT = 8000
SERVE = f"cd /srv/repo && setsid python3 -m http.server {_PORT} --bind 127.0.0.1 >/dev/null 2>&1 &"
"""What begins to serve the repository in a container of microdnf: that keeps no package of a local one."""
_FOLDER = "file:///srv/repo"
_SOURCES = {"dnf": _FOLDER, "zypper": _FOLDER, "microdnf": f"http://127.0.0.1:{_PORT}"}
# No microdnf is packaged for Debian: a stand-in hands its options to the library below it, which is real.
_PACKAGES = {
    "dnf": "dnf",
    "zypper": "zypper ca-certificates openssl",
    "microdnf": "gcc libc6-dev pkg-config libdnf-dev libglib2.0-dev librepo-dev librpm-dev libsqlite3-dev"
    " libsolv-dev openssl",
}
_STAND_IN = "gcc -Wall -o /usr/bin/microdnf /microdnf.c $(pkg-config --cflags --libs libdnf)"
_INSTALL = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends {} rpm createrepo-c gnupg"
    " && apt-get clean"
    # Debian's rpm keeps its database in the user's home; it shall be where rpm's own systems have it.
    " && mkdir -p /etc/rpm && echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros && rpm --initdb"
)

# `demo` needs `demo-lib`, which the target has in no version; `bare` is not signed, `bent` was altered
# after it was signed, and the repository's index was made after that.
_REPOSITORY = r"""
set -e
export HOME=/root
mkdir -p /srv/repo /etc/yum.repos.d /etc/zypp/repos.d /etc/pki/rpm-gpg /root/rpmbuild/SPECS
gpg --batch --quiet --passphrase '' --quick-generate-key 'Tests <tests@example.org>' rsa2048 sign never
gpg --batch --armor --export > /etc/pki/rpm-gpg/RPM-GPG-KEY-tests
spec() {
cat > /root/rpmbuild/SPECS/$1.spec <<EOF
Name: $1
Version: $2
Release: 1
Summary: $1
License: MIT
BuildArch: noarch
AutoReqProv: no
$3
%description
$1
%install
mkdir -p %{buildroot}/opt/demo
echo $2 > %{buildroot}/opt/demo/$1
%files
/opt/demo/$1
EOF
rpmbuild -bb --quiet --define "_rpmdir /srv/repo" --define "_build_name_fmt %%{NAME}-%%{VERSION}.rpm" \
  /root/rpmbuild/SPECS/$1.spec 2>/dev/null
}
spec demo-lib 1.5 'Epoch: 1'
spec demo 2.0 'Requires: demo-lib
Provides: libdemo.so.1()(64bit)'
spec bare 1.0 ''
spec bent 1.0 ''
for each in demo-lib-1.5 demo-2.0 bent-1.0; do
  rpmsign --define "_gpg_name tests@example.org" --define "__gpg /usr/bin/gpg" --addsign /srv/repo/$each.rpm \
    >/dev/null
done
python3 - <<EOF
path = "/srv/repo/bent-1.0.rpm"
data = bytearray(open(path, "rb").read())
data[-20] ^= 1
open(path, "wb").write(data)
EOF
createrepo_c -q /srv/repo
cat > /etc/yum.repos.d/tests.repo <<EOF
[tests]
name=tests
baseurl=$1
enabled=1
gpgcheck=0
gpgkey=https://index.invalid/key
EOF
cp /etc/yum.repos.d/tests.repo /etc/zypp/repos.d/
rm /usr/bin/apt-get
"""


def rpm_image(engine: DockerEngine, base: PinnedImage, program: str = "dnf") -> PinnedImage:
    """An image with that manager alone and a repository at /srv/repo; the engine keeps it for next time."""
    tools, make = TOOLS.format(program), f"bash /make {_SOURCES[program]}"
    stand_in = f"COPY microdnf.c /\nRUN {_STAND_IN}\n" if program == "microdnf" else ""
    install = _INSTALL.format(_PACKAGES[program])
    _built(engine, tools, f"FROM {base.id}\nRUN {install}\n{stand_in}", base.platform)
    recipe = f"FROM {tools}\nCOPY make /make\nRUN {make}\n"
    return _built(engine, _TARGET.format(program), recipe, base.platform)


def _built(engine: DockerEngine, tag: str, recipe: str, platform: str) -> PinnedImage:
    files = {"Dockerfile": recipe.encode(), "make": _REPOSITORY.encode()}
    files["microdnf.c"] = Path(__file__).with_name("microdnf.c").read_bytes()
    info = engine.build(small_tar(files), tag, platform, lambda line: None)
    return PinnedImage(info.id, "", tag, info.platform, "built", layers=info.layers)
