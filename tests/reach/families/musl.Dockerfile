# A musl system with CPython and busybox whose os-release is Alpine's, from Debian's source packages.
# BASE: a Debian 12 with its own sources of packages; MUSL: a Debian 13, whose musl knows DT_RELR (1.2.4 and later),
# which today's musllinux wheels use. Targets: `plain` (what a machine has) and `builder` (with a C compiler).
ARG BASE
ARG MUSL
FROM ${MUSL} AS newer
RUN apt-get update -qq && mkdir /musl && cd /musl && chmod 777 . && apt-get download -qq musl musl-dev musl-tools

FROM ${BASE} AS build
COPY --from=newer /musl /musl
RUN sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > /etc/apt/sources.list.d/src.list \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends \
      gcc make linux-libc-dev dpkg-dev perl bzip2 xz-utils pkg-config patchelf python3 >/dev/null \
 && dpkg -i /musl/*.deb >/dev/null \
 && mkdir /src && cd /src && apt-get source -qq --download-only zlib libffi openssl python3.11 \
 && for d in *.dsc; do dpkg-source --no-check -x $d >/dev/null; done
# What is linked names the C library as Alpine does: that is the name which musllinux wheels may need.
# Only for linking: the loader itself stays as it was.
RUN mkdir -p /root-fs/lib /root-fs/usr/lib && cp -L /lib/ld-musl-x86_64.so.1 /root-fs/lib/ \
 && ln -s ld-musl-x86_64.so.1 /root-fs/lib/libc.musl-x86_64.so.1 && rm /lib/ld-musl-x86_64.so.1 \
 && ln -s /root-fs/lib/ld-musl-x86_64.so.1 /lib/ld-musl-x86_64.so.1 \
 && rm /usr/lib/x86_64-linux-musl/libc.so && cp /root-fs/lib/ld-musl-x86_64.so.1 /usr/lib/x86_64-linux-musl/libc.so \
 && patchelf --set-soname libc.musl-x86_64.so.1 /usr/lib/x86_64-linux-musl/libc.so \
 && printf '/root-fs/lib\n/root-fs/usr/lib\n' > /etc/ld-musl-x86_64.path
# The kernel's headers, which musl-gcc does not look for by itself; headers and libraries of ours come last.
RUN mkdir /kernel && ln -s /usr/include/linux /usr/include/asm-generic /kernel/ && ln -s /usr/include/x86_64-linux-gnu/asm /kernel/asm \
 && printf '#!/bin/sh\ncase "$1" in --print-multiarch|-print-multiarch) echo x86_64-linux-musl; exit;; esac\nexec musl-gcc "$@" -idirafter /kernel\n' > /usr/local/bin/muslcc && chmod 755 /usr/local/bin/muslcc \
 && cd /tmp && echo 'int main(void) { return 0; }' > a.c && muslcc a.c && ./a.out
ENV CC=muslcc ROOT=/root-fs MAKEFLAGS=-j2
RUN cd /src/zlib-* && ./configure --prefix=/usr --shared >/dev/null && make >/dev/null && make install DESTDIR=$ROOT >/dev/null
RUN cd /src/libffi-* && ./configure --host=x86_64-linux-musl --prefix=/usr --libdir=/usr/lib --disable-static --disable-docs --disable-multi-os-directory >/dev/null \
 && make >/dev/null && make install DESTDIR=$ROOT >/dev/null
RUN cd /src/openssl-* && ./Configure linux-x86_64 --prefix=/usr --libdir=lib --openssldir=/etc/ssl shared no-async no-tests no-engine no-afalgeng >/dev/null \
 && (make build_libs > /tmp/o.log 2>&1 && make install_dev install_runtime_libs DESTDIR=$ROOT >> /tmp/o.log 2>&1 || (tail -20 /tmp/o.log; false))
RUN cd /src/python3.11-* && (./configure --prefix=/usr --enable-shared --without-static-libpython --with-ensurepip=no --with-openssl=$ROOT/usr \
      CPPFLAGS="-I$ROOT/usr/include" LDFLAGS="-L$ROOT/usr/lib" PKG_CONFIG_PATH=$ROOT/usr/lib/pkgconfig LIBFFI_INCLUDEDIR=$ROOT/usr/include > configure.log 2>&1 || (tail -30 configure.log; false))
RUN cd /src/python3.11-* && (make > make.log 2>&1 && make install DESTDIR=$ROOT > install.log 2>&1 || (tail -40 make.log install.log; false)); tail -30 make.log
# The program with which the far side checks signatures.
RUN cd /src/openssl-* && (make apps/openssl > /tmp/o.log 2>&1 || (tail -20 /tmp/o.log; false)) && cp apps/openssl $ROOT/usr/bin/
RUN apt-get install -y -qq --no-install-recommends busybox-static ca-certificates >/dev/null && cd $ROOT \
 && mkdir -p /headers && cp -a usr/include /headers/ && cp -aL /kernel/* /headers/include/ && cp -a usr/lib/python3.11/config-* /headers/ \
 && rm -rf usr/lib/*.a usr/lib/python3.11/test usr/lib/python3.11/config-* usr/lib/python3.11/idlelib usr/include usr/share \
 && find . -name '*.so*' -type f ! -name 'ld-musl*' -exec strip --strip-unneeded {} + && find . -name __pycache__ -prune -exec rm -rf {} + \
 && mkdir -p bin sbin etc/ssl/certs tmp var/tmp root proc sys dev run && chmod 1777 tmp var/tmp \
 && cp /bin/busybox bin/busybox && for a in $(bin/busybox --list); do [ $a = busybox ] || [ -e usr/bin/$a ] || ln -sf busybox bin/$a; done \
 && mkdir -p usr/bin && ln -sf /bin/busybox usr/bin/env \
 && cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/ && ln -s certs/ca-certificates.crt etc/ssl/cert.pem \
 && printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.7\nPRETTY_NAME="Alpine Linux v3.19"\n' > etc/os-release && echo 3.19.7 > etc/alpine-release \
 && printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n' > etc/passwd && printf 'root:x:0:\nnobody:x:65534:\n' > etc/group

FROM scratch AS plain
COPY --from=build /root-fs /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/sh"]

# Debian's own compiler beside it: it runs on Debian's C library, which lies where musl does not look.
FROM plain AS builder
COPY --from=build /headers/include /usr/include
COPY --from=build /usr/include/x86_64-linux-musl /usr/include/x86_64-linux-musl
COPY --from=build /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu
COPY --from=build /usr/lib/x86_64-linux-musl /usr/lib/x86_64-linux-musl
COPY --from=build /usr/lib/gcc /usr/lib/gcc
COPY --from=build /lib64 /lib64
COPY --from=build /usr/bin/x86_64-linux-gnu-* /usr/bin/musl-gcc /usr/bin/make /usr/bin/
RUN ln -s /usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu && cd /usr/bin && for a in as ld ar nm ranlib strip objdump objcopy readelf; do ln -sf x86_64-linux-gnu-$a $a; done && ln -sf x86_64-linux-gnu-gcc-12 realgcc \
 && printf '#!/bin/sh\ncase "$1" in --print-multiarch|-print-multiarch) echo x86_64-linux-musl; exit;; esac\nREALGCC=realgcc exec musl-gcc "$@" -idirafter /usr/include -L/usr/lib\n' > muslcc && chmod 755 muslcc \
 && ln -sf muslcc gcc && ln -sf muslcc cc
