"""uv for the target: fetched once with this machine's own settings, checked whenever it is read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from parity.errors import REACH_REMEDIES, IndexFailed, ParityError, ToolUnavailable
from parity.files import atomic_file
from parity.host.processes import ThisMachine, child_environment, run
from parity.model.network import HostNetwork

_CHUNK = 1024 * 1024
# pip tells why an index gave nothing only where it is asked to tell all; of that, these lines count.
_TELLING = ("WARNING", "ERROR", "Could not fetch URL")
_BROKEN = (
    (r"\b(?:401|403) (?:Client )?Error", "it wants a login, or another one", "login"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", "its certificate is not trusted", "tls"),
    (r"ProxyError", "the proxy refused the connection", "proxy"),
    (
        r"NameResolutionError|Name or service not known|getaddrinfo failed",
        "its host name was not found",
        "dns",
    ),
    (r"ConnectTimeout|NewConnectionError|ReadTimeout|Connection aborted", "it does not answer", ""),
)
"""What pip says, what it means, and the key of its remedy; the first that fits counts."""
_REACH = "check the index address and proxies (`parity doctor` shows them)"


class PinnedWheel(Protocol):
    """What is known of uv's wheel beforehand (`parity.resolve.UvWheel`)."""

    @property
    def version(self) -> str:
        """The release, as on the index."""

    @property
    def filename(self) -> str:
        """The wheel's file name (PEP 427)."""

    @property
    def sha256(self) -> str:
        """SHA-256 of the wheel, in hexadecimal."""

    @property
    def binary_sha256(self) -> str:
        """SHA-256 of the program in it, in hexadecimal."""

    @property
    def member(self) -> str:
        """The program's path in the wheel."""


def ensure_uv(
    wheel: PinnedWheel, cache: Path, network: HostNetwork, environ: Mapping[str, str] = os.environ
) -> Path:
    """The path of uv's wheel in the cache, its SHA-256 checked just now; fetched where it is not there.

    Raises:
        ToolUnavailable: it could not be fetched, or the index serves other bytes.
        IndexFailed: the index is not reached, or wants a login.
    """
    path = cache / "tools" / wheel.filename
    if not _is(path, wheel.sha256):
        with ThisMachine(path.parent, environ).workspace() as folder:
            _download(wheel, folder, network, environ)
            fetched = folder / wheel.filename
            if not _is(fetched, wheel.sha256):
                raise ToolUnavailable(f"pip did not bring {wheel.filename} as pinned", where=str(path))
            # Renamed when it is known to be right: two runs may fetch at the same time.
            fetched.replace(path)
    return path


def uv_binary(wheel: PinnedWheel, wheel_path: Path) -> Path:
    """The path of the program itself, unpacked beside its wheel and checked by SHA-256 just now.

    Raises:
        ToolUnavailable: the wheel does not hold the program that is pinned.
        WriteFailed: the cache cannot be written.
    """
    path = wheel_path.with_name(f"{wheel.filename}.uv")
    if not _is(path, wheel.binary_sha256):
        with (
            zipfile.ZipFile(wheel_path) as archive,
            archive.open(wheel.member) as source,
            atomic_file(path, 0o755) as file,
        ):
            for piece in iter(lambda: source.read(_CHUNK), b""):
                file.write(piece)
            file.commit()
        if not _is(path, wheel.binary_sha256):
            raise ToolUnavailable(
                f"{wheel.filename} does not hold the program that is pinned", where=str(path)
            )
    return path


def uv_tar(binary: Path) -> Iterator[bytes]:
    """A tar stream (ustar) that gives /parity/bin/uv, mode 0755, when it is unpacked at `/`."""
    size = binary.stat().st_size
    for name in ("parity", "parity/bin"):
        folder = tarfile.TarInfo(name)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        yield folder.tobuf(tarfile.USTAR_FORMAT)
    program = tarfile.TarInfo("parity/bin/uv")
    program.size, program.mode = size, 0o755
    yield program.tobuf(tarfile.USTAR_FORMAT)
    with binary.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")
    yield bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)


