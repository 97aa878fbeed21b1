"""Small real bundles for tests: the real writer, real keys, any files."""

from __future__ import annotations

import hashlib
import io
import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from parity.model import (
    AskedFile,
    BuiltBundle,
    BundleFile,
    BundleIdentity,
    ImportResult,
    Libc,
    Lock,
    LockedWheel,
    StoredWheel,
    SystemPackage,
    SystemSet,
    Target,
)
from parity.pack import (
    STOCK_CHECK,
    build_manifest,
    file_of_bytes,
    payload_order,
    pylock_toml,
    readme_txt,
    requirements_txt,
    wheel_files,
    write_bundle,
)
from parity.portable.bundle import manifest, ustar
from parity.portable.bundle.envelope import Checker, Envelope, Payload, encode_head
from parity.sign import SigningKey, generate_key, make_checker, make_sealer

TARGET = Target("debian", "11", Libc("glibc", (2, 31)), "3.9", "x86_64")
IDENTITY = BundleIdentity(product="demo", version="1.0", serial=7, profile="debian11-py39")
PROFILE_SHA256 = hashlib.sha256(b"profile").hexdigest()
WHEELS: Mapping[str, bytes] = {
    "alpha-1.0-py3-none-any.whl": b"alpha's bytes" * 100,
    "beta_lib-2.5.1+local.1-cp39-cp39-manylinux_2_17_x86_64.whl": bytes(range(256)) * 9,
}
FILES: Mapping[str, bytes] = {
    "facts.json": b'{"python":"3.9.2"}\n',
    "farside/__init__.py": b"",
    "install.sh": b"echo install\n" * 50,
    "profile.yaml": b"{}\n",
    "proof.json": b'{"installed":2}\n',
    "tools/uv-0.13.8-py3-none-musllinux_1_1_x86_64.whl": b"u" * 512,
}


@dataclass(frozen=True)
class MadeBundle:
    """A bundle on disk, the key that signed it, and what should come out of it."""

    path: Path
    key: SigningKey
    built: BuiltBundle
    files: Mapping[str, bytes]

    @property
    def check(self) -> Checker:
        return make_checker([self.key.public])


@cache
def signing_key() -> SigningKey:
    """One key for all tests that do not care which."""
    return generate_key()


class RepeatableKey(SigningKey):
    """A key that is the same in every run, as are its signatures (RFC 6979)."""

    def __init__(self, secret: int = 7) -> None:
        super().__init__(ec.derive_private_key(secret, ec.SECP256R1()))

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def locked(name: str, data: bytes) -> StoredWheel:
    """A wheel of the lock, told from its file name."""
    project, version = name.split("-")[:2]
    sha256 = hashlib.sha256(data).hexdigest()
    url = f"https://index.invalid/{name}"
    wheel = LockedWheel(project.replace("_", "-"), version, name, url, sha256, len(data), requested=True)
    return StoredWheel(wheel, len(data))


def lock_of(wheels: Mapping[str, bytes]) -> Lock:
    found = sorted((locked(name, data).locked for name, data in wheels.items()), key=lambda one: one.name)
    return Lock(tuple(found), "==3.9.*", "0" * 64, "uv 0.13.8")


def texts_of(wheels: Mapping[str, bytes]) -> dict[str, bytes]:
    lock = lock_of(wheels)
    return {
        "README.txt": readme_txt(lock, TARGET, "uv").encode(),
        "pylock.toml": pylock_toml(lock).encode(),
        "requirements.txt": requirements_txt(lock).encode(),
    }


def manifest_of(files: Mapping[str, bytes], wheels: Mapping[str, bytes]) -> tuple[bytes, list[BundleFile]]:
    """The manifest of such a bundle, and its files."""
    stored = [locked(name, data) for name, data in wheels.items()]
    small = [
        replace(file_of_bytes(p, data), executable=p.startswith("files/bin/")) for p, data in files.items()
    ]
    listed = small + list(wheel_files(stored))
    uv = next((path for path in sorted(files) if path.startswith("tools/uv-")), None)
    data = build_manifest(
        target=TARGET,
        implementation="cpython",
        installer="uv" if uv else "pip",
        uv=uv,
        wheels=stored,
        imports=[ImportResult(one.locked.name, one.locked.name, requested=True) for one in stored],
        allow=[],
        files=listed,
        asked=[
            AskedFile("requirements", file.path.partition("/")[2], False, file)
            for file in small
            if file.path.startswith("asked/")
        ],
        system=system_of(files),
    )
    return data, listed


