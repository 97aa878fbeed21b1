"""Ruby gems made by hand, and a source of gems (the compact index, as text) on this machine.

with GemSource({"words": [...]}) as source:
    ... source.url ...
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True)
class MadeGem:
    """A gem as it is written: its metadata says `name`, `version`, `platform`, whatever the file is called.

    Attributes:
        files: bytes by path.
        needs: (gem, requirement such as `>= 1.0`) of what it needs.
        extensions: files that build something when it is installed.
        programs: names in `bin`.
        bindir: the folder of its programs.
        roots: the folders from which it is required.
        called: the file's name without `.gem`, where it is another than the metadata says.
        listed: (name, version) under which the source has it, where that is another.
    """

    name: str
    version: str
    files: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[tuple[str, str], ...] = ()
    extensions: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    bindir: str = "bin"
    roots: tuple[str, ...] = ("lib",)
    platform: str = "ruby"
    called: str = ""
    listed: tuple[str, str] = ("", "")

    @property
    def full_name(self) -> str:
        suffix = "" if self.platform == "ruby" else f"-{self.platform}"
        return self.called or f"{self.name}-{self.version}{suffix}"

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        members = {
            "metadata.gz": _packed(self._metadata().encode()),
            "data.tar.gz": _packed(_tar(self.files)),
        }
        sums = "".join(f"  {name}: {hashlib.sha256(data).hexdigest()}\n" for name, data in members.items())
        members["checksums.yaml.gz"] = _packed(f"---\nSHA256:\n{sums}".encode())
        return _tar(members)

    def _metadata(self) -> str:
        needs = "".join(_need(*each) for each in self.needs)
        return _METADATA.format(
            name=self.name,
            version=self.version,
            platform=self.platform,
            dependencies="\n" + needs.rstrip("\n") if needs else " []",
            executables=_list(self.programs),
            bindir=self.bindir,
            roots=_list(self.roots),
            extensions=_list(self.extensions),
            files=_list(list(self.files)),
        )

    @property
    def line(self) -> str:
        """Its line in the source's list of this gem's versions."""
        version = self.listed[1] or self.version
        number = version if self.platform == "ruby" else f"{version}-{self.platform}"
        needs = ",".join(f"{name}:{wanted.replace(', ', '&')}" for name, wanted in self.needs)
        return f"{number} {needs}|checksum:{hashlib.sha256(self.data).hexdigest()}"


_METADATA = """--- !ruby/object:Gem::Specification
name: {name}
version: !ruby/object:Gem::Version
  version: '{version}'
platform: {platform}
authors:
- parity
bindir: {bindir}
cert_chain: []
date: 2020-01-01 00:00:00.000000000 Z
dependencies:{dependencies}
executables:{executables}
extensions:{extensions}
extra_rdoc_files: []
files:{files}
homepage: https://example.org
licenses:
- MIT
metadata: {{}}
rdoc_options: []
require_paths:{roots}
required_ruby_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
required_rubygems_version: !ruby/object:Gem::Requirement
  requirements:
  - - ">="
    - !ruby/object:Gem::Version
      version: '0'
