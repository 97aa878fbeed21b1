"""Talking to the index: asking what it has and giving it files, through twine's own session."""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin

from packaging.metadata import parse_email

from parity.errors import REACH_REMEDIES, PublishDenied, PublishFailed
from parity.model.network import clean_url
from parity.model.veil import origin
from parity.publish.listing import ACCEPT, Listed, parse_page
from parity.publish.target import UploadTarget

if TYPE_CHECKING:
    from twine.package import PackageFile
    from twine.repository import Repository

DELAYS = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait before each further attempt."""
_TIMEOUT = (10, 300)
_MAX_PAGE = 64 << 20
_MAX_REDIRECTS = 3
_LONGEST_REASON = 300
_CHUNK = 1 << 20
_FIRST_ERROR, _FIRST_FAULT, _TOO_MANY = 400, 500, 429
_UNKNOWN = 501
_CHECK = "check that the address is the one for uploads, and the index's own log"
_DENIED = (401, 403)
_ASK = "check the address, and that the index runs; then run the command again: what is there is skipped"
_MOVED = range(300, 400)
_SYSTEM_ERROR = re.compile(r"\[Errno -?\d+\] ([A-Z][a-z ]+)")
_FAULTS = (OSError, ValueError)
"""What requests raises: its errors are OSErrors, but an address in a redirect that is none is not."""
_LICENSE_FILES_SINCE = (2, 4)


class _Response(Protocol):
    """What an index answered, as far as it is looked at; requests has it, whose room is another."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def url(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def is_redirect(self) -> bool: ...
    def iter_content(self, chunk_size: int) -> Iterator[bytes]:
        """The body in pieces."""

    def close(self) -> None:
        """Give the connection back."""


@contextmanager
def open_session(target: UploadTarget, folder: Path, delays: Sequence[float] = DELAYS) -> Iterator[Session]:
    """A session with a target; `folder` is private and temporary, for the CA bundle."""
    user, password = target.login or (None, None)
    from twine.repository import Repository  # noqa: PLC0415 - slow to load, and every command would wait for it

    repository = Repository(target.url, user, password, disable_progress_bar=True)
    web = repository.session
    # The settings come from us, whole: else requests would mix in what it finds by itself.
    web.trust_env = False
    web.proxies.update(target.proxies_used())
    # requests waits without an end unless every call says how long.
    web.request = partial(web.request, timeout=_TIMEOUT)  # type: ignore[method-assign]
    if target.ca_bundle:
        bundle = folder / "ca.pem"
        bundle.write_text(target.ca_bundle, encoding="ascii")
        repository.set_certificate_authority(str(bundle))
    try:
        yield Session(target, repository, delays)
    finally:
        repository.close()


