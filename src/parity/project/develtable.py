"""Development packages of Debian and those that follow it, by what a build says that it lacks.

A line is `packages: what they have`, of several packages the first that the release has; `p` is a program,
`h` a header, `k` a name of pkg-config or CMake, `l` a library. Every name is held against the release's own
signed lists before it is used, so a line that a release does not know harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

_KINDS = {"p": "program", "h": "header", "k": "pkg-config", "l": "library"}
_TABLE = """
libpq-dev: p pg_config|h libpq-fe.h|h postgres_ext.h|k libpq|l pq
default-libmysqlclient-dev: p mysql_config|p mariadb_config|h mysql.h|h mysql/mysql.h|k mysqlclient
default-libmysqlclient-dev: k libmysqlclient|l mysqlclient
libmariadb-dev: k mariadb|k libmariadb|h mariadb/mysql.h|l mariadb
libcairo2-dev: k cairo|h cairo.h|k cairo-gobject|l cairo
libxml2-dev: p xml2-config|k libxml2|k libxml-2.0|h libxml/xmlversion.h|h libxml/parser.h
libxml2-dev: h libxml/tree.h|l xml2
libxslt1-dev: p xslt-config|k libxslt|k libexslt|h libxslt/xslt.h|h libxslt/xsltconfig.h|l xslt|l exslt
libffi-dev: h ffi.h|h ffi/ffi.h|k libffi|l ffi
libldap-dev libldap2-dev: h ldap.h|h lber.h|k ldap|k lber|l ldap|l lber|l ldap_r
libsasl2-dev: h sasl/sasl.h|h sasl.h|k libsasl2|l sasl2
libkrb5-dev: p krb5-config|h krb5.h|h gssapi.h|h gssapi/gssapi.h|h gssapi/gssapi_ext.h
libkrb5-dev: h gssapi/gssapi_krb5.h|k krb5|k krb5-gssapi|l krb5|l gssapi_krb5
portaudio19-dev: h portaudio.h|k portaudio-2.0|l portaudio
libasound2-dev: h alsa/asoundlib.h|k alsa|l asound
libjack-jackd2-dev libjack-dev: h jack/jack.h|k jack|l jack
libssl-dev: h openssl/ssl.h|h openssl/opensslv.h|h openssl/evp.h|h openssl/aes.h|h openssl/rsa.h
libssl-dev: h openssl/err.h|h openssl/crypto.h|k openssl|k OpenSSL|k libssl|k libcrypto|l ssl
libssl-dev: l crypto
libcurl4-openssl-dev: p curl-config|h curl/curl.h|k libcurl|k CURL|l curl
zlib1g-dev: h zlib.h|k zlib|k ZLIB|l z
libbz2-dev: h bzlib.h|k bzip2|k BZip2|l bz2
liblzma-dev: h lzma.h|k liblzma|k LibLZMA|l lzma
libzstd-dev: h zstd.h|k libzstd|l zstd
liblz4-dev: h lz4.h|h lz4frame.h|k liblz4|l lz4
libsnappy-dev: h snappy.h|h snappy-c.h|k snappy|l snappy
libbrotli-dev: h brotli/decode.h|k libbrotlidec|l brotlidec
libjpeg-dev: h jpeglib.h|k jpeg|k libjpeg|k JPEG|l jpeg
libpng-dev: h png.h|p libpng-config|k libpng|k PNG|l png
libtiff-dev: h tiffio.h|k tiff|k libtiff-4|k TIFF|l tiff
libwebp-dev: h webp/decode.h|h webp/encode.h|k libwebp|l webp
libfreetype-dev libfreetype6-dev: h ft2build.h|k freetype|k freetype2|k Freetype|p freetype-config
libfreetype-dev libfreetype6-dev: l freetype
liblcms2-dev: h lcms2.h|k lcms2|l lcms2
libopenjp2-7-dev: h openjpeg.h|k libopenjp2|l openjp2
libheif-dev: h libheif/heif.h|k libheif|l heif
libavif-dev: h avif/avif.h|k libavif
libexif-dev: h libexif/exif-data.h|k libexif
libexiv2-dev: h exiv2/exiv2.hpp|k exiv2
libmagickwand-dev: p MagickWand-config|h wand/MagickWand.h|h MagickWand/MagickWand.h|k MagickWand
libhdf5-dev: h hdf5.h|k hdf5|k HDF5|l hdf5|p h5cc
libnetcdf-dev: p nc-config|h netcdf.h|k netcdf|l netcdf
libgdal-dev: p gdal-config|h gdal.h|k gdal|l gdal
libgeos-dev: p geos-config|h geos_c.h|k geos|l geos_c
libproj-dev: h proj.h|h proj_api.h|k proj|l proj
proj-bin: p proj
libspatialindex-dev: h spatialindex/capi/sidx_api.h|k libspatialindex|l spatialindex_c
libopenblas-dev: k openblas|h cblas.h|l openblas|k BLAS|l blas|k blas
liblapack-dev: k lapack|k LAPACK|l lapack
libatlas-base-dev: l atlas
libfftw3-dev: h fftw3.h|k fftw3|l fftw3
libgsl-dev: p gsl-config|h gsl/gsl_math.h|k gsl|l gsl
libgmp-dev: h gmp.h|k gmp|l gmp
libmpfr-dev: h mpfr.h|k mpfr|l mpfr
libmpc-dev: h mpc.h|k mpc|l mpc
libsuitesparse-dev: h cholmod.h|h umfpack.h|l cholmod
libglpk-dev: h glpk.h|l glpk
gfortran: p gfortran|p f95|p f77
swig: p swig|p swig3.0|p swig4.0
cmake: p cmake|p ctest
ninja-build: p ninja
make: p make|p gmake
build-essential: p gcc|p g++|p cc|p c++|p x86_64-linux-gnu-gcc|p aarch64-linux-gnu-gcc
clang: p clang|p clang++
llvm-dev: p llvm-config|h llvm-c/Core.h
pkg-config pkgconf: p pkg-config|p pkgconf
autoconf: p autoconf|p autoreconf|p autoheader
automake: p automake|p aclocal
libtool: p libtoolize
libtool-bin: p libtool
bison: p bison
flex: p flex
m4: p m4
gettext: p msgfmt|p gettext|p xgettext|p autopoint
git: p git
nasm: p nasm
yasm: p yasm
patch: p patch
unzip: p unzip
curl: p curl
wget: p wget
perl: p perl
ruby: p ruby
cargo: p cargo|p Cargo
rustc: p rustc
golang-go: p go
npm: p npm|p npx
nodejs: p node
yarnpkg: p yarnpkg
default-jdk-headless: p javac|h jni.h
ant: p ant
maven: p mvn
doxygen: p doxygen
help2man: p help2man
protobuf-compiler: p protoc
libprotobuf-dev: h google/protobuf/message.h|k protobuf|k Protobuf
libgraphviz-dev: h graphviz/cgraph.h|k libcgraph|l cgraph
graphviz: p dot
unixodbc-dev: h sql.h|h sqlext.h|p odbc_config|k odbc|l odbc
freetds-dev: h sqlfront.h|h sybdb.h|k sybdb|l sybdb|l ct
libsqlite3-dev: h sqlite3.h|k sqlite3|l sqlite3
libsqlcipher-dev: h sqlcipher/sqlite3.h|k sqlcipher|l sqlcipher
libdb-dev: h db.h|l db
libgdbm-dev: h gdbm.h|h ndbm.h|l gdbm
libleveldb-dev: h leveldb/db.h|h leveldb/c.h|l leveldb
librocksdb-dev: h rocksdb/db.h|h rocksdb/c.h|l rocksdb
liblmdb-dev: h lmdb.h|k lmdb|l lmdb
libmemcached-dev: h libmemcached/memcached.h|k libmemcached|l memcached
libhiredis-dev: h hiredis/hiredis.h|k hiredis
librdkafka-dev: h librdkafka/rdkafka.h|k rdkafka|l rdkafka
librabbitmq-dev: h amqp.h|k librabbitmq
libzmq3-dev: h zmq.h|k libzmq|l zmq
libevent-dev: h event.h|h event2/event.h|k libevent|l event
libev-dev: h ev.h|l ev
libuv1-dev: h uv.h|k libuv|l uv
libnghttp2-dev: h nghttp2/nghttp2.h|k libnghttp2
libsodium-dev: h sodium.h|k libsodium|l sodium
libsecp256k1-dev: h secp256k1.h|k libsecp256k1
libgcrypt20-dev: h gcrypt.h|p libgcrypt-config
libgnutls28-dev: h gnutls/gnutls.h|k gnutls|l gnutls
libgpgme-dev: p gpgme-config|h gpgme.h|k gpgme|l gpgme
libnss3-dev: h nss.h|k nss
libxmlsec1-dev: h xmlsec/xmlsec.h|k xmlsec1|p xmlsec1-config|l xmlsec1
libxmlsec1-dev: k xmlsec1-openssl
libpam0g-dev: h security/pam_appl.h|k pam|l pam
libcap-dev: h sys/capability.h|k libcap|l cap
libacl1-dev: h sys/acl.h|h acl/libacl.h|k libacl|l acl
libattr1-dev: h attr/xattr.h|h attr/attributes.h|l attr
libselinux1-dev: h selinux/selinux.h|k libselinux|l selinux
libseccomp-dev: h seccomp.h|k libseccomp|l seccomp
libaudit-dev: h libaudit.h|k audit|l audit
libsystemd-dev: h systemd/sd-daemon.h|h systemd/sd-journal.h|k libsystemd|k libsystemd-journal|l systemd
libudev-dev: h libudev.h|k libudev|l udev
libusb-1.0-0-dev: h libusb.h|h libusb-1.0/libusb.h|k libusb-1.0|l usb-1.0
libhidapi-dev: h hidapi/hidapi.h|k hidapi-libusb
libbluetooth-dev: h bluetooth/bluetooth.h|k bluez|l bluetooth
libpcsclite-dev: h winscard.h|h PCSC/winscard.h|k libpcsclite|l pcsclite
libpcap-dev: h pcap.h|h pcap/pcap.h|p pcap-config|k libpcap|l pcap
libnetfilter-queue-dev: h libnetfilter_queue/libnetfilter_queue.h|k libnetfilter_queue
libnl-3-dev: h netlink/netlink.h|k libnl-3.0
libsnmp-dev: p net-snmp-config|h net-snmp/net-snmp-config.h|l netsnmp
libssh-dev: h libssh/libssh.h|k libssh
libssh2-1-dev: h libssh2.h|k libssh2|l ssh2
libgit2-dev: h git2.h|k libgit2|l git2
libvirt-dev: h libvirt/libvirt.h|k libvirt|k libvirt-qemu
libsmbclient-dev: h libsmbclient.h|k smbclient
libcups2-dev: h cups/cups.h|h cups/http.h|p cups-config|k cups|l cups
libdbus-1-dev: h dbus/dbus.h|k dbus-1|l dbus-1
libglib2.0-dev: h glib.h|k glib-2.0|k gobject-2.0|k gio-2.0|k gmodule-2.0|p glib-mkenums|p glib-genmarshal
libgirepository-2.0-dev: k girepository-2.0
libgirepository1.0-dev: k gobject-introspection-1.0|p g-ir-scanner|h girepository.h
libgtk-3-dev: k gtk+-3.0|h gtk/gtk.h
libpango1.0-dev: k pango|k pangocairo|h pango/pango.h
libgdk-pixbuf-2.0-dev libgdk-pixbuf2.0-dev: k gdk-pixbuf-2.0
libgstreamer1.0-dev: k gstreamer-1.0|h gst/gst.h
libgstreamer-plugins-base1.0-dev: k gstreamer-base-1.0|k gstreamer-video-1.0
libx11-dev: h X11/Xlib.h|k x11|k X11|l X11
libxext-dev: h X11/extensions/XShm.h|k xext|l Xext
libxrandr-dev: h X11/extensions/Xrandr.h|k xrandr
libxtst-dev: h X11/extensions/XTest.h|k xtst|l Xtst
libxcb1-dev: h xcb/xcb.h|k xcb
libxft-dev: h X11/Xft/Xft.h|k xft
libgl-dev libgl1-mesa-dev: h GL/gl.h|k gl|k OpenGL|l GL
libglu1-mesa-dev: h GL/glu.h|k glu|l GLU
libglfw3-dev: h GLFW/glfw3.h|k glfw3
freeglut3-dev: h GL/glut.h|l glut
libsdl2-dev: p sdl2-config|h SDL.h|h SDL2/SDL.h|k sdl2|l SDL2
libsdl1.2-dev: p sdl-config
tk-dev: h tk.h
tcl-dev: h tcl.h
qtbase5-dev: p qmake|k Qt5
libncurses-dev libncurses5-dev: h ncurses.h|h curses.h|p ncurses5-config|p ncurses6-config|k ncurses
libncurses-dev libncurses5-dev: l ncurses|l tinfo
libreadline-dev: h readline/readline.h|k readline|l readline
libexpat1-dev: h expat.h|k expat|k EXPAT|l expat
libyaml-dev: h yaml.h|k yaml-0.1|l yaml
libicu-dev: p icu-config|h unicode/utypes.h|h unicode/uversion.h|k icu-i18n|k icu-uc|k ICU|l icui18n|l icuuc
libpcre3-dev: h pcre.h|p pcre-config|k libpcre
libpcre2-dev: h pcre2.h|p pcre2-config|k libpcre2-8
libre2-dev: h re2/re2.h|k re2
libonig-dev: h oniguruma.h
libmagic-dev: h magic.h|l magic
libarchive-dev: h archive.h|k libarchive|l archive
libenchant-2-dev: h enchant.h|k enchant-2
libhunspell-dev: h hunspell.hxx|h hunspell/hunspell.hxx|k hunspell|l hunspell
libaspell-dev: h aspell.h|l aspell
libtesseract-dev: h tesseract/baseapi.h|k tesseract
libleptonica-dev: h allheaders.h|h leptonica/allheaders.h|k lept
libpoppler-cpp-dev: h poppler/cpp/poppler-document.h|h poppler-document.h|k poppler-cpp
libpoppler-glib-dev: k poppler-glib
libqpdf-dev: h qpdf/QPDF.hh|k libqpdf|l qpdf
libmupdf-dev: h mupdf/fitz.h
libzbar-dev: h zbar.h|k zbar|l zbar
libdmtx-dev: h dmtx.h|k libdmtx
libavformat-dev: h libavformat/avformat.h|k libavformat
libavcodec-dev: h libavcodec/avcodec.h|k libavcodec
libavdevice-dev: h libavdevice/avdevice.h|k libavdevice
libavfilter-dev: h libavfilter/avfilter.h|k libavfilter
libavutil-dev: h libavutil/avutil.h|k libavutil
libswscale-dev: h libswscale/swscale.h|k libswscale
libswresample-dev: h libswresample/swresample.h|k libswresample
libsndfile1-dev libsndfile-dev: h sndfile.h|k sndfile|l sndfile
libsamplerate0-dev libsamplerate-dev: h samplerate.h|k samplerate
librubberband-dev: k rubberband
libopus-dev: h opus/opus.h|k opus
libogg-dev: h ogg/ogg.h|k ogg
libvorbis-dev: h vorbis/codec.h|k vorbis
libflac-dev: h FLAC/stream_decoder.h|k flac
libmp3lame-dev: h lame/lame.h
libpulse-dev: h pulse/pulseaudio.h|k libpulse
libtag1-dev libtag-dev: p taglib-config|h taglib.h|h tstring.h|k taglib|l tag
libchromaprint-dev: h chromaprint.h|k libchromaprint
libeigen3-dev: h Eigen/Core|h Eigen/Dense|k eigen3|k Eigen3
libboost-all-dev: k Boost|h boost/python.hpp|h boost/version.hpp|h boost/config.hpp
libtbb-dev: h tbb/tbb.h|k tbb|k TBB
libcgal-dev: h CGAL/basic.h
libopencv-dev: h opencv2/core.hpp|k opencv4|k OpenCV
libjson-c-dev: h json-c/json.h|k json-c
rapidjson-dev: h rapidjson/document.h|k RapidJSON
nlohmann-json3-dev: h nlohmann/json.hpp|k nlohmann_json
pybind11-dev: h pybind11/pybind11.h|k pybind11
libaugeas-dev: h augeas.h|k augeas
librrd-dev: h rrd.h|k librrd|l rrd
libfuse-dev: h fuse.h|k fuse|l fuse
libfuse3-dev: k fuse3
libiscsi-dev: h iscsi/iscsi.h|k libiscsi
librados-dev: h rados/librados.h|l rados
librbd-dev: h rbd/librbd.h|l rbd
libparted-dev: h parted/parted.h|k libparted
libblkid-dev: h blkid/blkid.h|k blkid
uuid-dev: h uuid/uuid.h|k uuid|l uuid
libkmod-dev: h libkmod.h|k libkmod
libnuma-dev: h numa.h|l numa
libibverbs-dev: h infiniband/verbs.h|k libibverbs
libopenmpi-dev: p mpicc|h mpi.h|k MPI
ocl-icd-opencl-dev: h CL/cl.h|k OpenCL|l OpenCL
libportmidi-dev: h portmidi.h|l portmidi
libgpiod-dev: h gpiod.h|k libgpiod
libi2c-dev: h i2c/smbus.h|l i2c
libmodbus-dev: h modbus.h
libcdio-dev: h cdio/cdio.h|k libcdio
libmediainfo-dev: k libmediainfo
libgphoto2-dev: p gphoto2-config|k libgphoto2
libsane-dev: h sane/sane.h
libraw-dev: h libraw/libraw.h|k libraw
libwayland-dev: k wayland-client|p wayland-scanner
libxkbcommon-dev: h xkbcommon/xkbcommon.h|k xkbcommon
libunwind-dev: h libunwind.h|k libunwind
libdw-dev: h elfutils/libdw.h|k libdw
libelf-dev: h libelf.h|h gelf.h|k libelf
libbpf-dev: h bpf/bpf.h|k libbpf
libcapstone-dev: h capstone/capstone.h|k capstone
r-base-dev: p R
libperl-dev: h EXTERN.h
liblua5.4-dev: h lua.h|k lua5.4|k lua
libluajit-5.1-dev: k luajit
libtre-dev: h tre/tre.h
libstemmer-dev: h libstemmer.h
libmecab-dev: p mecab-config|h mecab.h
libpst-dev: h libpst/libpst.h
libtorrent-rasterbar-dev: k libtorrent-rasterbar
libolm-dev: h olm/olm.h|k olm
libsrtp2-dev: k libsrtp2
libvpx-dev: h vpx/vpx_codec.h|k vpx
python3-dev: h Python.h
"""


def _read(table: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for line in table.strip().splitlines():
        packages, _, things = line.partition(": ")
        for thing in things.split("|"):
            kind, _, name = thing.partition(" ")
            yield _KINDS[kind], name, tuple(packages.split())


DEBIAN: dict[str, dict[str, tuple[str, ...]]] = {kind: {} for kind in _KINDS.values()}
for _kind, _name, _packages in _read(_TABLE):
    DEBIAN[_kind].setdefault(_name, _packages)
