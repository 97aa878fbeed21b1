"""Several keys and a threshold as people meet them: `parity`, and the single file with openssl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.command import Done, Run, command
from tests.support.recorder import Recorder
from tests.support.signed import ALPHA, alpha, quick_uv, signed
from tests.support.updates import proof

from parity.cli.shared.keyring import signing_keys
from parity.errors import KeyUnusable, OptionConflict
from parity.pack.singlefile import NAME, single_file
from parity.portable.bundle.trust import VARIABLE
from parity.sign import SigningKey, generate_key, make_checker, public_path, save_key, sign_again

TWO = ("--threshold", 2)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    yield from command(tmp_path / "home", monkeypatch, capfd)


class People(NamedTuple):
    """Three people with a key each, and what they made: `old` is signed by A, `new` by A and B."""

    a: Path
    b: Path
    c: Path
    old: Path
    new: Path

    def options(self, names: str) -> list[object]:
        """`--key` for each of these people."""
        found: list[object] = []
        for name in names:
            found += ["--key", public_path(getattr(self, name))]
        return found

    def names(self, names: str) -> list[str]:
        """Their fingerprints, in the order of envelopes."""
        return sorted(fingerprint(getattr(self, name)) for name in names)


def fingerprint(key: Path) -> str:
    (found, _), *_ = signing_keys([key])
    return found.public.fingerprint


def countersigned(bundle: Path, first: SigningKey, second: SigningKey) -> Path:
    sign_again(bundle, [second], make_checker([first.public]), Recorder())
    return bundle


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("people")
    a, b, c = (generate_key() for _ in range(3))
    for name, key in (("a", a), ("b", b), ("c", c)):
        save_key(folder / name, key)
    whole: dict[str, Any] = {
        "key": a,
        "uv": quick_uv(folder),
        "imports": ALPHA,
        "files": {"proof.json": proof([], []), "profile.yaml": b"{}"},
    }
    old = signed(folder / "old", alpha(folder / "w1", "1.0"), serial=1, **whole)
    new = signed(folder / "new", alpha(folder / "w2", "2.0"), serial=2, **whole)
    return People(folder / "a", folder / "b", folder / "c", old.path, countersigned(new.path, a, b))


def kind(done: Done) -> tuple[int, str]:
    return done.code, done.document["error"]["kind"]


TOO_FEW, CONFLICT = (61, "SignatureInvalid"), (13, "OptionConflict")


# --- near -------------------------------------------------------------------------------------------------


def test_verify_counts_different_keys(run: Run, people: People) -> None:
    done = run("verify", people.new, *people.options("abc"), *TWO, "--json").document
    assert done["signers"] == done["signed_by"] == people.names("ab")
    assert run("verify", people.new, *people.options("a"), "--json").document["signers"] == people.names("a")
    told = run("verify", people.new, *people.options("ab"), *TWO).stdout
    assert f"signed by  {', '.join(people.names('ab'))}" in told
    assert kind(run("verify", people.new, *people.options("ac"), *TWO, "--json")) == TOO_FEW
    assert kind(run("verify", people.new, *people.options("abc"), "--threshold", 3, "--json")) == TOO_FEW
    assert kind(run("verify", people.new, *people.options("a"), *TWO, "--json")) == CONFLICT
    assert kind(run("verify", people.new, *people.options("aa"), *TWO, "--json")) == CONFLICT
    assert run("verify", people.new, *people.options("ab"), "--threshold", 0).code == 2


def test_a_site_can_demand_two_always(run: Run, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    for name in "abc":
        assert run("key", "trust", public_path(getattr(people, name))).code == 0
    assert run("verify", people.new, "--json").document["signers"] == people.names("ab")
    assert kind(run("verify", people.old, "--json")) == TOO_FEW
    assert run("verify", people.old, "--threshold", 1).code == 0
    assert kind(run("verify", people.new, *people.options("a"), "--json")) == CONFLICT
    for nonsense in ("two", "0", "-1", "1.5", " "):
        monkeypatch.setenv(VARIABLE, nonsense)
        refusal = run("verify", people.new, "--json")
        assert kind(refusal) == CONFLICT
        assert VARIABLE in refusal.document["error"]["message"]
    monkeypatch.setenv(VARIABLE, "")
    assert run("verify", people.old).code == 0


def test_every_command_that_takes_keys_takes_a_threshold(run: Run, people: People, tmp_path: Path) -> None:
    delta = tmp_path / "delta"
    assert run("delta", people.new, people.new, "-o", delta, *people.options("ab"), *TWO).code == 0
    enough: list[tuple[object, ...]] = [
        ("diff", people.new, people.new),
        ("patch", people.new, delta, "-o", tmp_path / "patched"),
        ("index", people.new, tmp_path / "index"),
        ("install", people.new, "--prefix", tmp_path / "prefix", "--dry-run"),
    ]
    for words in enough:
        done = run(*words, *people.options("ab"), *TWO, "--json")
        assert done.code == 0, done
        assert people.names("ab") in list(signers_in(done.document))
    for words in [*enough, ("delta", people.new, people.new, "-o", tmp_path / "d"), ("serve", people.new)]:
        assert kind(run(*words, *people.options("ac"), *TWO, "--json")) == TOO_FEW, words
        assert kind(run(*words, *people.options("a"), *TWO, "--json")) == CONFLICT, words
    publish = ("publish", people.new, "--to", "https://127.0.0.1:1/")
    assert kind(run(*publish, *people.options("ac"), *TWO, "--json")) == TOO_FEW


def signers_in(document: Any) -> Iterator[list[str]]:
    """Every list of signers in a document."""
    if isinstance(document, dict):
        yield from ([document["signers"]] if "signers" in document else [])
        for value in document.values():
            yield from signers_in(value)
    if isinstance(document, list):
        for value in document:
            yield from signers_in(value)


def test_a_threshold_without_keys_to_count_is_refused(run: Run, people: People, tmp_path: Path) -> None:
    unverified = ("diff", people.old, people.new, "--unverified")
    assert run(*unverified).code == 0
    assert kind(run(*unverified, *TWO, "--json")) == CONFLICT
    assert run("probe", "-o", tmp_path / "facts.json").code == 0
    assert kind(run("check", tmp_path / "facts.json", people.new, *TWO, "--json")) == CONFLICT


def test_the_receipt_and_the_record_name_all_who_signed(run: Run, people: People, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    done = run("install", people.new, "--prefix", prefix, *people.options("abc"), *TWO)
    assert done.code == 0, done.stderr
    assert f"signed by {', '.join(people.names('ab'))}" in done.stdout
    receipt = json.loads((prefix / "current" / "parity-receipt.json").read_text())
    assert receipt["signature"] == {"checked": True, "signers": people.names("ab")}
    listed = run("installed", "--prefix", prefix, "--json").document
    assert list(signers_in(listed)) == [people.names("ab")] * 2
    names = ", ".join(name[:16] for name in people.names("ab"))
    assert f"signed by {names}" in run("installed", "--prefix", prefix).stdout


# --- one more signature -----------------------------------------------------------------------------------


def test_somebody_else_signs_a_finished_bundle(run: Run, people: People, tmp_path: Path) -> None:
    bundle = tmp_path / "b.parity.tar"
    shutil.copy(people.old, bundle)
    sign = ("sign", bundle, "--key", people.b)
    assert kind(run(*sign, "--json")) == (80, "KeyUnusable")  # whose signature is on it, nobody said
    assert kind(run(*sign, "--signed-by", public_path(people.c), "--json")) == TOO_FEW
    assert bundle.read_bytes() == people.old.read_bytes()
    done = run(*sign, "--signed-by", public_path(people.a), "--json").document
    assert (done["signers"], done["added"], done["already"]) == (
        people.names("a"),
        people.names("b"),
        [],
    )
    assert done["signed_by"] == people.names("ab")
    assert run("verify", bundle, *people.options("ab"), *TWO).code == 0
    assert run("key", "trust", public_path(people.a)).code == 0
    before = bundle.read_bytes()
    again = run(*sign)
    assert again.code == 0
    assert "has signed" in again.stdout
    assert "nothing was changed" in again.stdout
    assert bundle.read_bytes() == before
    third = run("sign", bundle, "--key", people.b, "--key", people.c)
    assert "3 signatures now" in third.stdout
    assert run("verify", bundle, *people.options("abc"), "--threshold", 3).code == 0


def test_demanding_two_does_not_keep_the_second_from_signing(
    run: Run, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "2")
    bundle = tmp_path / "b.parity.tar"
    shutil.copy(people.old, bundle)
    assert run("sign", bundle, "--key", people.b, "--signed-by", public_path(people.a)).code == 0
    assert run("verify", bundle, *people.options("ab")).code == 0


def test_a_key_named_twice_or_too_many_of_them_are_refused_before_any_work(
    people: People, tmp_path: Path
) -> None:
    copy = shutil.copy(people.a, tmp_path / "copy")
    with pytest.raises(OptionConflict, match="are the same key"):
        signing_keys([people.a, people.b, Path(copy)])
    with pytest.raises(OptionConflict, match="16"):
        signing_keys([people.a] * 17)


def test_each_key_may_have_a_passphrase_of_its_own(
    tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    for path, secret in zip(paths, ("first", "second"), strict=True):
        save_key(path, generate_key(), secret)
    monkeypatch.setenv("PARITY_KEY_PASSPHRASE", "first")
    with pytest.raises(KeyUnusable, match="not the key's passphrase"):
        signing_keys([people.a, *paths])
    monkeypatch.setenv("PARITY_KEY_PASSPHRASE_3", "second")
    assert [path for _, path in signing_keys([people.a, *paths])] == [people.a, *paths]


# --- far ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("single") / NAME
    path.write_text(single_file())
    return path


def far(start: Path, *words: object, demand: str = "") -> subprocess.CompletedProcess[str]:
    """The single file, or a bundle's install.py, with openssl as the verifier."""
    plain = {key: value for key, value in os.environ.items() if key != VARIABLE}
    environment = {**plain, VARIABLE: demand} if demand else plain
    line = [sys.executable, str(start), *map(str, words)]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(params=["the single file", "the bundle's install.py"])