requirements: []
rubygems_version: 3.3.15
specification_version: 4
summary: a gem of the tests
test_files: []
"""


def _need(name: str, wanted: str) -> str:
    operator, _, version = wanted.partition(" ")
    requirement = (
        "!ruby/object:Gem::Requirement\n    requirements:\n"
        f"    - - \"{operator}\"\n      - !ruby/object:Gem::Version\n        version: '{version}'\n"
    )
    return (
        f"- !ruby/object:Gem::Dependency\n  name: {name}\n  requirement: {requirement}"
        f"  type: :runtime\n  prerelease: false\n  version_requirements: {requirement}"
    )


def _list(items: Sequence[str]) -> str:
    return "".join(f"\n- {each}" for each in items) if items else " []"


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _tar(files: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class GemSource:
    """Serves gems as a source with the compact index does; `with` starts and stops it.

    `seen` holds the paths that were asked for, `replaced` what is sent in the place of a file; with `static`
    nothing else is there.
    """

    def __init__(
        self,
        gems: Sequence[MadeGem],
        *,
        host: str = "127.0.0.1",
        login: tuple[str, str] | None = None,
        static: Mapping[str, bytes] | None = None,
    ) -> None:
        self.gems = list(gems)
        self.login = login
        self.seen: list[str] = []
        self.replaced: dict[str, bytes] = dict(static or {})
        self.static = static is not None
        self._server = ThreadingHTTPServer((host, 0), type("Handler", (_Handler,), {"source": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://{host}:{self._server.server_address[1]}/"

    def __enter__(self) -> GemSource:  # noqa: PYI034 - typing.Self is younger than 3.10
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str) -> bytes | None:
        """What lies there, None for nothing."""
        if path in self.replaced:
            return self.replaced[path]
        if self.static:
            return None
        if path == "/versions":
            return b"created_at: 2020-01-01T00:00:00Z\n---\n"
        if path.startswith("/info/"):
            lines = [each.line for each in self.gems if (each.listed[0] or each.name) == path[6:]]
            return ("---\n" + "\n".join(lines) + "\n").encode() if lines else None
        found = (each.data for each in self.gems if path == f"/gems/{each.full_name}.gem")
        return next(found, None)


class _Handler(BaseHTTPRequestHandler):
    source: GemSource

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, body: bytes | None) -> None:
        self.source.seen.append(self.path)
        if self.source.login:
            pair = base64.b64encode(":".join(self.source.login).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {pair}":
                self._send(401, b"")
                return
        found = self.source.answer(self.path)
        self._send(404 if found is None else 200, (found or b"") if body is None else body)

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@dataclass(frozen=True)
class GemFile(MadeGem):
    """A gem that gem itself has built: its bytes as they are."""

    content: bytes = b""

    @property
    def data(self) -> bytes:
        return self.content


GREETER = MadeGem(
    "greeter",
    "0.3.1",
    {
        "lib/greeter.rb": 'require "words"\nrequire "json"\nmodule Greeter\n'
        "  def self.hi; JSON.generate([Words::HELLO]); end\nend\n",
        "bin/greet": '#!/usr/bin/env ruby\nrequire "greeter"\nputs Greeter.hi\n',
    },
    needs=(("words", "~> 1.0"), ("json", ">= 2.0")),
    programs=("greet",),
)
"""It needs a gem of the same source, and one that Ruby brings."""
WORDS = MadeGem("words", "1.1.0", {"lib/words.rb": 'module Words; HELLO = "hello"; end\n'})
NEWER_WORDS = MadeGem("words", "2.0.0", {"lib/words.rb": "raise 'the wrong one'\n"})
FAST_SUM = MadeGem(
    "fastsum",
    "1.0.0",
    {
        "ext/fastsum/extconf.rb": 'require "mkmf"\ncreate_makefile("fastsum/fastsum")\n',
        "ext/fastsum/fastsum.c": """#include <ruby.h>
static VALUE sum(VALUE self, VALUE a, VALUE b) { return LONG2NUM(NUM2LONG(a) + NUM2LONG(b)); }
void Init_fastsum(void) {
    VALUE module = rb_define_module("FastSum");
    rb_define_module_function(module, "sum", sum, 2);
}
""",
        "lib/fastsum.rb": 'require "fastsum/fastsum"\n',
    },
    extensions=("ext/fastsum/extconf.rb",),
)
"""It has an extension in C."""
GEMSPEC = """Gem::Specification.new do |spec|
  spec.name = {name!r}
  spec.version = {version!r}
  spec.authors = ["parity"]
  spec.summary = "a gem of the tests"
  spec.homepage = "https://example.org"
  spec.license = "MIT"
  spec.files = {files!r}
  spec.executables = {programs!r}
  spec.extensions = {extensions!r}
{needs}end
"""


def gemspec(gem: MadeGem) -> str:
    """What gem builds it from."""
    needs = "".join(f"  spec.add_dependency {name!r}, {wanted!r}\n" for name, wanted in gem.needs)
    return GEMSPEC.format(
        name=gem.name,
        version=gem.version,
        files=list(gem.files),
        programs=list(gem.programs),
        extensions=list(gem.extensions),
        needs=needs,
    )
