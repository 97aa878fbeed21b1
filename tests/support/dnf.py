"""An image whose packages come through dnf, from a repository of packages that are built and signed here."""

from __future__ import annotations

from parity.docker_engine import DockerEngine
from parity.engine.guests import small_tar
from parity.model import PinnedImage

TOOLS, TARGET = "parity-tests/dnf:1", "parity-tests/dnf-target:1"
_INSTALL = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends dnf rpm createrepo-c gnupg"
    " && apt-get clean"
    # Debian's rpm keeps its database in the user's home; it shall be where rpm's own systems have it.
    " && mkdir -p /etc/rpm && echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros && rpm --initdb"
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


def dnf_image(engine: DockerEngine, base: PinnedImage) -> PinnedImage:
    """An image with dnf alone and a repository at /srv/repo; the engine keeps it for the next time."""
    _built(engine, TOOLS, f"FROM {base.id}\nRUN {_INSTALL}\n", base.platform)
    return _built(engine, TARGET, f"FROM {TOOLS}\nCOPY make /make\nRUN bash /make\n", base.platform)


def _built(engine: DockerEngine, tag: str, recipe: str, platform: str) -> PinnedImage:
    context = small_tar({"Dockerfile": recipe.encode(), "make": _REPOSITORY.encode()})
    info = engine.build(context, tag, platform, lambda line: None)
    return PinnedImage(info.id, info.digests, tag, info.platform, "built")
