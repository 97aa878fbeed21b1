"""What a bundle that a trusted key signed may lie about: manifest, statement, members and code, by kind.

Each lie starts from a bundle that installs on this machine.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tests.attack.inputs.drafts import CANARY, Draft, HostileManifest, canonical, listed
from tests.attack.inputs.hostile_proofs import hostile_proofs
from tests.support.wheels import WheelParts

_HUGE: tuple[Any, ...] = (-1, 2**63, 2**64, 10**400, 1.5, 1e300, True, "7", None, [], {})
_NO_TEXT: tuple[Any, ...] = (
    "\x1b[2Jverified",
    "a\nb",
    "\ud800",
    "\x9b2J",
    "\u202e",
    7,
    None,
    [],
    {"a": "b"},
    True,
)
_TYPES = {
    "a hard link": b"1",
    "a symlink": b"2",
    "a device": b"3",
    "a folder": b"5",
    "a FIFO": b"6",
    "a long name": b"L",
    "sparse": b"S",
    "a pax header": b"x",
}
_DIGESTS: tuple[Any, ...] = (
    "",
    "0" * 63,
    "0" * 65,
    "G" * 64,
    "A" * 64,
    "0" * 64,
    "../" * 21 + "x",
    0,
    None,
    [],
)
_ENTRIES: tuple[Any, ...] = ("x", None, 7, [], {}, {"path": "x"}, {**listed("x", b""), "mode": "4755"})
_SYSTEMS: tuple[Any, ...] = (
    {},
    {"manager": "sh", "packages": []},
    {"manager": "deb", "packages": [{}]},
    [],
    "deb",
)
_NO_PATHS: tuple[Any, ...] = (7, None, [], {}, True)


def hostile_manifests() -> list[HostileManifest]:
    """Every lie, by kind."""
    groups = (
        _paths(),
        _entries(),
        _asked(),
        _fields(),
        _lists(),
        _texts(),
        _statements(),
        _members(),
        _code(),
        hostile_proofs(),
    )
    return [each for group in groups for each in group]


def _paths() -> Iterator[HostileManifest]:
    paths = (
        f"../{CANARY}", f"/tmp/{CANARY}", f"farside/../../{CANARY}", f"farside/./{CANARY}",
        f"farside//{CANARY}",
        f"./{CANARY}", "..", ".", "", "farside/", f"C:\\{CANARY}", f"a\\..\\{CANARY}", f"{CANARY}\n",
        f"a\0{CANARY}",
        f"\x1b[2J{CANARY}", "n\u00e4me", "\u202ename", "a" * 300, "a/" * 200 + "b", "manifest.json/x",
        "parity-envelope.json", "manifest.json", "install.py/more", "files/../../x", "~/x", "$HOME/x", "-rf",
        "wheels/../install.py", "farside/__init__.py/x", "con\ttrol", " ", "x ", "x.", "NUL",
    )  # fmt: skip
    mild = {"~/x", "$HOME/x", "-rf", "x.", "NUL", "a" * 300, "a/" * 200 + "b", " ", "x "}
    for path in paths:
        yield HostileManifest("path", repr(path[:40]), partial(_with_file, path), path in mild)
    for odd in _NO_PATHS:
        yield HostileManifest("path", repr(path), partial(_with_entry, {**listed("", b""), "path": odd}))
    yield HostileManifest("path", "two spellings of one name", partial(_with_files, "A/x", "a/X"), True)
    yield HostileManifest(
        "path", "one path twice", lambda draft: draft.document["files"].insert(0, draft.document["files"][0])
    )
    yield HostileManifest("path", "out of order", lambda draft: draft.document["files"].reverse())
    yield HostileManifest("path", "a file and a folder", partial(_with_files, "x", "x/y"))


def _with_file(path: str, draft: Draft) -> None:
    draft.add(path)


def _with_files(one: str, other: str, draft: Draft) -> None:
    draft.add(one)
    draft.add(other)


def _without(key: str, draft: Draft) -> None:
    del draft.document[key]


def _spelt(text: Callable[[bytes], bytes], draft: Draft) -> None:
    draft.text = text


def _with_entry(entry: object, draft: Draft) -> None:
    draft.document["files"].append(entry)


def _entries() -> Iterator[HostileManifest]:
    for size in (*_HUGE, 2**40, 0):
        yield HostileManifest("size", repr(size)[:30], partial(_set_file, "size", size))
    for digest in _DIGESTS:
        yield HostileManifest("digest", repr(digest)[:30], partial(_set_file, "sha256", digest))
    for entry in _ENTRIES:
        yield HostileManifest("entry", repr(entry)[:40], partial(_with_entry, entry))


def _set_file(key: str, value: object, draft: Draft) -> None:
    draft.document["files"][0][key] = value


def _asked() -> Iterator[HostileManifest]:
    for path in ("install.py", "asked/none.txt", "../x", "", 7):
        row = {"path": path, "kind": "requirements", "name": "r.txt", "changed": False}
        yield HostileManifest("asked", repr(path), partial(_set, "asked", [row]))


def _fields() -> Iterator[HostileManifest]:
    for key in (
        "format",
        "target",
        "installer",
        "packages",
        "files",
        "imports",
        "other_files",
        "allow",
        "asked",
        "uv",
    ):
        yield HostileManifest("field", f"no {key}", partial(_without, key))
        for value in (7, "x", [7], {"x": 1}, None):
            honest = key in ("allow", "uv") and value in ("x", None)
            if not honest or key == "allow":
                yield HostileManifest("field", f"{key} = {value!r}", partial(_set, key, value))
    yield HostileManifest("field", "one more", partial(_set, "run", "rm -rf /"))
    yield HostileManifest("field", "another format", partial(_set, "format", "parity-bundle/3"))
    for value in ("", "sh", "uv ", "../uv", "apt"):
        yield HostileManifest("installer", repr(value), partial(_set, "installer", value))
    for value in (
        "install.py",
        "tools/none.whl",
        "../uv.whl",
        "wheels/beta-2.1-py3-none-any.whl",
        "manifest.json",
        "",
    ):
        yield HostileManifest("installer", f"uv is {value!r}", partial(_set, "uv", value))
    for place in (("os", "id"), ("os", "version"), ("python",), ("arch",), ("implementation",)):
        for value in _NO_TEXT[:8]:
            yield HostileManifest("target", f"{place} = {value!r}"[:60], partial(_set_target, place, value))
    for version in ([2], [2, 31, 0], ["2", "31"], [-1, 0], [2**63, 0], [10**400, 1], None, "2.31"):
        yield HostileManifest(
            "target", f"libc {version!r}"[:40], partial(_set_target, ("libc", "version"), version)
        )
    for python in ("", "3", "3.", "3.x", "9" * 5000, "3.9.2.1", "-1", "3.11; rm", "../3.11"):
        yield HostileManifest("target", f"python {python[:20]!r}", partial(_set_target, ("python",), python))


def _set(key: str, value: object, draft: Draft) -> None:
    draft.document[key] = value


def _set_target(place: tuple[str, ...], value: object, draft: Draft) -> None:
    inner = draft.document["target"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value


def _lists() -> Iterator[HostileManifest]:
    yield HostileManifest("packages", "one left out", lambda draft: draft.document["packages"].pop())
    yield HostileManifest(
        "packages",
        "one twice",
        lambda draft: draft.document["packages"].append(draft.document["packages"][0]),
    )
    yield HostileManifest("packages", "none", lambda draft: draft.document["packages"].clear())
    for key, value in (
        ("wheel", "install.py"), ("wheel", "../x.whl"), ("wheel", 7), ("name", "numpy"), ("name", "../x"),
        ("name", "\x1b[2J"), ("version", "9.9"), ("version", "x" * 9000), ("sha256", "0" * 64), ("size", 1),
        ("requested", "yes"), ("requested", None),
    ):  # fmt: skip
        harmless = key in ("name", "version") and isinstance(value, str) and value.isprintable()
        yield HostileManifest(
            "packages", f"{key} = {value!r}"[:40], partial(_set_package, key, value), harmless
        )
    for package, module in (
        ("alpha", "os; import sys"), ("alpha", "__import__('os').system('x')"), ("alpha", "../x"),
        ("alpha", ""),
        ("alpha", "a" * 100_000), ("\x1b[2J", "alpha"), ("none", "none"), ("alpha", "-c"),
        ("alpha", "alpha\0x"),
    ):  # fmt: skip
        entry = {"package": package, "module": module}
        yield HostileManifest("imports", f"{package!r} {module!r}"[:50], partial(_append, "imports", entry))
    for allow in ("everything", "*", "unsafe-path:alpha", "zip-bomb", ":", "unsafe-path:*"):
        yield HostileManifest("allow", repr(allow), partial(_hostile_wheel, allow))
    for system in _SYSTEMS:
        yield HostileManifest("system", repr(system)[:40], partial(_set, "system", system))
    for path in ("files/x", "install.py", "../x", 7):
        yield HostileManifest(
            "other files", repr(path), partial(_append, "other_files", {"path": path, "executable": True})
        )
    yield HostileManifest("other files", "not listed", lambda draft: draft.add("files/bin/python"))
    yield HostileManifest("other files", "no package", lambda draft: draft.add("system/x.deb"))


def _set_package(key: str, value: object, draft: Draft) -> None:
    draft.document["packages"][0][key] = value


def _append(key: str, value: object, draft: Draft) -> None:
    draft.document[key].append(value)


def _hostile_wheel(allow: str, draft: Draft) -> None:
    """A wheel that leaves the environment, and leave to do so."""
    name = "evil-1.0-py3-none-any.whl"
    data = WheelParts(files={f"../../../../../{CANARY}": b"x"}).data()
    draft.document["allow"] = [allow]
    draft.add(f"wheels/{name}", data)
    facts = {key: value for key, value in listed("", data).items() if key != "path"}
    draft.document["packages"].append(
        {
            "name": "evil",
            "version": "1.0",
            "wheel": f"wheels/{name}",
            "requested": True,
            **facts,
            "origin": {"kind": "index", "index": "default", "address": ""},
        }
    )


def _texts() -> Iterator[HostileManifest]:
    for what, text in {
        "nothing": lambda data: b"",
        "a newline": lambda data: b"\n",
        "no newline at the end": lambda data: data[:-1],
        "two newlines": lambda data: data + b"\n",
        "spaces": lambda data: b" " + data,
        "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
        "no UTF-8": lambda data: data.replace(b"alpha", b"\xff\xfe", 1),
        "UTF-16": lambda data: data.decode().encode("utf-16"),
        "a key twice": lambda data: b'{"allow":[],' + data[1:],
        "a list": lambda data: b"[]\n",
        "deep lists": lambda data: b"[" * 100_000 + b"]" * 100_000 + b"\n",
        "deep objects": lambda data: b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"\n",
        "a million digits": lambda data: b'{"files":' + b"9" * 1_000_000 + b"}\n",
        "NaN": lambda data: data.replace(b'"allow":[]', b'"allow":NaN'),
        "Infinity": lambda data: data.replace(b'"allow":[]', b'"allow":-Infinity'),
        "a float": lambda data: data.replace(b'"size":', b'"size":1.0,"sizf":', 1),
        "an escape that need not be": lambda data: data.replace(b"alpha", b"\\u0061lpha", 1),
        "another order": lambda data: json.dumps(dict(reversed(json.loads(data).items()))).encode() + b"\n",
        "a lone surrogate": lambda data: data.replace(b'"alpha"', b'"\\ud800"', 1),
        "zeros": lambda data: bytes(len(data)),
    }.items():  # fmt: skip
        yield HostileManifest("text", what, partial(_spelt, text))


def _statements() -> Iterator[HostileManifest]:
    def edit(what: str, change: Callable[[dict[str, Any]], object]) -> HostileManifest:
        return HostileManifest("statement", what, lambda draft: setattr(draft, "statement", change))

    for key, values in {
        "serial": (-1, 2**63, 10**400, 1.0, "7", None, True),
        "product": ("../x", "", "a" * 129, "\x1b[2J", ".x", "-rf", "a/b", 7, None),
        "version": ("../x", "a b", "\n", 7),
        "profile": ("../../x", "\u202e", None),
    }.items():
        for value in values:
            yield edit(f"{key} = {value!r}"[:40], partial(_set_predicate, key, value))
    yield edit("another type", lambda document: document.update(_type="https://in-toto.io/Statement/v0.1"))
    yield edit("another predicate", lambda document: document.update(predicateType="x"))
    yield edit("no subject", lambda document: document.update(subject=[]))
    yield edit("two subjects", lambda document: document.update(subject=document["subject"] * 2))
    yield edit("another digest", lambda document: document["subject"][0].update(digest={"sha256": "0" * 64}))
    yield edit("a weak digest", lambda document: document["subject"][0].update(digest={"md5": "0" * 32}))
    yield edit("one more field", lambda document: document.update(run="x"))
    yield edit("no JSON", lambda document: b"\0" * 99)
    yield edit("deep", lambda document: b"[" * 20_000 + b"]" * 20_000)
    yield edit("digits", lambda document: b"9" * 40_000)
    yield edit("a key twice", lambda document: b'{"_type":"x",' + canonical(document)[1:])
    yield edit("spaces", lambda document: json.dumps(document, sort_keys=True).encode())


def _set_predicate(key: str, value: object, document: dict[str, Any]) -> None:
    predicate = document["predicate"]
    place = (
        predicate if key in predicate else next(each for each in predicate.values() if isinstance(each, dict))
    )
    place[key] = value


def _members() -> Iterator[HostileManifest]:
    def member(what: str, change: Callable[[tarfile.TarInfo], object]) -> HostileManifest:
        return HostileManifest("member", what, lambda draft: draft.headers.update({"install.py": change}))

    for what, kind in _TYPES.items():
        yield member(what, partial(_link, kind))
    yield member("set-user-id", lambda info: setattr(info, "mode", 0o4755))
    yield member("another name", lambda info: setattr(info, "name", f"../{CANARY}"))
    yield member("another size", lambda info: setattr(info, "size", info.size + 512))
    yield member("a huge size", lambda info: setattr(info, "size", 8**11 - 1))
    yield member("an owner", lambda info: setattr(info, "uid", 1000))
    yield member("a time", lambda info: setattr(info, "mtime", 1))


def _link(kind: bytes, info: tarfile.TarInfo) -> None:
    info.type, info.linkname = kind, f"/tmp/{CANARY}"


def _code() -> Iterator[HostileManifest]:
    shout = f"open('/tmp/{CANARY}', 'w')\n".encode()
    for path in (
        "install.py",
        "farside/__init__.py",
        "farside/farside/install/install.py",
        "farside/portable/errors.py",
    ):
        yield HostileManifest("code", f"{path} replaced", partial(_replaced, path, shout), True)
    yield HostileManifest(
        "code", "install.sh replaced", partial(_replaced, "install.sh", f"touch /tmp/{CANARY}".encode()), True
    )
    for path in (
        "json.py",
        "farside/json.py",
        "argparse.py",
        "sitecustomize.py",
        "usercustomize.py",
        "site.py",
    ):
        yield HostileManifest("code", f"{path} beside it", partial(_with_code, path, shout), True)


def _replaced(path: str, data: bytes, draft: Draft) -> None:
    draft.replace(path, data)


def _with_code(path: str, data: bytes, draft: Draft) -> None:
    draft.add(path, data)
