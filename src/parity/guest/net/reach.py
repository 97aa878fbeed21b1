"""How servers are reached: proxies, certificates, logins, time; with a Python that may have no TLS."""

import contextlib
import tempfile
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple, Type

if TYPE_CHECKING:
    from ...wire.network import Reach

HAS_TLS = False
TLS_ERRORS: Tuple[Type[OSError], ...] = ()
with contextlib.suppress(ImportError):  # some Pythons are built without it
    import ssl

    HAS_TLS, TLS_ERRORS = True, (ssl.SSLError,)


class Settings(NamedTuple):
    """How to reach servers: proxies (`http`, `https`, `no`), certificates, logins by origin or address."""

    proxies: Dict[str, str]
    context: "Optional[ssl.SSLContext]"  # None where this Python is built without it
    credentials: Dict[str, List[str]]
    timeout: float


def settings(job: "Reach") -> Settings:
    """Read `proxies`, `ca`, `client_certificate` (PEM or null), `credentials` and `timeout` from a job."""
    context = _context(job) if HAS_TLS else None
    return Settings(job.get("proxies") or {}, context, job.get("credentials") or {}, job.get("timeout", 30.0))


def _context(job: "Reach") -> "ssl.SSLContext":
    context = ssl.create_default_context(cadata=job.get("ca") or None)
    if job.get("client_certificate"):
        with tempfile.NamedTemporaryFile("w", prefix="parity-") as file:  # mode 0600; ssl reads files alone
            file.write(job["client_certificate"] or "")
            file.flush()
            context.load_cert_chain(file.name)
    if hasattr(ssl, "VERIFY_X509_STRICT"):
        # Python 3.13 turned it on; companies' own CAs often lack what it wants, and pip and uv do not ask.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
