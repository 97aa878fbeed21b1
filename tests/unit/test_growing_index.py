"""An index that grows by bundles, lets old ones go, switches in one step and goes back."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from tests.support.bundles import IDENTITY, MadeBundle, make_bundle, signing_key
from tests.support.cli import Parity
from tests.support.wheels import WheelParts

from parity.farside.index import growing, static
from parity.farside.index.catalogue import open_catalogue
from parity.portable.errors import BundlesDisagree, IndexNotWritten, NoIndexThere, PrefixInUse

ALPHA, BETA, BETA2 = "alpha-1.0-py3-none-any.whl", "beta-1.0-py3-none-any.whl", "beta-2.0-py3-none-any.whl"


def wheel(filename: str, text: str) -> bytes:
    name, version = filename.split("-")[:2]
    return WheelParts(name, version, "py3-none-any", {f"{name}.py": text.encode()}).data()


def bundle(folder: Path, serial: int, *names: str, text: str = "") -> MadeBundle:
    wheels = {name: wheel(name, text) for name in names}
    (folder / str(serial)).mkdir(parents=True, exist_ok=True)
    identity = replace(IDENTITY, version=f"{serial}.0", serial=serial)
    return make_bundle(folder / str(serial), wheels=wheels, identity=identity)


def grown(folder: Path, *bundles: MadeBundle, keep: int = 0) -> growing.Switched:
    with open_catalogue([str(each.path) for each in bundles], lambda *_: ("k" * 64,)) as catalogue:
        return growing.grow(catalogue, str(folder), keep)


def offered(folder: Path) -> dict[str, bytes]:
    """Every wheel that the pages offer, followed as a client does, its digest held against the page."""
    found = {}
    base = f"file://{folder}/simple/"
    for project in json.loads((folder / "simple" / "index.v1_json").read_text())["projects"]:
        page = f"{base}{project['name']}/"
        document = json.loads(Path(urlsplit(page).path, "index.v1_json").read_text())
        for file in document["files"]:
            path = Path(urlsplit(urljoin(page, file["url"])).path)
            data = path.read_bytes()
            assert hashlib.sha256(data).hexdigest() == file["hashes"]["sha256"]
            metadata = Path(f"{path}.metadata").read_bytes()
            assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]
            found[file["filename"]] = data
    return found


def held(folder: Path) -> list[int]:
    return [each.listed.serial for each in growing._current(str(folder)).bundles]


def test_bundles_are_added_one_after_another_and_a_wheel_lies_there_once(tmp_path: Path) -> None:
    one, two = bundle(tmp_path, 1, ALPHA, BETA), bundle(tmp_path, 2, ALPHA, BETA2)
    site = tmp_path / "site"
    first = grown(site, one)
    assert sorted(offered(site)) == [ALPHA, BETA]
    second = grown(site, two)
    assert sorted(offered(site)) == [ALPHA, BETA, BETA2]
    assert len(list((site / "files").iterdir())) == 3
    assert [(len(each.added), len(each.dropped)) for each in (first, second)] == [(1, 0), (1, 0)]
    assert "serial 1" in (site / "index.html").read_text()
    assert "serial 2" in (site / "index.html").read_text()


def test_the_oldest_of_a_product_go_and_nothing_of_them_stays_that_no_rollback_needs(tmp_path: Path) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA, BETA))
    done = grown(site, bundle(tmp_path, 2, BETA2), keep=1)
    assert [each.serial for each in done.dropped] == [1]
    assert sorted(offered(site)) == [BETA2]
    assert len(list((site / "files").iterdir())) == 3  # the snapshot before has them
    for serial in (3, 4):
        grown(site, bundle(tmp_path, serial, BETA2), keep=1)
    assert len(list((site / "files").iterdir())) == 1
    assert len(list((site / "snapshots").iterdir())) == 3
    assert held(site) == [4]


def test_retention_alone_makes_a_snapshot_too(tmp_path: Path) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, BETA), bundle(tmp_path, 2, BETA2))
    assert held(site) == [1, 2]
    assert [each.serial for each in grown(site, keep=1).dropped] == [1]
    assert held(site) == [2]


def test_a_rollback_leads_to_what_was_before_and_to_nothing_that_was_rolled_back(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for serial, name in ((1, ALPHA), (2, BETA)):
        grown(site, bundle(tmp_path, serial, name))
    growing.roll_back(str(site))
    assert sorted(offered(site)) == [ALPHA]
    grown(site, bundle(tmp_path, 3, BETA2))
    assert held(site) == [1, 3]
    growing.roll_back(str(site))
    assert held(site) == [1]
    with pytest.raises(NoIndexThere, match="no snapshot before"):
        growing.roll_back(str(site))
    assert sorted(offered(site)) == [ALPHA]


def test_the_same_payload_again_is_there_once(tmp_path: Path) -> None:
    site, one = tmp_path / "site", bundle(tmp_path, 1, ALPHA)
    grown(site, one)
    grown(site, one)
    assert held(site) == [1]


def test_what_changes_nothing_is_no_snapshot_and_leaves_the_way_back(tmp_path: Path) -> None:
    """A job that is run again must not turn a rollback into a step to the very same state."""
    site, two = tmp_path / "site", bundle(tmp_path, 2, BETA)
    grown(site, bundle(tmp_path, 1, ALPHA))
    grown(site, two)
    again = grown(site, two)
    assert (again.snapshot.number, again.added, again.dropped) == (2, (), ())
    assert grown(site, keep=5).snapshot.number == 2
    growing.roll_back(str(site))
    assert held(site) == [1]


def test_other_bytes_under_a_name_are_refused_and_the_index_is_as_it_was(tmp_path: Path) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA))
    before = offered(site)
    with pytest.raises(BundlesDisagree, match=ALPHA):
        grown(site, bundle(tmp_path, 2, ALPHA, text="x = 1"))
    assert offered(site) == before
    # Where the old one goes, its name is free; who still reads the old page gets the old bytes.
    old = next((site / "files").iterdir())
    grown(site, bundle(tmp_path, 3, ALPHA, text="x = 1"), keep=1)
    assert offered(site) != before
    assert old.exists()


def test_a_folder_of_somebody_elses_and_an_index_that_does_not_grow_are_left_alone(tmp_path: Path) -> None:
    one = bundle(tmp_path, 1, ALPHA)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").write_text("x")
    with pytest.raises(PrefixInUse):
        grown(tmp_path / "theirs", one)
    with pytest.raises(NoIndexThere):
        growing.roll_back(str(tmp_path / "theirs"))
    assert os.listdir(tmp_path / "theirs") == ["file"]


def test_two_at_once_are_one_and_a_word(tmp_path: Path) -> None:
    site, one = tmp_path / "site", bundle(tmp_path, 1, ALPHA)
    grown(site, one)
    lock = os.open(site, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(PrefixInUse, match="another run"):
        grown(site, one)
    os.close(lock)


RECORDS: Mapping[str, Any] = {
    "no JSON": lambda text: text[:-5],
    "a name that is none": lambda text: text.replace('"project":"alpha"', '"project":"../alpha"'),
    "a digest that is none": lambda text: text.replace('"sha256":"', '"sha256":"../', 1),
    "another format": lambda text: text.replace("parity-index-1", "parity-index-9"),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_record_that_is_none_is_told_and_nothing_is_changed(tmp_path: Path, change: Any) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA))
    record = site / "snapshots" / "1" / "snapshot.json"
    record.write_text(change(record.read_text()))
    with pytest.raises(NoIndexThere) as raised:
        grown(site, bundle(tmp_path, 2, BETA))
    assert "anew" in raised.value.remedy
    assert sorted(os.listdir(site / "snapshots")) == ["1"]


@pytest.mark.parametrize("to", ["/etc", "../../etc", "snapshots/../..", "snapshots/01"])
def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path, to: str) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA))
    (site / "current").unlink()
    (site / "current").symlink_to(to)
    with pytest.raises(NoIndexThere):
        grown(site, bundle(tmp_path, 2, BETA))


@pytest.mark.parametrize("name", ["files", "snapshots"])
def test_what_a_link_in_an_index_leads_to_is_not_touched(tmp_path: Path, name: str) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    grown(site, bundle(tmp_path, 1, ALPHA))
    (site / name).rename(elsewhere)
    (elsewhere / "precious").mkdir()
    (elsewhere / ".precious.0123456789abcdef.tmp").write_bytes(b"")
    (site / name).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(PrefixInUse, match=name):
        grown(site, bundle(tmp_path, 2, BETA))
    with pytest.raises(PrefixInUse, match=name):
        growing.roll_back(str(site))
    assert sorted(elsewhere.rglob("*")) == before


def test_what_lies_in_an_index_and_is_not_of_it_stays(tmp_path: Path) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA))
    for name in ("files/lost+found", "snapshots/2025-before-the-move", "snapshots/.nfs0001"):
        (site / name).mkdir()
    grown(site, bundle(tmp_path, 2, BETA), keep=1)
    assert sorted(each.name for each in (site / "snapshots").iterdir()) == [
        *(".nfs0001", "1", "2", "2025-before-the-move")
    ]
    assert (site / "files" / "lost+found").is_dir()


def test_a_first_run_begins_nothing_where_another_is_at_work(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    lock = os.open(site, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(PrefixInUse, match="another run"):
        grown(site, bundle(tmp_path, 1, ALPHA))
    os.close(lock)
    assert list(site.iterdir()) == []


def test_a_full_disk_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    grown(site, bundle(tmp_path, 1, ALPHA))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(static, "write_all", full)
    with pytest.raises(IndexNotWritten, match="No space"):
        grown(site, bundle(tmp_path, 2, BETA))
    monkeypatch.undo()
    assert sorted(offered(site)) == [ALPHA]
    assert not [name for _, folders, _ in os.walk(site) for name in folders if name.endswith(".tmp")]


KILLED = """
import sys
from parity.farside.index import growing
from parity.farside.index.catalogue import open_catalogue
with open_catalogue([sys.argv[1]], lambda *_: ("k" * 64,)) as catalogue:
    print("go", flush=True)
    growing.grow(catalogue, sys.argv[2], 1)
