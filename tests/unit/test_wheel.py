"""One wheel, judged as a file."""

from __future__ import annotations

import hashlib
import random
import struct
import zlib
from pathlib import Path

import pytest
from tests.support.evil_wheel import FILENAME, MODULE, Hostile, evil
from tests.support.hostile import hostile_wheels
from tests.support.wheels import STORED, Raw, WheelParts, raw_zip

from parity.portable.wheel import wheelset
from parity.portable.wheel.wheel import judge


def kinds(path: Path, data: bytes, filename: str = FILENAME) -> list[str]:
    file = path / filename
    file.write_bytes(data)
    return [finding.kind for finding in judge(str(file)).findings]


@pytest.mark.parametrize("attack", hostile_wheels(), ids=lambda attack: attack.what)
def test_a_hostile_wheel_is_found_out(tmp_path: Path, attack: Hostile) -> None:
    assert attack.kind in kinds(tmp_path, attack.data, attack.filename)


@pytest.mark.parametrize("attack", hostile_wheels(), ids=lambda attack: attack.what)
def test_a_finding_can_be_shown_on_a_terminal(tmp_path: Path, attack: Hostile) -> None:
    file = tmp_path / attack.filename
    file.write_bytes(attack.data)
    for finding in judge(str(file)).findings:
        assert finding.message.isprintable()


def test_every_finding_of_a_wheel_is_told_at_once(tmp_path: Path) -> None:
    parts = evil(
        {"evil.pth": b"import evil, subprocess\n", "sitecustomize.py": b""},
        entry_points="[console_scripts]\npip=a:b\n",
    )
    assert sorted(kinds(tmp_path, parts.data())) == ["entry-point-shadow", "pth-file", "startup-module"]


def _zip64(entry: Raw) -> None:
    """The same entry as written by a tool that did not know its size before."""
    packed, size = len(entry.packed()), len(entry.data)
    entry.local.update(packed=0xFFFFFFFF, size=0xFFFFFFFF, extra=struct.pack("<HHQQ", 1, 16, size, packed))


def _streamed(entry: Raw) -> None:
    entry.flags = 8
    entry.local.update(crc=0, packed=0, size=0)
    entry.after = struct.pack(
        "<4sLLL", b"PK\7\x08", zlib.crc32(entry.data), len(entry.packed()), len(entry.data)
    )


def _streamed_without_mark(entry: Raw) -> None:
    _streamed(entry)
    entry.after = entry.after[4:]


def _stored(entry: Raw) -> None:
    entry.method = STORED


def _other_system(entry: Raw) -> None:
    entry.mode = 0


@pytest.mark.parametrize("change", [_zip64, _streamed, _streamed_without_mark, _stored, _other_system])
def test_odd_but_honest_zips_pass(tmp_path: Path, change: object) -> None:
    entries = evil().entries()
    for entry in entries:
        change(entry)  # type: ignore[operator]
    assert kinds(tmp_path, raw_zip(entries)) == []


@pytest.mark.parametrize(
    ("name", "version", "files"),
    [
        ("evil", "1.0", {}),
        ("evil", "1.0", {"evil/grün.txt": b"x"}),
        (
            "evil",
            "1.0",
            {"evil-1.0.data/scripts/evil.sh": b"#!python\n", "evil-1.0.data/headers/evil.h": b""},
        ),
        ("Evil.Thing", "1.0+local.1", {"evil_thing.py": b""}),
        ("evil", "2026.01.0", {"evil/pythonic.pth": b"import os\n", "evil/sitecustomize.py": b""}),
    ],
)
def test_good_wheels_pass(tmp_path: Path, name: str, version: str, files: dict[str, bytes]) -> None:
    entry_points = "[console_scripts]\nevil = evil:main\n"
    parts = WheelParts(name, version, files={**MODULE, **files}, entry_points=entry_points)
    assert kinds(tmp_path, parts.data(), parts.filename) == []


def test_folders_may_be_listed_in_the_zip(tmp_path: Path) -> None:
    folder = Raw(b"evil/", b"", method=STORED, mode=0o040755)
    assert kinds(tmp_path, raw_zip([folder, *evil().entries()])) == []


@pytest.mark.parametrize("count", [0xFFFF, len(evil().entries())])
def test_large_zips_have_a_64_bit_end_record(tmp_path: Path, count: int) -> None:
    assert kinds(tmp_path, raw_zip(evil().entries(), wide=count)) == []