class Session:
    """Made by `open_session`."""

    def __init__(self, target: UploadTarget, repository: Repository, delays: Sequence[float]) -> None:
        self._target = target
        self._repository = repository
        self._delays = tuple(delays)
        self._candidates = target.index_urls
        self._reason = ""

    def listing(self, project: str) -> dict[str, Listed]:
        """What the index has of a project; empty where it does not know it.

        Raises:
            PublishFailed, PublishDenied: the index cannot be asked.
        """
        for candidate in self._candidates:
            with self._get(f"{candidate}{project}/") as response:
                if response is not None:
                    # What answered once is the index; the other address is not asked for each project again.
                    self._candidates = (candidate,)
                    page = self._body(response)
                    return parse_page(page, response.headers.get("Content-Type", ""), response.url)
        return {}

    def sha256(self, listed: Listed, limit: int) -> str:
        """A listed file's digest: what the page says, else that of the bytes, fetched to find out.

        Args:
            listed: from `listing`.
            limit: bytes; a longer file is not read to its end, since it is another one anyway.
        """
        if listed.sha256:
            return listed.sha256
        digest, size = hashlib.sha256(), 0
        with self._get(listed.url) as response:
            if response is None:
                raise PublishFailed(
                    "the index lists a file that it does not have", where=clean_url(listed.url)
                )
            for chunk in self._chunks(response):
                digest.update(chunk)
                size += len(chunk)
                if size > limit:
                    return "of a longer file"
        return digest.hexdigest()

    def upload(self, path: Path, metadata: bytes) -> int:
        """Upload one wheel, again after faults that pass; gives the last status.

        Args:
            path: the wheel under its own name.
            metadata: its METADATA.

        Raises:
            PublishFailed: the connection broke each time, or the index kept failing.
        """
        package = _package(path, metadata)
        for delay in (*self._delays, None):
            problem, response = self._attempt(package)
            if response is not None and not _passes(response.status_code):
                self._reason = self._words(response)
                return response.status_code
            if delay is None:
                break
            time.sleep(delay)
        # It does not know uploads there at all: once more does not help.
        remedy = _CHECK if response is not None and response.status_code == _UNKNOWN else ""
        raise PublishFailed(
            f"{path.name} could not be uploaded: {problem}",
            where=clean_url(self._target.url),
            remedy=remedy,
        )

    def refusal(self, name: str, status: int) -> PublishFailed | PublishDenied:
        """What to tell about the status of the last upload."""
        where = clean_url(self._target.url)
        text = f"the index refused {name}: {status} {self._reason}".rstrip()
        if status in _DENIED:
            return PublishDenied(text, where=where)
        if status in _MOVED:
            return PublishFailed(text, where=where, remedy="give the address that it moved to with --to")
        return PublishFailed(text, where=where, remedy=_CHECK)

    # --- the wire ---------------------------------------------------------------------------------

    def _attempt(self, package: PackageFile) -> tuple[str, _Response | None]:
        """One upload: (what went wrong, the response if there was one)."""
        try:
            with redirect_stdout(io.StringIO()):  # twine prints
                # One attempt: twine would repeat it at once; the pauses are ours.
                response = self._repository.upload(package, max_redirects=1)
        except _FAULTS as error:
            self._give_up_on_certificates(error)
            return self._describe(error), None
        return f"{response.status_code} {self._words(response)}", response

    @contextmanager
    def _get(self, url: str) -> Iterator[_Response | None]:
        """A response that is there, None for 404 and for a redirect to somebody else's index."""
        response = self._ask(url)
        try:
            for _ in range(_MAX_REDIRECTS):
                if not response.is_redirect:
                    break
                there = _moved_to(url, response)
                response.close()
                if not there:
                    break
                response = self._ask(there)
            yield None if response.is_redirect or response.status_code in (404, 410) else self._good(response)
        finally:
            response.close()

    def _ask(self, url: str) -> _Response:
        try:
            return self._repository.session.get(
                url, headers={"Accept": ACCEPT}, stream=True, allow_redirects=False
            )
        except _FAULTS as error:
            self._give_up_on_certificates(error)
            raise PublishFailed(
                f"the index cannot be asked: {self._describe(error)}", where=clean_url(url), remedy=_ASK
            ) from error

    def _good(self, response: _Response) -> _Response:
        status = response.status_code
        if status in _DENIED:
            raise PublishDenied(f"the index refuses to be read: {status}", where=clean_url(response.url))
        if status >= _FIRST_ERROR:
            raise PublishFailed(f"the index cannot be asked: {status}", where=clean_url(response.url))
        return response

    def _body(self, response: _Response) -> bytes:
        data = bytearray()
        for chunk in self._chunks(response):
            data += chunk
            if len(data) > _MAX_PAGE:
                raise PublishFailed("the index's page is absurdly long", where=clean_url(response.url))
        return bytes(data)

    def _chunks(self, response: _Response) -> Iterator[bytes]:
        try:
            yield from response.iter_content(_CHUNK)
        except _FAULTS as error:
            where = clean_url(response.url)
            raise PublishFailed(f"the index broke off: {self._describe(error)}", where=where) from error

    def _describe(self, error: Exception) -> str:
        """The error in few words: the system's own where it has some, without secrets."""
        text = " ".join(str(error).split())
        cause = _SYSTEM_ERROR.search(text)
        shown = cause.group(1) if cause else f"{type(error).__name__}: {text}"
        return self._target.redact(shown[:_LONGEST_REASON])

    def _words(self, response: _Response) -> str:
        """The server's own reason, one line of it, without secrets."""
        # An HTML error page says less than the status line does.
        lines = [line.strip() for line in str(response.text).splitlines() if line.strip()]
        shown = lines[0] if lines and not lines[0].startswith("<") else str(response.reason or "")
        if response.is_redirect:
            shown = f"moved to {clean_url(response.headers['Location'])}"
        printable = "".join(sign if sign.isprintable() else " " for sign in shown)
        return self._target.redact(printable[:_LONGEST_REASON])

    def _give_up_on_certificates(self, error: Exception) -> None:
        # By name: requests, urllib3 and ssl each have one, and it may be any. Trying again does not help.
        if type(error).__name__ == "SSLError":
            raise PublishFailed(
                f"the index's certificate is not trusted: {self._describe(error)}",
                where=clean_url(self._target.url),
                remedy=REACH_REMEDIES["tls"],
            ) from error


def _passes(status: int) -> bool:
    """Whether a fault may be gone the next time."""
    return status >= _FIRST_FAULT or status == _TOO_MANY


def _package(path: Path, metadata: bytes) -> PackageFile:
    """The wheel as twine uploads it.

    Not through `PackageFile.from_filename`, which refuses wheels that are installed everywhere, such as
    those whose metadata calls itself 2.0: what travels here was audited when the bundle was built.
    """
    raw, _ = parse_email(metadata)
    version = tuple(int(part) for part in raw.get("metadata_version", "0").split(".") if part.isdigit())
    if version < _LICENSE_FILES_SINCE:  # setuptools wrote the field too early; indexes refuse it then
        raw.pop("license_files", None)
    python = path.name.removesuffix(".whl").split("-")[-3]
    from twine.package import PackageFile  # noqa: PLC0415 - slow to load, and every command would wait for it

    return PackageFile(os.fspath(path), None, raw, python, "bdist_wheel")


def _moved_to(url: str, response: _Response) -> str:
    """Where a redirect leads on the same index; empty where that is elsewhere or no address at all."""
    try:
        there = urljoin(url, response.headers["Location"])
        return there if origin(there) == origin(url) else ""
    except ValueError:
        return ""