"""


def test_kill_9_leaves_the_old_index_or_the_new_one_and_the_next_run_sweeps(tmp_path: Path) -> None:
    site, seen = tmp_path / "site", set()
    big = {f"w{n}-1.0-py3-none-any.whl": n for n in range(60)}
    old, new = bundle(tmp_path, 1, ALPHA), bundle(tmp_path, 2, *big)
    for number in range(12):
        grown(site, old, keep=0)
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, str(new.path), str(site)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(number * 0.02)
            process.send_signal(signal.SIGKILL)
        found = sorted(offered(site))
        assert found in ([ALPHA], sorted(big), sorted([ALPHA, *big]))
        seen.add(len(found))
        grown(site, old)
        assert not [name for _, folders, _ in os.walk(site) for name in folders if name.endswith(".tmp")]
        with suppress(NoIndexThere):  # killed before anything was switched
            growing.roll_back(str(site))
        offered(site)
    assert 1 in seen


def test_whoever_reads_meanwhile_sees_a_whole_index(tmp_path: Path) -> None:
    site = tmp_path / "site"
    bundles = [bundle(tmp_path, serial, name) for serial, name in ((1, ALPHA), (2, BETA))]
    grown(site, bundles[0])
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(site)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    for number in range(20):
        grown(site, bundles[number % 2], keep=1)
    reader.send_signal(signal.SIGTERM)
    said = reader.communicate(timeout=30)[0].split()
    assert int(said[0]) > 20
    assert said[1] == "0"


READER = """
import json, os, signal, sys
site, reads, broken, over = sys.argv[1], 0, 0, []
signal.signal(signal.SIGTERM, lambda *_: over.append(1))
while not over:
    reads += 1
    try:
        page = json.load(open(os.path.join(site, "simple", "index.v1_json")))
        assert page["projects"]
    except Exception:
        broken += 1