def test_damage_is_always_a_finding_and_never_a_crash(tmp_path: Path) -> None:
    good = evil({"evil-1.0.data/scripts/run": b"#!python\n"}, entry_points="[console_scripts]\nx = evil:y\n")
    data = good.data()
    dice = random.Random(7)  # noqa: S311
    passed = 0
    for _ in range(500):
        mutant = bytearray(data)
        mutant[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        passed += not kinds(tmp_path, bytes(mutant))
    # What no reader looks at: times, versions and the internal attributes of each header.
    fields = len(good.entries()) * (4 + 2 + 4 + 4 + 4)
    assert passed / 500 < 2 * fields / len(data)


@pytest.mark.parametrize(
    "parts",
    [
        evil(metadata="Metadata-Version: 2.1\nName: evil\nVersion: " + "9" * 9000 + "\n"),
        evil(record=lambda rows: [(rows[0][0], rows[0][1], "\u00b2"), *rows[1:]]),
        evil(record=lambda rows: [(rows[0][0], "sha256=\u00e9", ""), *rows[1:]]),
        evil(entry_points="[console_scripts\n"),
        evil(wheel="\x00\x01" * 40),
        evil(metadata="=?utf-8?q?" * 999),
    ],
)
def test_texts_that_are_none_are_findings(tmp_path: Path, parts: WheelParts) -> None:
    assert kinds(tmp_path, parts.data()) != []


def test_a_version_may_be_spelt_otherwise_inside(tmp_path: Path) -> None:
    metadata = "Metadata-Version: 2.1\nName: EVIL\nVersion: 1.0.0\n"
    assert kinds(tmp_path, evil(metadata=metadata, info="Evil-1.dist-info").data()) == []


def test_of_a_thousand_faults_with_endless_names_a_few_are_told(tmp_path: Path) -> None:
    names = {"../" + "\x1b" * 3000 + str(number): b"" for number in range(1000)}
    path = tmp_path / "evil-1.0-py3-none-any.whl"
    path.write_bytes(evil({**names, "evil/link": b""}).data())
    found = judge(str(path)).findings
    assert {each.kind for each in found} == {"unsafe-path"}
    assert sum(len(each.message) for each in found) < 200_000


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("other", "1.0"),
        ("evil", "1.1"),
        ("evil --index-url x", "1.0"),
        ("evil", "\uff11.0"),
        ("evil", "1.0 ; x"),
    ],
)
def test_a_wheel_of_another_package_is_refused(tmp_path: Path, package: str, version: str) -> None:
    file = tmp_path / FILENAME
    file.write_bytes(evil().data())
    assert [one.kind for one in judge(str(file), package=package, version=version).findings] == [
        "name-mismatch"
    ]
    assert judge(str(file), package="Evil", version="1").findings == []


PTH_SETUPTOOLS = (
    b"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, 'local') == 'local'; "
    b"enabled and __import__('_distutils_hack').add_shim(); \n"
)


def test_setuptools_own_pth_file_passes_in_setuptools_alone(tmp_path: Path) -> None:
    files = {"distutils-precedence.pth": PTH_SETUPTOOLS}
    setuptools = WheelParts("setuptools", "80.0", files=files)
    assert kinds(tmp_path, setuptools.data(), setuptools.filename) == []
    assert kinds(tmp_path, evil(files).data()) == ["pth-file"]


def test_pip_may_bring_pip(tmp_path: Path) -> None:
    pip = WheelParts(
        "pip", "26.0", files={"pip/__init__.py": b""}, entry_points="[console_scripts]\npip3=pip:main\n"
    )
    assert kinds(tmp_path, pip.data(), pip.filename) == []


@pytest.mark.parametrize("name", ["pip-audit", "pipx", "python-dotenv", "pythonista", "activate-global"])
def test_scripts_that_only_begin_like_the_interpreter_pass(tmp_path: Path, name: str) -> None:
    assert kinds(tmp_path, evil(entry_points=f"[console_scripts]\n{name} = evil:main\n").data()) == []


# --- sets -------------------------------------------------------------------------------------------


def wheel_file(folder: Path, parts: WheelParts) -> wheelset.WheelFile:
    path = folder / parts.filename
    path.write_bytes(parts.data())
    digest = wheelset.sha256_of(str(path))
    return wheelset.WheelFile(str(path), parts.filename, parts.name, parts.version, digest)


