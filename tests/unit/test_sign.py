"""Keys on disk, whom to trust, and what is signed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from tests.support.bundles import IDENTITY, PROFILE_SHA256, signing_key

from parity.errors import KeyExists, KeyUnusable, OptionConflict, WriteFailed
from parity.model import BundleIdentity
from parity.portable.bundle.envelope import Payload, pae, parse_statement
from parity.sign import (
    TrustStore,
    generate_key,
    load_key,
    load_public_key,
    make_checker,
    make_sealer,
    public_path,
    save_key,
)

PAYLOAD = Payload(10240, "a" * 64, 700, "b" * 64)


def openssl(*arguments: object) -> bytes:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def never_asked() -> str:
    raise AssertionError("asked for a passphrase without need")


# --- keeping keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_kept_key_is_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        public = save_key(tmp_path / "new" / "keys" / "default", signing_key())
    finally:
        os.umask(before)
    path = tmp_path / "new" / "keys" / "default"
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.parent.stat().st_mode & 0o7777 == 0o700
    assert public.stat().st_mode & 0o7777 == 0o644
    assert public == public_path(path)


def test_a_kept_key_can_be_loaded_and_is_the_same(tmp_path: Path) -> None:
    key = generate_key()
    public = save_key(tmp_path / "key", key)
    loaded = load_key(tmp_path / "key", never_asked)
    assert loaded.warning == ""
    assert loaded.key.public.fingerprint == key.public.fingerprint == load_public_key(public).fingerprint


def test_the_fingerprint_is_of_the_keys_der_form(tmp_path: Path) -> None:
    public = save_key(tmp_path / "key", signing_key())
    der = openssl("pkey", "-pubin", "-in", public, "-outform", "DER")
    assert hashlib.sha256(der).hexdigest() == signing_key().public.fingerprint


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_no_key_is_ever_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    with pytest.raises(KeyExists):
        save_key(tmp_path / "key", generate_key())
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


def test_a_link_in_the_keys_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyExists):
        save_key(tmp_path / "key", generate_key())
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteFailed):
        save_key(tmp_path / "file" / "key", generate_key())


def test_a_key_that_others_may_read_is_warned_about(tmp_path: Path) -> None:
    save_key(tmp_path / "key", signing_key())
    (tmp_path / "key").chmod(0o640)
    assert "chmod 600" in load_key(tmp_path / "key").warning


# --- passphrases ------------------------------------------------------------------------------------------


def test_a_protected_key_needs_its_passphrase(tmp_path: Path) -> None:
    key = generate_key()
    path = tmp_path / "key"
    save_key(path, key, "pässword €")
    assert b"ENCRYPTED" in path.read_bytes()
    assert load_key(path, lambda: "pässword €").key.public.fingerprint == key.public.fingerprint
    for wrong in ("password", ""):
        with pytest.raises(KeyUnusable, match="passphrase"):
            load_key(path, lambda wrong=wrong: wrong)  # type: ignore[misc]
    with pytest.raises(KeyUnusable, match="protected"):
        load_key(path)


def test_a_key_that_openssl_protected_in_the_old_way_is_read(tmp_path: Path) -> None:
    plain, old = tmp_path / "plain", tmp_path / "old"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", plain)
    openssl("ec", "-in", plain, "-aes256", "-passout", "pass:secret", "-out", old)
    expected = load_key(plain).key.public.fingerprint
    assert load_key(old, lambda: "secret").key.public.fingerprint == expected


# --- keys that will not do ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        ("-algorithm", "ED25519"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    ],
)
def test_keys_of_other_kinds_are_refused(tmp_path: Path, kind: tuple[str, ...]) -> None:
    private, public = tmp_path / "private", tmp_path / "public"
    openssl("genpkey", *kind, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    with pytest.raises(KeyUnusable, match="not an ECDSA P-256 private key"):
        load_key(private)
    with pytest.raises(KeyUnusable, match="not an ECDSA P-256 public key"):
        load_public_key(public)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 999, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"x" * 10**6],
)
def test_files_that_are_no_keys_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    for load in (load_key, load_public_key):
        with pytest.raises(KeyUnusable) as caught:
            load(path)
        assert caught.value.where == str(path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe"):
        for load in (load_key, load_public_key):
            with pytest.raises(KeyUnusable):
                load(path)


def test_a_public_key_is_no_private_one_nor_the_reverse(tmp_path: Path) -> None:
    public = save_key(tmp_path / "key", signing_key())
    with pytest.raises(KeyUnusable):
        load_key(public)
    with pytest.raises(KeyUnusable, match="private key"):
        load_public_key(tmp_path / "key")


# --- trust --------------------------------------------------------------------------------------------------


def test_a_trust_store_holds_what_was_added(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trusted")
    assert store.keys() == ()
    one, two = generate_key(), generate_key()
    for key in (one, two, one):
        store.add(save_key(tmp_path / key.public.fingerprint[:8] / str(len(os.listdir(tmp_path))), key))
    fingerprints = {key.fingerprint for key in store.keys()}  # noqa: SIM118
    assert fingerprints == {one.public.fingerprint, two.public.fingerprint}
    assert len(store.keys()) == 2


def test_a_broken_key_in_the_trust_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.pub").write_text("no key")
    with pytest.raises(KeyUnusable) as caught:
        TrustStore(tmp_path).keys()
    assert "broken.pub" in caught.value.where


def test_only_a_usable_key_is_added(tmp_path: Path) -> None:
    (tmp_path / "no.pub").write_text("no key")
    with pytest.raises(KeyUnusable):
        TrustStore(tmp_path / "trusted").add(tmp_path / "no.pub")
    assert not (tmp_path / "trusted").exists()


# --- signing ------------------------------------------------------------------------------------------------


def test_what_is_signed_says_which_bundle_it_is() -> None:
    envelope = make_sealer([signing_key()], IDENTITY, PROFILE_SHA256)(PAYLOAD)
    statement = parse_statement(envelope.payload)
    assert statement.payload == PAYLOAD
    assert statement[1:-1] == ("demo", "1.0", 7, "debian11-py39", PROFILE_SHA256)


def test_each_of_several_keys_signs() -> None:
    keys = [generate_key(), generate_key()]
    envelope = make_sealer(keys, IDENTITY, PROFILE_SHA256)(PAYLOAD)
    for key in keys:
        check = make_checker([key.public])
        assert check(pae(envelope.payload), envelope.signatures) == (key.public.fingerprint,)


@pytest.mark.parametrize(
    "identity",
    [
        BundleIdentity("a/b", "1", 1, "p"),
        BundleIdentity("", "1", 1, "p"),
        BundleIdentity("a", "1 2", 1, "p"),
        BundleIdentity("a", "1", -1, "p"),
        BundleIdentity("a", "1", 2**63, "p"),
        BundleIdentity("a", "1", 1, ".."),
    ],
)
def test_an_identity_that_no_statement_can_hold_is_refused_before_any_work(identity: BundleIdentity) -> None:
    with pytest.raises(OptionConflict):
        make_sealer([signing_key()], identity, PROFILE_SHA256)