print(reads, broken)
"""


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    path = tmp_path / "sender.pub"
    path.write_bytes(signing_key().public.pem)
    return path


def test_both_sides_have_the_words(tmp_path: Path, trusted: Path) -> None:
    one, two = bundle(tmp_path, 1, ALPHA), bundle(tmp_path, 2, BETA)
    site, near = tmp_path / "site", Parity(tmp_path)
    done = near.run("index", site, "--add", one.path, "--key", trusted, "--json")
    assert done.code == 0, done.stderr
    assert (done.document["snapshot"], len(done.document["added"])) == (1, 1)
    said = near.run("farside", "-o", tmp_path / "far.py")
    assert said.code == 0, said.stderr
    far = [sys.executable, str(tmp_path / "far.py"), "index", str(site)]
    more = [*far, "--add", str(two.path), "--key", str(trusted)]
    added = subprocess.run(more, capture_output=True, encoding="utf-8", check=False)
    assert added.returncode == 0, added.stderr
    assert "snapshot 2: 1 added, 0 dropped" in added.stdout
    back = subprocess.run([*far, "--rollback"], capture_output=True, encoding="utf-8", check=False)
    assert (back.returncode, held(site)) == (0, [1]), back.stderr
    text = near.run("index", site, "--add", two.path, "--keep", "1", "--key", trusted)
    assert "+ demo" in text.stdout or "serial 2" in text.stdout
    assert near.run("index", site, "--rollback", "--keep", "2").code == 13
    plain = near.run("index", one.path, site, "--key", trusted)
    assert plain.code == 65  # not replaced as a whole by mistake
    untrusted = near.run("index", site, "--add", two.path)
    assert untrusted.code == 80
