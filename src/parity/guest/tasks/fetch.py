"""Download exactly the wheels of a lock into the store: in parallel, resumable, hashes checked.

Job:
    {"store": "/store", "set": "<digest>" or null for none, "threads": 16, "attempts": 4,
     "stall": seconds, 300 where it is not said, after which a run that brings next to nothing is over,
     "deadline": seconds for all, or left out, "timeout": seconds of silence,
     "wheels": [{"filename", "url", "sha256", "size": int|null, "hashes": {name: hexadecimal digits}}],
     "proxies": {"http", "https", "no"}, "ca": PEM|null, "client_certificate": PEM|null,
     "credentials": {"<origin or address>": [user, password]}}
A wheel whose SHA-256 nobody knows yet has an empty one; `hashes` are others that its bytes must have.
Events:
    {"event": "progress", "done": bytes, "total": bytes or 0 where nobody knows, "file": name,
     "files_done": int, "files": int}
    {"event": "warning", "message": text}
Result:
    {"folder": path|null, "fetched_bytes": int,
     "wheels": [{"filename", "sha256", "size", "fetched": bool}],
     "failed": [{"filename", "kind", "message"}]}   kinds: see parity.guest.net.web, and `hash`, `disk`,
                                                    `timeout`, `slow`, `stopped`
"""

import concurrent.futures
import http.client
import math
import os
import random
import socket
import threading
import time
from typing import IO, TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from ..events import Emit
from ..net.pace import BoundedAnswer
from ..net.progress import Counter
from ..net.reach import Settings, settings
from ..net.web import MOST, Browser, WebProblem
from ..store.digests import Digests, Wheel, scope_of, wheel_of
from ..store.store import CHUNK, Store

if TYPE_CHECKING:
    from ...wire.store import FetchJob, FetchLimits, FetchResult, FileFailed, FileFetched

_LONGEST_WAIT = 60.0
_STALL = 300.0
_UNWATCHED = 1 << 30  # bytes that a run may fetch wherever there is room: they fill no disk
_HOPELESS = ("dns", "tls", "no-tls", "proxy", "network", "disk", "timeout", "slow")
"""When one file fails for these, all will: the run stops instead of failing file by file."""


class _Stopped(Exception):
    """The run is over for a reason that another file has reported."""


def main(job: "FetchJob", emit: Emit) -> "FetchResult":
    """Fetch what the job names; see the module's docstring."""
    store = Store(job["store"])
    run = FetchRun(store, settings(job), job, [each.get("size") for each in job["wheels"]], emit)
    scope = scope_of(job)
    wheels = [wheel_of(said, scope) for said in job["wheels"]]
    with concurrent.futures.ThreadPoolExecutor(job.get("threads", 16)) as pool:
        futures = [pool.submit(run.one, wheel) for wheel in wheels]
        run.watch(futures)
    run.close()
    outcomes = [future.result() for future in futures]
    failed = [outcome.failed for outcome in outcomes if outcome.failed is not None]
    members = [(wheel.filename, wheel.sha256) for wheel in wheels]
    return {
        "folder": None if failed or not job["set"] else store.make_set(job["set"], members),
        "wheels": [outcome.fetched for outcome in outcomes if outcome.fetched is not None],
        "fetched_bytes": run.counter.fetched,
        "failed": [f for f in failed if f["kind"] != "stopped"] or failed,
    }


class Outcome(NamedTuple):
    """What came of one file: that it is there, or why not."""

    fetched: "Optional[FileFetched]"
    failed: "Optional[FileFailed]"


