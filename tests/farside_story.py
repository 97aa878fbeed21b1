"""`make farside`: a bundle's whole life across the gap, each step done for real and held to what it claims.

Near is this machine. Far are containers without any network, or with a private one that leads nowhere; only
devpi, and the parity that publishes and patches, run on this machine (with a home that holds no key).
Read the steps from top to bottom: each says what is done, asserts it, and gives one sentence.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.cli import Parity
from tests.support.devpi import PASSWORD, USER, Index, running_devpi
from tests.support.engine import ROOT
from tests.support.lan import MEDIA, Box, Lan, lan
from tests.support.registry import forget, registry

from parity.docker_engine import connect
from parity.model import PinnedImage

PROFILE = "debian12-py311"
SET = ROOT / "profiles" / "requirements" / "small.txt"
LONG_AGO = "2026-01-01"  # the first release is resolved as on this day; by now there is a newer requests
PREFIX = "/tmp/app"
IMAGE = "localhost/parity-story:2"
SINGLE = "parity-farside.py"
ASK = "import requests, yaml; print(requests.__version__, yaml.safe_load('{a: [1, 2]}')['a'])"
OUTSIDE = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"


class Story:
    """What the steps hand on to each other; whatever they start ends with the stack."""

    old: Path
    new: Path
    key: Path
    there: Box
    network: Lan
    client: Box
    devpi: Index

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="parity-farside-")))
        self.near = Parity.with_uv(self.folder / "near")
        self.inside = Parity(self.empty("inside"))  # parity on the far side: no key, nothing cached
        self.engine = connect()
        stack.callback(self.engine.close)
        found = self.engine.image(f"parity/{PROFILE}:latest")
        assert found, f"no image parity/{PROFILE} (make images)"
        self.image = PinnedImage(found.id, "", PROFILE, "linux/amd64", "local")
        self.versions: dict[str, str] = {}

    def empty(self, name: str) -> Path:
        """A new folder in the temporary one."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def build(self, version: str, requirements: Path, *options: str) -> Path:
        """Build a release for the target; its version of requests is remembered."""
        words = ["--product", "story", "--bundle-version", version, "--serial", version, *options]
        lock = self.folder / "pylock.toml"
        done = self.near.build(PROFILE, self.folder / "out", "-r", requirements, "--lock", lock, *words)
        self.key = Path(done.bundle["public_key"])
        found = {package["name"]: package["version"] for package in done.bundle["packages"]}
        self.versions[version] = found["requests"]
        return Path(done.bundle["bundle"])

    def far(self, *words: str) -> dict[str, Any]:
        """Run the single file on the machine without a network."""
        found: dict[str, Any] = json.loads(self.there.says("python3", SINGLE, *words, "--json"))
        return found

    def holds(self, version: str) -> None:
        """Demand that the installed release is that one, and works."""
        said = self.there.says(f"{PREFIX}/current/bin/python", "-c", ASK)
        assert said.strip() == f"{self.versions[version]} [1, 2]", said


def build(story: Story) -> str:
    """Near: resolve and fetch in the target's own image, rehearse with the network cut, sign."""
    story.old = story.build("1", SET, "--exclude-newer", LONG_AGO)
    return f"release 1 for {PROFILE} with requests {story.versions['1']}, {size(story.old)}, signed"


def carry(story: Story) -> str:
    """Bundle, key, the single file and the probe go to a machine that has nothing but its loopback."""
    media = story.empty("media")
    shutil.copy(story.old, media / "old.tar")
    shutil.copy(story.key, media / "sender.pub")
    assert story.near.run("farside", "-o", media / SINGLE).code == 0
    assert story.near.run("probe", "--script", "-o", media / "probe.py").code == 0
    nowhere = story.stack.enter_context(lan(story.engine, connected=False))
    story.there = story.stack.enter_context(nowhere.box(story.image, media))
    assert story.there.says("ls", "/sys/class/net").split() == ["lo"]
    return f"{', '.join(sorted(path.name for path in media.iterdir()))}: to a host with only a loopback"