def start(request: pytest.FixtureRequest, single: Path, people: People, tmp_path: Path) -> Path:
    if request.param == "the single file":
        return single
    folder = tmp_path / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "xf", people.new, "-C", folder], check=True)
    return folder / "parity-bundle" / "install.py"


def test_the_far_side_counts_the_same_way(start: Path, people: People, tmp_path: Path) -> None:
    done = far(start, "verify", people.new, *people.options("abc"), *TWO, "--json")
    assert json.loads(done.stdout)["signers"] == people.names("ab"), done.stderr
    told = far(start, "verify", people.new, *people.options("ab")).stdout
    assert f"signed by {', '.join(people.names('ab'))}" in told
    install = ("install", people.new, "--prefix", tmp_path / "prefix")
    few = far(start, *install, *people.options("ac"), *TWO)
    assert few.returncode == 61
    assert "2 of the trusted keys must have signed; 1 did" in few.stderr
    assert far(start, *install, *people.options("ac"), demand="2").returncode == 61
    assert not (tmp_path / "prefix").exists()
    for options, demand in (("a", ""), ("aa", "")):
        wrong = far(start, *install, *people.options(options), *TWO, demand=demand)
        assert (wrong.returncode, "usage: " in wrong.stderr) == (2, True)
        assert "demands signatures by 2 different keys, and only 1" in wrong.stderr
    assert far(start, *install, *people.options("a"), demand="2").returncode == 2
    assert far(start, *install, *people.options("ab"), demand="zwei").returncode == 2
    assert far(start, *install, *people.options("ab"), "--threshold", "0").returncode == 2
    done = far(start, *install, *people.options("ab"), "--json", demand="2")
    assert json.loads(done.stdout)["signers"] == people.names("ab")


