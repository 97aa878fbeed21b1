"""Keys and signatures with additions or in other spellings: refused, and by both sides alike."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.errors import KeyUnusable
from parity.portable.bundle import openssl
from parity.portable.bundle.ecdsa import well_formed
from parity.portable.bundle.envelope import Checker, Signature
from parity.portable.errors import SignatureInvalid
from parity.sign import SigningKey, generate_key, load_public_key, make_checker

KEY = generate_key()
PEM = KEY.public.pem
SIGNED = b"what is signed"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BODY = b"".join(PEM.splitlines()[1:-1])
DER = base64.b64decode(BODY)


def pem_of(der: bytes, name: bytes = b"PUBLIC KEY") -> bytes:
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (name, base64.encodebytes(der), name)


def judged(path: Path, text: bytes) -> tuple[str, str]:
    """What each side takes a key file for: a fingerprint, or nothing."""
    path.write_bytes(text)
    found = []
    try:
        found.append(load_public_key(path).fingerprint)
    except KeyUnusable:
        found.append("")
    try:
        found.append(openssl.load_public_key(str(path)).fingerprint)
    except SignatureInvalid:
        found.append("")
    return found[0], found[1]


GOOD = {
    "as written": PEM,
    "CRLF": PEM.replace(b"\n", b"\r\n"),
    "no last newline": PEM.rstrip(),
    "blank lines around": b"\n" + PEM + b"\n \n",
    "one long line": PEM.replace(BODY[:64] + b"\n", BODY[:64]),
    "lines of 76": pem_of(DER),
}
BAD = {
    "second key": PEM + generate_key().public.pem,
    "same key twice": PEM + PEM,
    "second key far away": PEM + b"\n" * 70000 + generate_key().public.pem,
    "private key after": PEM + KEY.private_pem(),
    "private key before": KEY.private_pem() + PEM,
    "private key": KEY.private_pem(),
    "certificate label": pem_of(DER, b"CERTIFICATE"),
    "EC label": pem_of(DER, b"EC PUBLIC KEY"),
    "comment before": b"# the sender's key\n" + PEM,
    "comment after": PEM + b"# the sender's key\n",
    "BOM": b"\xef\xbb\xbf" + PEM,
    "UTF-16": PEM.decode().encode("utf-16"),
    "header": PEM.replace(b"KEY-----\n", b"KEY-----\nComment: mine\n\n", 1),
    "trailing bytes": pem_of(DER + b"\0"),
    "leading bytes": pem_of(b"\0" + DER),
    "bad padding": PEM.replace(b"==", b"="),
    "other last bits": PEM.replace(BODY[-3:], bytes([BODY[-3] + 1]) + b"=="),
    "url-safe": PEM.replace(BODY, BODY.replace(b"+", b"-").replace(b"/", b"_")).replace(b"MF", b"M_", 1),
    "space in it": PEM.replace(BODY[:64], BODY[:30] + b" " + BODY[30:64]),
    "DER": DER,
    "compressed point": pem_of(DER[:23].replace(b"\x59", b"\x39", 1) + b"\x03\x22\x00\x02" + DER[27:59]),
    "point not on the curve": pem_of(DER[:-1] + bytes([DER[-1] ^ 1])),
    "long length": pem_of(b"\x30\x81" + DER[1:]),
    "empty": b"",
    "zeros": bytes(200),
}


@pytest.mark.parametrize("name", list(GOOD))
def test_both_sides_read_the_key(tmp_path: Path, name: str) -> None:
    assert judged(tmp_path / "key.pub", GOOD[name]) == (KEY.public.fingerprint,) * 2


@pytest.mark.parametrize("name", list(BAD))
def test_both_sides_refuse_the_file(tmp_path: Path, name: str) -> None:
    near, far = judged(tmp_path / "key.pub", BAD[name])
    if name == "point not on the curve":  # openssl says no when it is asked for a signature
        assert near == ""
        check = openssl.openssl_checker([str(tmp_path / "key.pub")])
        with pytest.raises(SignatureInvalid):
            check(SIGNED, [Signature(far, KEY.sign(SIGNED))])
        return
    assert (near, far) == ("", "")


@pytest.mark.parametrize("curve", ["P-384", "P-521", "secp256k1", "brainpoolP256r1"])
def test_other_curves_are_refused_by_both(tmp_path: Path, curve: str) -> None:
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
    private = subprocess.run(make, check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, check=True, capture_output=True)
    assert judged(tmp_path / "key.pub", public.stdout) == ("", "")


# --- signatures -------------------------------------------------------------------------------------------


def integer(value: int, spare: bytes = b"") -> bytes:
    raw = spare + value.to_bytes((value.bit_length() + 8) // 8, "big")
    return b"\x02" + bytes([len(raw)]) + raw


def sequence(content: bytes) -> bytes:
    return b"\x30" + bytes([len(content)]) + content


def numbers(signature: bytes) -> tuple[int, int]:
    size = signature[3]
    return int.from_bytes(signature[4 : 4 + size], "big"), int.from_bytes(signature[6 + size :], "big")


R, S = numbers(KEY.sign(SIGNED))
GOOD_SIGNATURES = {
    "as made": sequence(integer(R) + integer(S)),
    "the other s": sequence(integer(R) + integer(ORDER - S)),
}
BAD_SIGNATURES = {
    "byte after": GOOD_SIGNATURES["as made"] + b"\0",
    "many bytes after": GOOD_SIGNATURES["as made"] + b"x" * 100,
    "itself again": GOOD_SIGNATURES["as made"] * 2,
    "byte before": b"\0" + GOOD_SIGNATURES["as made"],
    "third number": sequence(integer(R) + integer(S) + integer(1)),
    "bytes in the sequence": sequence(integer(R) + integer(S) + b"\0"),
    "long length": b"\x30\x81" + GOOD_SIGNATURES["as made"][1:],
    "no length": b"\x30\x80" + integer(R) + integer(S) + b"\0\0",
    "padded r": sequence(integer(R, b"\0") + integer(S)),
    "padded s": sequence(integer(R) + integer(S, b"\0")),
    "negative": sequence(b"\x02\x01\xff" + integer(S)),
    "r is 0": sequence(integer(0) + integer(S)),
    "s is 0": sequence(integer(R) + integer(0)),
    "both 0": sequence(integer(0) + integer(0)),
    "r is the order": sequence(integer(ORDER) + integer(S)),
    "r beyond the order": sequence(integer(R + ORDER) + integer(S)),
    "s beyond the order": sequence(integer(R) + integer(S + ORDER)),
    "empty number": sequence(b"\x02\x00" + integer(S)),
    "raw": R.to_bytes(32, "big") + S.to_bytes(32, "big"),
    "cut": GOOD_SIGNATURES["as made"][:-1],
    "empty": b"",
    "set": b"\x31" + GOOD_SIGNATURES["as made"][1:],
    "swapped": sequence(integer(S) + integer(R)),
}


def verdicts(tmp_path: Path, key: SigningKey, signature: bytes) -> tuple[bool, bool]:
    """Whether each side takes these bytes for a signature by that key."""
    path = tmp_path / "key.pub"
    path.write_bytes(key.public.pem)
    near, far = make_checker([key.public]), openssl.openssl_checker([str(path)])
    return _takes(near, key, signature), _takes(far, key, signature)


def _takes(check: Checker, key: SigningKey, signature: bytes) -> bool:
    try:
        check(SIGNED, [Signature(key.public.fingerprint, signature)])
    except SignatureInvalid:
        return False
    return True


@pytest.mark.parametrize("name", list(GOOD_SIGNATURES))
def test_both_sides_take_the_signature(tmp_path: Path, name: str) -> None:
    assert verdicts(tmp_path, KEY, GOOD_SIGNATURES[name]) == (True, True)


@pytest.mark.parametrize("name", list(BAD_SIGNATURES))
def test_both_sides_refuse_the_signature(tmp_path: Path, name: str) -> None:
    assert verdicts(tmp_path, KEY, BAD_SIGNATURES[name]) == (False, False)
    assert name == "swapped" or not well_formed(BAD_SIGNATURES[name])


@given(st.binary(max_size=80) | st.binary(max_size=8).map(lambda rest: b"0" + rest))
def test_any_bytes_are_judged(signature: bytes) -> None:
    assert well_formed(signature) is False


def test_what_we_sign_is_well_formed() -> None:
    assert all(well_formed(KEY.sign(b"%d" % each)) for each in range(300))
