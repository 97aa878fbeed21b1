"""An image whose packages come through dnf, from a repository of packages that are built and signed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from parity.docker_engine import DockerEngine
from parity.engine import Container, ContainerSpec, Network
from parity.model import PinnedImage

TOOLS = "parity-tests/dnf:1"
_INSTALL = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends dnf rpm createrepo-c gnupg"
    " && apt-get clean"
)

# `demo` needs `demo-lib`, which the target has in no version; `bare` is not signed, `bent` was altered
# after it was signed, and the repository's index was made after that.
_REPOSITORY = r"""
set -e
export HOME=/root
mkdir -p /srv/repo /etc/yum.repos.d /etc/pki/rpm-gpg /root/rpmbuild/SPECS
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
baseurl=file:///srv/repo
gpgcheck=0
gpgkey=https://index.invalid/key
EOF
rm /usr/bin/apt-get
"""


@contextmanager
def dnf_image(engine: DockerEngine, base: PinnedImage) -> Iterator[str]:
    """The id of an image with dnf alone and a repository at /srv/repo; the tools are installed once."""
    with engine.container(_spec(_tools(engine, base))) as container:
        container.start()
        _demand(container, _REPOSITORY)
        with engine.scratch_image(container) as made:
            yield made


def _tools(engine: DockerEngine, base: PinnedImage) -> str:
    found = engine.image(TOOLS)
    if found is not None:
        return found.id
    with engine.container(_spec(base.id)) as container:
        container.start()
        _demand(container, _INSTALL)
        with engine.scratch_image(container) as made:
            engine.tag(made, TOOLS)
            return made


def _spec(image: str) -> ContainerSpec:
    return ContainerSpec(image=image, network=Network.DEFAULT, purpose="dnf", confined=False)


def _demand(container: Container, script: str) -> None:
    environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = container.exec(["bash", "-c", script], environment=environment, timeout=300)
    assert done.exit_code == 0, (done.stdout + done.stderr).decode(errors="replace")