def test_two_wheels_that_write_one_path_are_refused_unless_the_bytes_are_equal(tmp_path: Path) -> None:
    first = wheel_file(tmp_path, WheelParts("one", "1", files={"ns/__init__.py": b"", "ns/a.py": b"1"}))
    second = wheel_file(tmp_path, WheelParts("two", "1", files={"ns/__init__.py": b"", "ns/A.py": b"1"}))
    third = wheel_file(tmp_path, WheelParts("three", "1", files={"ns/a.py": b"3"}))
    found = wheelset.judge_set([first, second, third]).verdicts
    assert [(each.wheel, each.kind, each.level) for each in found] == [
        (second.filename, "path-conflict", "refused"),
        (third.filename, "path-conflict", "refused"),
        (second.filename, "shared-path", "warning"),
    ]


def test_a_launcher_and_a_script_conflict(tmp_path: Path) -> None:
    first = wheel_file(tmp_path, WheelParts("one", "1", entry_points="[console_scripts]\ntool = one:main\n"))
    second = wheel_file(tmp_path, WheelParts("two", "1", files={"two-1.data/scripts/tool": b"#!python\n"}))
    assert [each.kind for each in wheelset.judge_set([first, second]).verdicts] == ["path-conflict"]


def test_findings_are_allowed_by_name_and_only_where_that_is_sane(tmp_path: Path) -> None:
    odd = wheel_file(tmp_path, evil({"evil.pth": b"import evil, subprocess\n"}))
    assert [each.level for each in wheelset.judge_set([odd], ["pth-file:evil"]).verdicts] == ["allowed"]
    assert [each.level for each in wheelset.judge_set([odd], ["pth-file:other"]).verdicts] == ["refused"]
    bad = wheel_file(tmp_path, evil(record=lambda rows: rows[1:]))
    assert [each.level for each in wheelset.judge_set([bad], ["record-unlisted:evil"]).verdicts] == [
        "refused"
    ]


def test_a_changed_file_is_found_by_its_hash(tmp_path: Path) -> None:
    wheel = wheel_file(tmp_path, evil())
    other = wheel._replace(sha256="0" * 64)
    assert [each.kind for each in wheelset.judge_set([other]).verdicts] == ["hash-mismatch"]


def test_judgements_are_remembered_and_a_poisoned_memory_does_no_harm(tmp_path: Path) -> None:
    wheel = wheel_file(tmp_path, evil({"evil.pth": b"import evil, subprocess\n"}))
    cache = tmp_path / "cache"
    first = wheelset.judge_set([wheel], cache=str(cache))
    again = wheelset.judge_set([wheel], cache=str(cache))
    assert (first.judged, again.judged) == (1, 0)
    assert again.verdicts == first.verdicts
    for file in cache.iterdir():
        file.write_bytes(b'{"findings": 7')
    assert wheelset.judge_set([wheel], cache=str(cache)).verdicts == first.verdicts
    # other bytes under the same name are judged anew
    changed = wheel_file(tmp_path, evil({"evil.pth": b"import evil, subprocess # 2\n"}))
    assert wheelset.judge_set([changed], cache=str(cache)).judged == 1


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_a_hash_in_hexadecimal_is_one(tmp_path: Path, name: str) -> None:
    """As the wheels of gmsh have them; they install everywhere."""
    data = b"x = 1\n"
    right, wrong = (hashlib.new(name, each).hexdigest() for each in (data, b"y"))

    def judged(digest: str) -> list[str]:
        def record(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
            return [(path, f"{name}={digest}" if path == "evil/x.py" else old, n) for path, old, n in rows]

        path = tmp_path / evil().filename
        path.write_bytes(evil({"evil/x.py": data}, record=record).data())
        return [each.kind for each in judge(str(path)).findings]

    assert judged(right) == []
    assert judged(wrong) == ["record-mismatch"]
    assert judged(right[:-2]) != []


def test_a_64_bit_end_record_before_the_files_own_first_byte_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "evil-1.0-py3-none-any.whl"
    path.write_bytes(bytes(40) + b"PK\x06\x07" + bytes(12) + b"\1\0\0\0" + b"PK\x05\x06" + bytes(18))
    found = judge(str(path), path.name, "evil", "1.0")
    assert {finding.kind for finding in found.findings} & {
        "not-a-zip",
        "zip-damaged",
        "zip-garbage",
        "dist-info",
    }


def test_wheels_that_share_a_thousand_files_are_one_line(tmp_path: Path) -> None:
    files = {f"shared/m{number}.py": b"1" for number in range(1000)}
    first = wheel_file(tmp_path, WheelParts("full", "1", files=files))
    second = wheel_file(tmp_path, WheelParts("skinny", "1", files=files))
    (found,) = wheelset.judge_set([first, second]).verdicts
    assert (found.kind, found.level) == ("shared-path", "warning")
    assert "and 999 more are written by full-1" in found.message
