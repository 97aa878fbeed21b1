# A replica of a RHEL 9 from Debian 11's packages: real rpm and dnf, signed packages, a repository of its own.
# BASE: a Debian 11 with its sources of packages; REPOSITORY: the address under which /srv/repo will be served.
# Targets: `work` (holds /srv/repo), `full` (with dnf, as ubi9/ubi) and `minimal` (with microdnf, as ubi9/ubi-minimal).
ARG BASE
FROM ${BASE} AS work
ARG REPOSITORY
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends rpm dnf createrepo-c gnupg gcc libc6-dev pkg-config \
      libdnf-dev libglib2.0-dev librepo-dev librpm-dev libsqlite3-dev libsolv-dev >/dev/null \
 && mkdir -p /etc/rpm && printf '%%_dbpath /var/lib/rpm\n%%_db_backend sqlite\n' > /etc/rpm/macros
# All that a whole system has: as if nothing were installed here.
RUN mkdir -p /debs/partial && : > /none && apt-get -qq -o Dir::State::status=/none -o Dir::Cache::archives=/debs -o APT::Sandbox::User=root \
      --yes --no-install-recommends --download-only install '?essential' python3 python3-pip python3-venv ca-certificates openssl dnf rpm mawk \
      libgomp1 libpq5 libaio1 libgl1 libglib2.0-0 libdnf2 gcc g++ make binutils python3-dev git libpq-dev >/dev/null \
 && ls /debs/*.deb | wc -l
COPY deb2rpm.py /
RUN mkdir -p /redhat/etc/pki/rpm-gpg /redhat/etc/yum.repos.d \
 && gpg --batch --quiet --passphrase '' --quick-generate-key 'Tests <tests@example.org>' rsa2048 sign never \
 && gpg --batch --armor --export > /redhat/etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release \
 && printf "[ubi-9-baseos-rpms]\nname=replica\nbaseurl=$REPOSITORY\nenabled=1\ngpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release\n" \
      > /redhat/etc/yum.repos.d/ubi.repo \
 && python3 /deb2rpm.py /debs /srv/repo && rm -r /debs
# No microdnf is packaged for Debian: a stand-in hands its options to the library below it, which is real.
COPY microdnf.c /
RUN mkdir -p /m/usr/bin && gcc -Wall -o /m/usr/bin/microdnf /microdnf.c $(pkg-config --cflags --libs libdnf) \
 && printf 'Name: microdnf\nVersion: 3.9.1\nRelease: 3\nSummary: a stand-in\nLicense: MIT\n%%description\nof the tests\n%%files\n/usr/bin/microdnf\n' > /m.spec \
 && rpmbuild -bb --quiet --noclean --buildroot /m --define '_rpmdir /srv/repo' --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' /m.spec
RUN rpmsign --define '_gpg_name tests@example.org' --define '__gpg /usr/bin/gpg' --addsign /srv/repo/*.rpm >/dev/null && createrepo_c -q /srv/repo
RUN printf "[main]\ngpgcheck=1\nreposdir=/none.d\n[local]\nname=local\nbaseurl=file:///srv/repo\ngpgkey=file:///redhat/etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release\n" > /repo.conf \
 && for r in full:dnf minimal:microdnf; do root=/${r%:*}; \
      mkdir -p $root/usr/bin $root/usr/sbin $root/usr/lib $root/usr/lib64 && for d in bin sbin lib lib64; do ln -s usr/$d $root/$d; done; \
      dnf -c /repo.conf -y -q --installroot=$root --releasever=9 --setopt=install_weak_deps=0 --setopt=cachedir=/var/cache/d install glibc glibc-common redhat-release \
        base-passwd bash coreutils ca-certificates rpm mawk grep sed findutils tar gzip util-linux hostname ${r#*:} > /dnf.log 2>&1 || { tail -30 /dnf.log; exit 1; }; \
      mkdir -p $root/root $root/tmp $root/var/tmp $root/proc $root/sys $root/dev && chmod 1777 $root/tmp $root/var/tmp && rm -rf $root/var/cache/* \
      && chroot $root rpm --import /etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release || exit 1; done

FROM scratch AS full
COPY --from=work /full /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/bash"]

FROM scratch AS minimal
COPY --from=work /minimal /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/bash"]