def probe(story: Story) -> str:
    """There: measure the host. Near: ask whether the bundle would install on it."""
    facts = story.folder / "facts.json"
    facts.write_text(story.there.says("python3", "probe.py"))
    document = story.near.run("check", facts, story.old, "--key", story.key, "--json").document
    assert document["would_install"] is True, document["reasons"]
    return f"{document['facts']['os']['name']}, Python {document['facts']['python']}: it would install"


def install(story: Story) -> str:
    """There: verify, then install, with the single file and the host's openssl alone."""
    assert story.far("verify", "old.tar", "--key", "sender.pub")["verified"] is True
    story.far("install", "old.tar", "--key", "sender.pub", "--prefix", PREFIX)
    return f"verified and installed into {PREFIX} by {SINGLE} alone"


def use(story: Story) -> str:
    """There: use what was installed."""
    story.holds("1")
    return f"{PREFIX}/current/bin/python imports requests {story.versions['1']} and yaml"


def serve(story: Story) -> str:
    """A second host serves the bundle with the code that travels in it; pip on a third installs from it."""
    story.network = story.stack.enter_context(lan(story.engine))
    media = story.folder / "media"
    server = story.stack.enter_context(story.network.box(story.image, media, "index"))
    story.client = story.stack.enter_context(story.network.box(story.image, media))
    assert story.client.run("python3", "-c", OUTSIDE)[0] != 0
    server.says("tar", "-x", "-C", "/tmp", "-f", "old.tar", "parity-bundle/farside")
    command = f"python3 -m farside.serving serve {MEDIA}/old.tar --key {MEDIA}/sender.pub --bind :8080"
    server.begin("sh", "-c", f"cd /tmp/parity-bundle; exec {command} >/tmp/out 2>/tmp/log")
    server.says("timeout", "20", "sh", "-c", "until grep -q serving /tmp/out; do sleep 0.1; done")
    pip_install(story, "http://index:8080", "/tmp/served")
    assert '.whl HTTP/1.1" 200' in server.says("cat", "/tmp/log")
    return "pip on another host installed from it, with hashes, over a network that leads nowhere"


def publish(story: Story) -> str:
    """The bundle's wheels go to a real devpi in that network; a second time there is nothing to do."""
    story.devpi = story.stack.enter_context(running_devpi(story.empty("devpi"), story.network.gateway))
    login = {"PARITY_PUBLISH_USERNAME": USER, "PARITY_PUBLISH_PASSWORD": PASSWORD}
    words = ("publish", story.old, "--to", story.devpi.upload, "--key", story.key, "--json")
    first, again = (story.inside.run(*words, env=login).document for _ in range(2))
    assert first["uploaded"], first
    assert (again["uploaded"], sorted(again["already_there"])) == ([], sorted(first["uploaded"]))
    return f"{len(first['uploaded'])} wheels uploaded to a real devpi, none the second time"


def use_devpi(story: Story) -> str:
    """The client installs from that devpi."""
    pip_install(story, story.devpi.simple, "/tmp/published")
    return "pip installed from devpi, with hashes, configured by parity pip-conf"


def update(story: Story) -> str:
    """Near: a second release in which one package is newer, compared with the first; only that is carried."""
    newer = story.folder / "newer.txt"
    newer.write_text(SET.read_text().replace("requests", f"requests>{story.versions['1']}"))
    story.new = story.build("2", newer)
    delta = story.folder / "update.delta"
    signed = ("--key", story.key, "--json")
    packages = story.near.run("diff", story.old, story.new, *signed).document["packages"]
    assert [package["name"] for package in packages["changed"]] == ["requests"]
    assert packages["added"] == packages["removed"] == []
    made = story.near.run("delta", story.old, story.new, "-o", delta, *signed)
    assert made.code == 0, made.stdout
    assert delta.stat().st_size < story.new.stat().st_size / 20
    return f"requests {story.versions['1']} → {story.versions['2']}: {size(delta)} for {size(story.new)}"


