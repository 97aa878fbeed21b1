"""Source distributions as a resolver is offered them: which, and what they are said to require."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest

from parity.guest.net.offers import Fitting, metadata, offers
from parity.guest.net.pages import File

TARGET = Fitting(frozenset({"py3-none-any", "cp39-cp39-manylinux_2_17_x86_64"}), "3.9.2")
URL = "https://index.example/demo-1.0.tar.gz"


def page(*names: str, **more: object) -> list[File]:
    return [
        {"filename": name, "url": f"https://index.example/{name}", "hashes": {}, **more} for name in names
    ]


def offered(*names: str, everything: bool = False, project: str = "demo") -> tuple[set[str], set[str]]:
    fitting, others = offers(project, page(*names), TARGET, everything)
    return {str(file["filename"]) for file in fitting}, {str(offer.file["filename"]) for offer in others}


def test_a_source_is_offered_for_versions_without_a_fitting_wheel() -> None:
    fitting, others = offered(
        "demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl",
        "demo-2.0.zip", "demo-2.0.tar.gz", "demo-2.0-cp39-cp39-win_amd64.whl",
        "demo-3.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        "demo-4.0.win32.zip", "demo-4.0.linux-x86_64.tar.gz", "other-5.0.tar.gz", "demo.tar.gz",
    )  # fmt: skip
    assert (fitting, others) == ({"demo-1.0-py3-none-any.whl"}, {"demo-2.0.tar.gz"})
    assert offered("my-old-name-1.0.tar.gz", project="my-old-name")[1] == {"my-old-name-1.0.tar.gz"}


def test_what_is_for_another_python_is_offered_as_what_it_is() -> None:
    names = ("demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl")
    for some in (names, names[:1], names[1:], ("demo-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",)):
        newer = page(*some, **{"requires-python": ">=3.12"})
        fitting, (offer,) = offers("demo", newer, TARGET, everything=False)
        assert (fitting, offer.said()["requires-python"]) == ([], ">=3.12")
    mixed = [*page("demo-1.0.tar.gz"), *newer]
    assert [each.is_source for each in offers("demo", mixed, TARGET, everything=False)[1]] == [True]


def test_everything_is_offered_only_where_that_is_asked() -> None:
    names = ("demo-3.0-cp39-cp39-win_amd64.whl", "demo-3.0-cp312-cp312-manylinux_2_17_x86_64.whl")
    assert offered(*names)[1] == set()
    assert offered(*names, everything=True)[1] == {names[1]}
    (offer,) = offers(
        "demo", page("demo-2.0.tar.gz", **{"requires-python": ">=3.12"}), TARGET, everything=True
    )[1]
    assert "requires-python" not in offer.said()


def tar(**files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo("demo-1.0/" + name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr("demo-1.0/" + name, text)
    return out.getvalue()


def required(begin: bytes, url: str = URL) -> list[str]:
    lines = metadata("demo-1.0-py3-none-any.whl.metadata", url, begin).decode().splitlines()
    assert lines[:3] == ["Metadata-Version: 2.1", "Name: demo", "Version: 1.0"]
    return [line.partition(": ")[2] for line in lines[3:] if line.startswith("Requires-Dist")]


INFO = """Metadata-Version: 2.1
Name: demo
Requires-Dist: six (>=1)
Requires-Dist: a @ file:///etc
Requires-Dist: b >>> 1

Requires-Dist: text
"""
TABLE = "six\n\n[:python_version < '3']\nold\n\n[fast]\nquick>=2\n"


@pytest.mark.parametrize(("url", "pack"), [(URL, tar), ("https://index.example/demo-1.0.zip", zipped)])
def test_what_a_source_requires_is_read_of_its_own_words(url: str, pack: object) -> None:
    assert callable(pack)
    assert required(pack(**{"PKG-INFO": INFO}), url) == ["six (>=1)"]
    assert required(pack(**{"PKG-INFO": "Name: demo\n", "demo.egg-info/requires.txt": TABLE}), url) == [
        "six",
        "old; (python_version < '3')",
        'quick>=2; extra == "fast"',
    ]


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"\x1f\x8b",
        tar(**{"PKG-INFO": INFO})[:40],
        gzip.compress(b"\0" * 1000),
        gzip.compress(b"\xff" * 5000),
        gzip.compress(bytes(100_000_000)),
        tar(**{"PKG-INFO": INFO})[:-20] + b"x" * 20,
    ],
    ids=["nothing", "two bytes", "cut", "zeros", "ones", "endless", "spoilt"],  # gzip tells the time
)
def test_what_is_broken_or_endless_is_said_to_require_little(begin: bytes) -> None:
    assert set(required(begin)) <= {"six (>=1)"}
    assert required(begin, "https://index.example/demo-1.0.zip") == []
    assert required(begin, "https://index.example/demo-1.0.tar.bz2") == []
