"""Whom to trust: the library's checker and openssl's, which must agree."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.bundles import (
    MadeBundle,
    make_bundle,
    signing_key,
)

from parity.portable.bundle.envelope import Signature
from parity.portable.bundle.openssl import load_public_key, openssl_checker
from parity.portable.bundle.reader import open_bundle, verify_bundle
from parity.portable.errors import SignatureInvalid
from parity.sign import generate_key, make_checker, save_key


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(params=["library", "openssl"])
def checker_of(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Makes a checker from keys, in both ways that parity has."""

    def make(*keys: Any) -> Any:
        if request.param == "library":
            return make_checker([key.public for key in keys])
        return openssl_checker([str(save_key(tmp_path / key.public.fingerprint, key)) for key in keys])

    return make


def test_a_trusted_key_among_several_is_found(made: MadeBundle, checker_of: Any) -> None:
    check = checker_of(generate_key(), made.key)
    with open_bundle(str(made.path)) as file:
        assert verify_bundle(file, check).signers == (made.key.public.fingerprint,)


def test_a_strangers_bundle_is_refused_and_the_stranger_named(made: MadeBundle, checker_of: Any) -> None:
    check = checker_of(generate_key())
    with open_bundle(str(made.path)) as file, pytest.raises(SignatureInvalid) as caught:
        verify_bundle(file, check)
    assert made.key.public.fingerprint in caught.value.message


def test_a_signature_by_a_trusted_key_of_something_else_is_refused(checker_of: Any) -> None:
    key = signing_key()
    signature = Signature(key.public.fingerprint, key.sign(b"something else"))
    with pytest.raises(SignatureInvalid, match="wrong"):
        checker_of(key)(b"this", (signature,))


def test_one_wrong_signature_by_a_trusted_key_spoils_a_right_one(checker_of: Any) -> None:
    one, two = generate_key(), generate_key()
    right = Signature(one.public.fingerprint, one.sign(b"this"))
    wrong = Signature(two.public.fingerprint, two.sign(b"that"))
    assert checker_of(one)(b"this", (right, wrong)) == (one.public.fingerprint,)
    with pytest.raises(SignatureInvalid, match=two.public.fingerprint):
        make_checker([one.public, two.public])(b"this", (right, wrong))


@pytest.mark.parametrize("sig", [b"", b"\x30\x00", b"nonsense", b"\0" * 70])
def test_nonsense_instead_of_a_signature_is_refused(checker_of: Any, sig: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        checker_of(signing_key())(b"this", (Signature(signing_key().public.fingerprint, sig),))


def openssl_key(folder: Path, *arguments: str) -> Path:
    """The public half of a key that openssl made."""
    private, public = folder / "made.pem", folder / "made.pub"
    subprocess.run(["openssl", "genpkey", *arguments, "-out", private], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return public


def test_openssl_and_the_library_know_a_key_by_the_same_fingerprint(tmp_path: Path) -> None:
    key = generate_key()
    assert load_public_key(str(save_key(tmp_path / "key", key))).fingerprint == key.public.fingerprint


@pytest.mark.parametrize(
    "kind",
    [
        ("-algorithm", "ED25519"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    ],
)
def test_keys_of_other_kinds_are_refused_on_the_far_side(tmp_path: Path, kind: Sequence[str]) -> None:
    with pytest.raises(SignatureInvalid, match="not an ECDSA P-256"):
        openssl_checker([str(openssl_key(tmp_path, *kind))])


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 100, b"-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----"]
)
def test_files_that_are_no_keys_are_refused_on_the_far_side(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key.pub"
    path.write_bytes(content)
    with pytest.raises(SignatureInvalid):
        load_public_key(str(path))
    with pytest.raises(SignatureInvalid, match="cannot read"):
        load_public_key(str(tmp_path / "nothing"))


def test_a_host_without_openssl_is_told_so(tmp_path: Path) -> None:
    public = save_key(tmp_path / "key", signing_key())
    check = openssl_checker([str(public)], openssl="no-such-openssl")
    with pytest.raises(SignatureInvalid, match="cannot run") as caught:
        check(b"", (Signature(signing_key().public.fingerprint, signing_key().sign(b"")),))
    assert "install openssl" in caught.value.remedy