def patch(story: Story) -> str:
    """Inside: the old bundle and the delta give the new bundle, byte for byte."""
    patched = story.empty("update") / "new.tar"
    words = ("-o", patched, "--key", story.key, "--json")
    done = story.inside.run("patch", story.old, story.folder / "update.delta", *words)
    assert done.code == 0, done.stdout
    assert patched.read_bytes() == story.new.read_bytes()
    return "the new bundle byte for byte, so its first signature holds"


def upgrade(story: Story) -> str:
    """There: install the new release beside the old one."""
    story.there.put(story.folder / "update")
    story.far("install", "new.tar", "--key", "sender.pub", "--prefix", PREFIX)
    story.holds("2")
    assert len(story.far("installed", "--prefix", PREFIX)["releases"]) == 2
    return f"current has requests {story.versions['2']}; the old release lies beside it"


def roll_back(story: Story) -> str:
    """There: the old release is current again."""
    story.far("rollback", "--prefix", PREFIX)
    story.holds("1")
    return f"current has requests {story.versions['1']} again"


def grow(story: Story) -> str:
    """There: one index that grows; pip sees the release that is offered, and after a rollback the old one."""
    seen = []
    for words in (["--add", "old.tar"], ["--add", "new.tar", "--keep", "1"], ["--rollback"]):
        key = [] if "--rollback" in words else ["--key", "sender.pub"]
        story.there.says("python3", SINGLE, "index", "/tmp/site", *words, *key)
        seen.append(pip_version(story))
    old, new = story.versions["1"], story.versions["2"]
    assert seen == [old, new, old], seen
    return f"a folder offered requests {old}, then {new}, then {old} again, each by one switch"


def inventory(story: Story) -> str:
    """Near: a delta for what a site has: an index, the old bundle. There: the new bundle out of both."""
    site, carried = story.folder / "site", story.empty("carried")
    assert story.near.run("index", story.old, site, "--key", story.key).code == 0
    words = ("--have", site, "--have", story.old, "-o", carried / "for.delta", "--key", story.key, "--json")
    made = story.near.run("delta", story.new, *words)
    assert made.document["base"] is None, made.stdout
    story.there.put(carried)
    there = ("/tmp/site", "old.tar")
    found = story.far("patch", *there, "for.delta", "-o", "/tmp/again.tar", "--key", "sender.pub")
    assert story.there.says("sha256sum", "/tmp/again.tar").split()[0] == sha256(story.new)
    return f"{size(carried / 'for.delta')} for an index and a bundle; payload {found['payload_sha256'][:12]}"


def discs(story: Story) -> str:
    """Near: the new release on discs of whole files. There: checked by sha256sum, joined in any order."""
    media = story.empty("discs")
    words = ("--whole-files", "--size", "20.5MB", "-o", media, "--json")
    made = story.near.run("split", story.new, *words).document
    assert len(made["discs"]) > 1
    story.there.put(media)
    places = [f"{Path(made['folder']).name}/{Path(each['path']).name}" for each in made["discs"]]
    for place in places:
        story.there.says("sh", "-ec", f"cd {place}; exec sha256sum -c SHA256SUMS.*")
    story.far("join", *reversed(places), "-o", "/tmp/joined.tar")
    assert story.there.says("sha256sum", "/tmp/joined.tar").split()[0] == sha256(story.new)
    return f"{len(places)} discs, each good by stock tools; together the bundle as it was signed"


def registry_road(story: Story) -> str:
    """Near: both releases into a registry, file by file. Inside: the new one comes out, byte for byte."""
    with registry(story.folder / "registry") as found:
        signed = ("--key", story.key, "--json")
        sent = [
            story.near.run("push", path, f"{found.host}/site/story:{version}", *signed).document["sent_bytes"]
            for version, path in (("1", story.old), ("2", story.new))
        ]
        pulled = story.folder / "pulled.tar"
        done = story.inside.run("pull", f"{found.host}/site/story:2", "-o", pulled, *signed)
        assert done.code == 0, done.stdout
        assert pulled.read_bytes() == story.new.read_bytes()
        forget(found.host)
    assert sent[1] < sent[0] / 2, sent
    return f"{sent[0] / 1e6:.2f} MB went up for release 1, {sent[1] / 1e6:.2f} MB for 2; pulled as signed"


