#!/bin/sh
# Runs install.py beside it: `sh install.sh PREFIX` in a bundle, `sh install.sh --load docker` in an image.
# See README.txt.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 66
PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
export PATH
for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 \
    python3.7 python3.6 /usr/libexec/platform-python python pypy3; do
    if "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1; then
        exec "$python" -I -B "$here/install.py" "$@"
    fi
done
echo "install.sh: no Python 3.6 or later was found on PATH" >&2
exit 62