class FetchRun:
    """What the threads of one run share; each may bring any wheel into the store."""

    def __init__(
        self, store: Store, how: Settings, limits: "FetchLimits", sizes: List[Optional[int]], emit: Emit
    ) -> None:
        self._store = store
        self._how = how
        self._emit = emit
        self._attempts = limits.get("attempts", 4)
        self._end = time.monotonic() + (limits.get("deadline") or math.inf)
        self._stall = float(limits.get("stall") or _STALL)
        self._slow = False
        self._stop = threading.Event()
        self._mine = threading.local()
        self._browsers: List[Browser] = []
        self.counter = Counter(len(sizes), sizes)

    def stop(self) -> None:
        """End all downloads: what is unfinished stays, to be resumed."""
        self._stop.set()
        for browser in list(self._browsers):
            browser.abort()

    def watch(self, futures: "List[concurrent.futures.Future[Outcome]]") -> None:
        """Emit progress a few times a second until all is done."""
        waiting = set(futures)
        while waiting:
            waiting = concurrent.futures.wait(waiting, timeout=0.2).not_done
            self._emit(self.counter.event())
            if waiting and not self._slow and self.counter.idle() > self._stall:
                self._slow = True
                self.stop()

    def close(self) -> None:
        """Close what the threads left open."""
        for browser in self._browsers:
            browser.forget()

    def one(self, wheel: Wheel) -> Outcome:
        """Make one wheel's bytes present; its result, or its failure."""
        try:
            if wheel.sha256 and self._store.holds(wheel.sha256) is True:
                fetched, sha256 = False, wheel.sha256
            else:
                fetched, sha256 = self._fetch(wheel)
            size = os.stat(self._store.content(sha256)).st_size
        except _Stopped:
            return self._stopped(wheel)
        except WebProblem as problem:
            if self._slow:
                return self._stopped(wheel)
            return self._give_up(wheel, problem.kind, problem.message)
        except OSError as error:
            return self._give_up(wheel, "disk", "the store cannot be written: %s" % error.strerror)
        if not fetched:
            if wheel.size is None:
                self.counter.learn(size)
            self.counter.add(size, fetched=False)
        self.counter.finish(wheel.filename)
        told: "FileFetched" = {
            "filename": wheel.filename,
            "sha256": sha256,
            "size": size,
            "fetched": fetched,
        }
        return Outcome(told, None)

    def _give_up(self, wheel: Wheel, kind: str, message: str) -> Outcome:
        if kind in _HOPELESS:
            self._stop.set()
        return _failure(wheel, kind, message)

    def _stopped(self, wheel: Wheel) -> Outcome:
        if self._slow:
            return _failure(wheel, "slow", "next to nothing came for %d seconds" % self._stall)
        return _failure(wheel, "stopped", "not tried any more")

    def _over(self) -> bool:
        if time.monotonic() > self._end:
            raise WebProblem("timeout", "the time limit for all downloads is over")
        return self._stop.is_set()

    def _fetch(self, wheel: Wheel) -> Tuple[bool, str]:
        """Download under the lock of the partial file; False where another run was quicker. Its SHA-256."""
        with self._store.partial(wheel.key, self._over) as handle:
            if handle is None:
                raise _Stopped
            state = self._store.holds(wheel.sha256) if wheel.sha256 else None
            if state:
                os.unlink(handle.name)
                return False, wheel.sha256
            if state is False:
                self._store.discard(wheel.sha256)
                message = "the store held other bytes for %s; fetched again" % wheel.filename
                self._emit({"event": "warning", "message": message})
            sha256 = _Transfer(self, wheel, handle).finish()
            self._store.keep(os.path.basename(handle.name), sha256)
        return True, sha256

    def browser(self) -> Browser:
        """This thread's browser."""
        if not hasattr(self._mine, "browser"):
            self._mine.browser = Browser(self._how)
            self._browsers.append(self._mine.browser)
            if self._stop.is_set():
                self._mine.browser.abort()
        return self._mine.browser  # type: ignore[no-any-return]

    def pause(self, attempt: int, asked: float) -> None:
        """Wait before another attempt, as long as the server asked or a little longer each time."""
        if self._over() or attempt >= self._attempts:
            raise _Stopped
        seconds = min(max(asked, 0.5 * 2**attempt * random.uniform(0.7, 1.3)), _LONGEST_WAIT)  # noqa: S311
        self._stop.wait(max(0.0, min(seconds, self._end - time.monotonic())))
        if self._over():
            raise _Stopped

    def may_retry(self, attempt: int) -> bool:
        """Whether there are attempts left."""
        return attempt < self._attempts and not self._stop.is_set()

    def check(self) -> None:
        """Called between pieces of a download: raises when the run is over, or the disk nearly full."""
        if self._over():
            raise _Stopped
        if self.counter.fetched > _UNWATCHED and self._store.is_full():
            raise WebProblem("disk", "the engine's disk has no more than 1 GiB left")