def image(story: Story) -> str:
    """Near: the new release as a container image. There is an engine: it takes what was verified alone."""
    words = ("--name", IMAGE, "-o", story.folder, "--json")
    made = story.near.run("export", "image", story.new, *words)
    assert made.code == 0, made.stdout
    single = [sys.executable, str(story.folder / "media" / SINGLE)]
    run([*single, "load", made.document["file"], "--key", str(story.key), "--with", "docker"])
    try:
        confined = ["docker", "run", "--rm", "--network=none", "--read-only", "--tmpfs=/tmp", IMAGE]
        said = run([*confined, "python", "-c", ASK])
    finally:
        run(["docker", "image", "rm", "--force", IMAGE])
    assert said.split()[0] == story.versions["2"]
    return f"{size(Path(made.document['file']))}, verified, loaded, run without network on a read-only root"


def environment(story: Story) -> str:
    """Near: the finished environment as a tar. There: verified, unpacked by tar, and it runs."""
    words = ("--prefix", "/tmp/plain/app", "-o", story.empty("tar"), "--json")
    made = story.near.run("export", "environment", story.new, *words)
    assert made.code == 0, made.stdout
    file = Path(made.document["file"])
    story.there.put(file.parent)
    assert story.far("verify", file.name, "--key", "sender.pub")["verified"] is True
    story.there.says("sh", "-c", f"mkdir -p /tmp/plain && tar -xf {file.name} -C /tmp/plain app")
    assert story.there.says("/tmp/plain/app/bin/python", "-c", ASK).split()[0] == story.versions["2"]
    return f"{size(file)}, verified, and tar alone was enough"


STEPS: tuple[Callable[[Story], str], ...] = (
    *(build, carry, probe, install, use, serve, publish, use_devpi, update, patch, upgrade, roll_back),
    *(grow, inventory, discs, registry_road, image, environment),
)


def pip_version(story: Story) -> str:
    """Which requests pip takes from the folder there, with nothing installed by it before."""
    script = """rm -rf /tmp/from-site
        python3 -m pip install -q --target /tmp/from-site --no-cache-dir --no-deps \\
        --isolated --disable-pip-version-check --index-url file:///tmp/site/simple/ requests
        ls /tmp/from-site"""
    said = story.there.says("sh", "-ec", script, environment={"HOME": "/tmp"})
    found = re.search(r"requests-([0-9.]+)\.dist-info", said)
    assert found, said
    return found[1]


def run(command: list[str]) -> str:
    """What a command of this machine that must succeed prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pip_install(story: Story, url: str, target: str) -> None:
    """Install the bundle's requirements on the client, from that index alone, and use them."""
    done = story.inside.run("pip-conf", url)
    assert done.code == 0, done.stderr
    script = f"""printf %s "$CONF" >/tmp/pip.conf; tar -x -C /tmp -f old.tar parity-bundle/requirements.txt
        exec python3 -m pip install -q --target {target} --no-cache-dir --require-hashes \\
        -r /tmp/parity-bundle/requirements.txt"""
    settings = {"CONF": done.stdout, "PIP_CONFIG_FILE": "/tmp/pip.conf", "HOME": "/tmp"}
    story.client.says("sh", "-ec", script, environment=settings)
    said = story.client.says("python3", "-c", ASK, environment={"PYTHONPATH": target})
    assert said.split()[0] == story.versions["1"]


def sha256(path: Path) -> str:
    """A file's digest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def size(path: Path) -> str:
    """A file's size for people."""
    return f"{path.stat().st_size / 1e6:.2f} MB"


def main() -> None:
    """Tell the story; everything it made is gone afterwards, however it ends."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    begun = time.monotonic()
    with ExitStack() as stack:
        story = Story(stack)
        for step in STEPS:
            start, name = time.monotonic(), step.__name__.replace("_", " ")
            try:
                shown = step(story)
            except BaseException:
                tell(f"✗  {name}")
                raise
            tell(f"✓  {name:<10} {shown:<88} {time.monotonic() - start:5.1f} s")
    tell(f"\nShown: all {len(STEPS)} steps, in {time.monotonic() - begun:.0f} s.")


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