def system_of(files: Mapping[str, bytes]) -> SystemSet | None:
    """The carried system packages, told from names such as `system/libgomp1_10.2.1-6_amd64.deb`."""
    rows = []
    for path in sorted(path for path in files if path.startswith("system/")):
        file = path.removeprefix("system/")
        name, version, arch = file.removesuffix(".deb").split("_")
        rows.append(SystemPackage(name, version, arch, file, "0" * 64, len(files[path]), requested=True))
    return SystemSet("deb", tuple(rows)) if rows else None


def make_bundle(
    folder: Path,
    files: Mapping[str, bytes] | None = None,
    wheels: Mapping[str, bytes] | None = None,
    key: SigningKey | None = None,
    identity: BundleIdentity = IDENTITY,
) -> MadeBundle:
    """Write and sign a bundle.

    Args:
        folder: where it goes.
        files: payload path → bytes, wheels and manifest apart; by default a small set, and the
            README and both locks as parity writes them.
        wheels: file name → bytes; they need not be real wheels.
        key: signs; by default one key for all tests.
        identity: product, version, serial and profile.
    """
    wheels = WHEELS if wheels is None else wheels
    files = {**FILES, **texts_of(wheels)} if files is None else files
    key = key or signing_key()
    data, listed = manifest_of(files, wheels)
    built = write_bundle(
        folder,
        identity,
        data,
        files=listed,
        wheels=wheel_stream(wheels),
        seal=make_sealer([key], identity, PROFILE_SHA256),
    )
    inside = {"manifest.json": data, **files, **{f"wheels/{name}": one for name, one in wheels.items()}}
    return MadeBundle(built.path, key, built, inside)


def wheel_stream(wheels: Mapping[str, bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Wheels as the engine's stream gives them: in byte order, in chunks."""
    for name in sorted(wheels):
        yield name, _chunks(wheels[name], 1000)


def _chunks(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[start : start + size] for start in range(0, len(data), size))


def forged_bundle(
    manifest_bytes: bytes, body: bytes, seal: Callable[[Payload], Envelope] | None = None
) -> bytes:
    """A rightly signed bundle of any manifest and any bytes after it: what a signer's fault would make."""
    seal = seal or make_sealer([signing_key()], IDENTITY, PROFILE_SHA256)
    header = ustar.header(manifest.TOP + manifest.NAME, len(manifest_bytes))
    payload = header + manifest_bytes + ustar.padding(len(manifest_bytes)) + body
    facts = Payload(
        len(payload),
        hashlib.sha256(payload).hexdigest(),
        len(manifest_bytes),
        hashlib.sha256(manifest_bytes).hexdigest(),
    )
    return encode_head(seal(facts)) + payload


def payload_body(files: Mapping[str, bytes]) -> bytes:
    """What follows the manifest: each file with header and padding, then the end."""
    ordered = payload_order(file_of_bytes(path, data) for path, data in files.items())
    parts = [
        ustar.header(manifest.TOP + one.path, one.size) + files[one.path] + ustar.padding(one.size)
        for one in ordered
    ]
    return b"".join([*parts, ustar.END])


@contextmanager
def in_memory(data: bytes) -> Iterator[io.BytesIO]:
    with io.BytesIO(data) as file:
        yield file


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """The kernel refuses to let files grow beyond `limit` bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stock_check_script(bundle: str, public_key: str) -> str:
    """A shell script that checks a bundle with dd, sed, base64 and openssl: the README's own lines."""
    return f"set -eu\nBUNDLE='{bundle}' KEY='{public_key}'\n{STOCK_CHECK}"


def stock_check(folder: Path, bundle: Path, public_key: Path) -> subprocess.CompletedProcess[str]:
    """Run that script in a folder of its own, which is made."""
    folder.mkdir()
    script = stock_check_script(str(bundle), str(public_key))
    return subprocess.run(["sh"], check=False, input=script, cwd=folder, capture_output=True, text=True)