class _Transfer:
    """One file: streamed into the partial file, resumed after a cut, hashed as it comes."""

    def __init__(self, run: FetchRun, wheel: Wheel, handle: IO[bytes]) -> None:
        self._run = run
        self._wheel = wheel
        self._file = handle
        self._counted = 0
        self._size_known = wheel.size is not None
        self._most = wheel.size or MOST
        self._etag = ""

    def finish(self) -> str:
        """Download until the hashes are right; WebProblem when the attempts are used up. The SHA-256."""
        attempt = 0
        if not Digests(self._wheel).tell:
            self._file.truncate(0)  # nothing would tell whether an older part belongs to it
        while True:
            before = self._file.seek(0, os.SEEK_END)
            try:
                return self._stream()
            except WebProblem as problem:
                if self._file.seek(0, os.SEEK_END) > before:
                    attempt = 0  # it went forward
                attempt += 1
                if not problem.again or not self._run.may_retry(attempt):
                    raise
                self._run.pause(attempt, problem.wait)

    def _stream(self) -> str:
        digests = self._hash_so_far()
        resumed = self._file.tell()
        if resumed > self._most:
            self._restart()
            digests, resumed = Digests(self._wheel), 0
        if resumed and digests.tell and not digests.wrong():
            return digests.sha256
        browser = self._run.browser()
        answer = self._open(browser, resumed)
        if answer.status == http.client.OK and resumed:
            self._restart()
            digests, resumed = Digests(self._wheel), 0
        sized = answer.length is not None
        self._learn_size(answer, resumed)
        try:
            self._copy(answer, digests)
        except (OSError, http.client.HTTPException) as error:
            browser.forget()
            slow = isinstance(error, socket.timeout)
            message = "the server sends too slowly" if slow else "the connection broke in the middle"
            raise WebProblem("network", message, again=True) from error
        except BaseException:
            browser.forget()
            raise
        wrong = digests.wrong()
        if wrong:
            self._restart()
            # A cut is not seen where the server does not tell the length, nor a file changed in between.
            raise WebProblem("hash", wrong, again=resumed > 0 or not sized)
        return digests.sha256

    def _hash_so_far(self) -> Digests:
        """Hash what lies in the partial file; leaves the position at its end."""
        digest = Digests(self._wheel)
        self._file.seek(0)
        for piece in iter(lambda: self._file.read(CHUNK), b""):
            digest.update(piece)
        here = self._file.tell()
        self._run.counter.add(here - self._counted, fetched=False)
        self._counted = here
        return digest

    def _open(self, browser: Browser, resumed: int) -> BoundedAnswer:
        headers = {}
        if resumed:
            headers["Range"] = "bytes=%d-" % resumed
            if self._etag:
                headers["If-Range"] = self._etag
        try:
            answer = browser.get(self._wheel.url, headers, most=self._most)
        except WebProblem as problem:
            if problem.kind == "size":
                raise self._too_large() from problem
            if problem.kind != "http-416":
                raise
            self._restart()
            raise WebProblem("network", "the server cannot resume the download", again=True) from problem
        etag = answer.getheader("ETag") or ""
        self._etag = "" if etag.startswith("W/") else etag
        expected = "bytes %d-" % resumed
        if answer.status == http.client.PARTIAL_CONTENT and not (
            answer.getheader("Content-Range") or ""
        ).startswith(expected):
            browser.forget()
            self._restart()
            raise WebProblem("network", "the server resumed at another place", again=True)
        return answer

    def _restart(self) -> None:
        self._file.truncate(0)
        self._run.counter.add(-self._counted, fetched=False)
        self._counted = 0

    def _learn_size(self, answer: BoundedAnswer, resumed: int) -> None:
        if not self._size_known and answer.length is not None:
            self._size_known = True
            self._run.counter.learn(resumed + answer.length)

    def _copy(self, answer: BoundedAnswer, digest: Digests) -> None:
        missing = answer.length
        for piece in iter(lambda: answer.read(CHUNK), b""):
            self._write(piece)
            digest.update(piece)
            self._counted += len(piece)
            if self._counted > self._most:
                self._restart()
                raise self._too_large()
            self._run.counter.add(len(piece))
            if missing is not None:
                missing -= len(piece)
            self._run.check()
        if missing:
            raise ConnectionError("cut")

    def _too_large(self) -> WebProblem:
        said = "were announced" if self._wheel.size else "a file may have"
        return WebProblem("size", f"the server sends more than the {self._most} bytes that {said}")

    def _write(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
            self._file.flush()
        except OSError as error:
            raise WebProblem("disk", "the store cannot be written: %s" % error.strerror) from error


def _failure(wheel: Wheel, kind: str, message: str) -> Outcome:
    return Outcome(None, {"filename": wheel.filename, "kind": kind, "message": message})