def _is(path: Path, sha256: str) -> bool:
    """Whether the file is there with exactly these bytes."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for piece in iter(lambda: file.read(_CHUNK), b""):
                digest.update(piece)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == sha256


def _download(wheel: PinnedWheel, folder: Path, network: HostNetwork, environ: Mapping[str, str]) -> None:
    """Let pip fetch exactly that file, with the index, proxies and certificates of this machine."""
    requirements = folder / "requirements.txt"
    # With the hash, so that pip itself refuses other bytes before it keeps them.
    requirements.write_text(f"uv=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    platform = wheel.filename.removesuffix(".whl").rpartition("-")[2].split(".")[0]
    command = [sys.executable, "-I", "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
    # The target's platform, which may be another than this machine's.
    command += ["--only-binary=:all:", f"--platform={platform}", "--require-hashes"]
    command += ["--timeout=20", f"--dest={folder}", f"--requirement={requirements}"]
    lines: list[str] = []
    environment = _environment(folder, network, environ)
    # To tell all, pip writes a line for each file of the page, which doubles its time: only for what failed.
    for options in (("--quiet", "--retries=2"), ("-vv", "--retries=1")):
        lines.clear()
        with contextlib.suppress(OSError):  # what cannot be started is told below like what failed
            if run([*command, *options], environment, on_line=lines.append) == 0:
                return
    raise _failed(wheel, folder, network, [line.strip() for line in lines])


def _failed(wheel: PinnedWheel, folder: Path, network: HostNetwork, lines: Sequence[str]) -> ParityError:
    """Why pip brought nothing: the index could not be asked, or does not have it."""
    said = tuple(network.redact(line) for line in lines if line.startswith(_TELLING))
    cache = f"put that file into {folder.parent}"
    for pattern, message, kind in _BROKEN:
        if not re.search(pattern, "\n".join(said)):
            continue
        remedy = network.login_remedy() if kind == "login" else REACH_REMEDIES.get(kind, _REACH)
        return IndexFailed(
            f"uv {wheel.version}, which resolves, could not be fetched: the index failed: {message}",
            where=network.index_url or "the tools' default",
            remedy=f"{remedy}; or {cache}: {wheel.filename}",
            details=said,
        )
    reason = next((line for line in reversed(said) if line.startswith("ERROR")), "pip failed")
    return ToolUnavailable(
        f"uv {wheel.version} could not be fetched: {reason.removeprefix('ERROR: ')}",
        where=wheel.filename,
        remedy=f"make the index offer that file, or {cache}",
        details=said,
    )


def _environment(folder: Path, network: HostNetwork, environ: Mapping[str, str]) -> dict[str, str]:
    environment = {
        **child_environment(environ),
        # All settings were read and merged before; pip's own files would come on top.
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }
    for key, name in (("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY"), ("no", "NO_PROXY")):
        if network.proxies.get(key):
            environment[name] = environment[name.lower()] = network.proxies[key]
    if network.ca_bundle:
        bundle = folder / "ca.pem"
        bundle.write_text(network.ca_bundle, encoding="ascii")
        environment["PIP_CERT"] = str(bundle)
    if network.client_certificate:
        client = folder / "client.pem"
        # Made closed before the key is written into it.
        client.touch(0o600)
        client.write_text(network.client_certificate, encoding="ascii")
        environment["PIP_CLIENT_CERT"] = str(client)
    if network.index_url:
        # By the environment: a command line with a password is seen by everybody on the machine.
        environment["PIP_INDEX_URL"] = _with_login(network.veil.off(network.index_url), network)
        parts = urlsplit(network.index_url)
        if parts.scheme == "http":
            # The file is held to its hash, so nobody on the way can change it; pip would ask nobody by http.
            environment["PIP_TRUSTED_HOST"] = parts.netloc
    return environment


def _with_login(url: str, network: HostNetwork) -> str:
    if network.index_login is None:
        return url
    user, password = (quote(part, safe="") for part in network.index_login)
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, f"{user}:{password}@{parts.netloc}", parts.path, "", ""))
