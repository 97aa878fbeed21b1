# What whoever uses it there has: the release's programs (or the project's uv) first, and a way to ask a server.
set -eu
export PATH="/opt/app/current/bin:/opt/checkout/.parity:$PATH" HOME=/tmp/home
mkdir -p /tmp/home
if [ -d /opt/checkout ]; then cd /opt/checkout; else cd /tmp/home; fi

answers() { # answers URL WORDS: within four minutes (a machine may be loaded) a server gives a page that has these words
  python3 - "$@" <<'END'
import sys, time, urllib.error, urllib.request
url, words, until, said = sys.argv[1], sys.argv[2], time.time() + 240, "nothing"
while time.time() < until:
    try:
        said = urllib.request.urlopen(url, timeout=10).read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        said = error.read().decode("utf-8", "replace")
    except OSError as error:
        said = str(error)
    if words in said:
        sys.exit(0)
    time.sleep(0.3)
sys.exit("no %r at %s, but: %s" % (words, url, said[-300:]))
END
}