def test_the_far_side_counts_for_updates_and_indexes_too(
    run: Run, single: Path, people: People, tmp_path: Path
) -> None:
    assert run("delta", people.old, people.new, "-o", tmp_path / "d", *people.options("a")).code == 0
    patch = ("patch", people.old, tmp_path / "d", "-o", tmp_path / "n")
    assert far(single, *patch, *people.options("ac"), *TWO).returncode == 61
    done = far(single, *patch, *people.options("ab"), *TWO, "--json")
    assert json.loads(done.stdout)["signers"] == people.names("ab")
    index = ("index", people.new, tmp_path / "index")
    assert far(single, *index, *people.options("ac"), *TWO).returncode == 61
    assert far(single, "serve", people.new, *people.options("ac"), *TWO).returncode == 61
    assert far(single, *index, *people.options("ab"), *TWO).returncode == 0
    (page,) = {path.read_text() for path in (tmp_path / "index").glob("index.html")}
    assert all(name[:16] in page for name in people.names("ab"))
    project = far(single, "project", tmp_path, "--bundle", people.new, *TWO)
    assert (project.returncode, "--threshold needs --key" in project.stderr) == (2, True)


def test_many_bundles_are_verified_in_one_call(run: Run, people: People, tmp_path: Path) -> None:
    good, bad = people.new, tmp_path / "bad.parity.tar"
    bad.write_bytes(good.read_bytes()[:-1])
    words = people.options("a")
    both = run("verify", good, good, *words, "--json").document["bundles"]
    assert [each["verified"] for each in both] == [True, True]
    done = run("verify", bad, good, *words, "--json")
    assert done.code == 83
    assert [each["verified"] for each in done.document["bundles"]] == [False, True]
    assert done.document["bundles"][0]["error"]["exit_code"] == 60
    done = run("verify", bad, good, *words)
    assert done.code == 83
    assert "error: bad.parity.tar: " in done.stderr
    assert f"verified {good}" in done.stdout
    assert "1 of 2 bundles failed: bad.parity.tar" in done.stderr
