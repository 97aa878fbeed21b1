"""Ruby gems as values: the profile's words, the lock, names, what both sides refuse."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parity.errors import InputFileError, LockInvalid, ProfileError
from parity.gems import GEM_LOCK, GemLock, gem_inputs, with_gemfile, write_gem_lock
from parity.gems.pack import features_of
from parity.host.gemrc import gem_settings
from parity.model import CarriedGem, GemSet, GemsPlan, LockedGem
from parity.pack.gems import gems_text
from parity.portable.bundle import manifest
from parity.portable.errors import BundleDamaged, HostileContent, WrongHost
from parity.portable.ruby import gems, names
from parity.profile import load_profile
from parity.rehearse.gems import GEMS
from parity.wire.gems import FeatureSeen, GemSaid, GemsSeen

WORDS = LockedGem("words", "1.1.0", "ruby", "words-1.1.0.gem", "a" * 64, 7168, False, "https://g.example/")
FAST = LockedGem(
    *("fastsum", "1.0.0", "ruby", "fastsum-1.0.0.gem", "b" * 64, 9216, True, "https://g.example/"),
    *("fastsum-1.0.0-x86_64-linux.gem", "c" * 64, 12288),
)
LOCK = GemLock("d" * 64, "3.1.0", (WORDS, FAST))


# --- the profile ------------------------------------------------------------------------------------------


def plan_of(folder: Path, said: object) -> GemsPlan:
    path = folder / "p.yaml"
    path.write_text(json.dumps({"extends": "debian12-py311", "gems": said}))
    return load_profile(path).gems


def test_versions_are_told_as_gem_takes_them(tmp_path: Path) -> None:
    said = {"redis": "3.3.5", "rack": "~> 2.2", "json": ">= 2.0, < 3", "rake": "*"}
    found = plan_of(tmp_path, {"list": said, "require": {"rake": []}})
    assert dict(found.wanted) == {
        "redis": ("= 3.3.5",),
        "rack": ("~> 2.2",),
        "json": (">= 2.0", "< 3"),
        "rake": (),
    }
    assert found.features == (("rake", ()),)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"list": {"redis": 1.0}}, "in quotes"),
        ({"list": {"redis": "latest"}}, "a version such as"),
        ({"list": {"../redis": "1.0"}}, "../redis"),
        ({"list": {}}, "is empty"),
        ({"list": {"redis": "1.0"}, "sources": ["https://me:secret@g.example/"]}, "user or password"),
        ({"list": {"redis": "1.0"}, "require": {"redis": ["../x"]}}, "require"),
    ],
)
def test_what_no_gem_is_called_is_told_with_its_place(tmp_path: Path, said: object, told: str) -> None:
    with pytest.raises(ProfileError) as caught:
        plan_of(tmp_path, said)
    text = "\n".join([caught.value.message, *map(str, caught.value.details)])
    assert told in text
    assert "secret" not in text


# --- the lock ---------------------------------------------------------------------------------------------


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = GEM_LOCK.path(tmp_path / "pylock.app.toml")
    assert path.name == "pylock.app.gems.toml"
    assert GEM_LOCK.read(path) is None
    path.write_text(write_gem_lock(LOCK))
    assert GEM_LOCK.read(path) == LOCK


def _other(**fields: Any) -> GemLock:
    return replace(LOCK, gems=(replace(FAST, **fields),))


@pytest.mark.parametrize(
    "lock",
    [
        _other(name="../fastsum"),
        _other(version="1.0.1"),  # the file is another version's
        _other(platform="java"),
        _other(file="fastsum-1.0.0.gem/../x.gem"),
        _other(sha256="B" * 64),
        _other(size=-1),
        _other(source="https://me:word@g.example/"),
        _other(source="file:///etc/"),
        _other(built_file="words-1.0.0-x86_64-linux.gem"),
        _other(built_sha256=""),
        replace(LOCK, gems=(FAST, FAST)),
        replace(LOCK, abi="3.1"),
    ],
)
def test_a_lock_that_no_build_wrote_is_refused(tmp_path: Path, lock: GemLock) -> None:
    path = tmp_path / "pylock.gems.toml"
    path.write_text(write_gem_lock(lock))
    with pytest.raises(LockInvalid) as caught:
        GEM_LOCK.read(path)
    assert str(path) in caught.value.where


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("parity-gems/1", "parity-gems/2"),
        ("size = 7168", 'size = "7168"'),
        ("requested = false", "requested = 0"),
        ('built_file = ""\n', ""),
        ("[[packages]]", "[packages]"),
    ],
)
def test_a_lock_of_another_shape_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "pylock.gems.toml"
    text = write_gem_lock(LOCK)
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(LockInvalid):
        GEM_LOCK.read(path)


def test_other_wishes_or_sources_are_another_lock() -> None:
    target = load_profile("debian12-py311").target
    plan = GemsPlan((("redis", ("= 3.3.5",)),), ("https://g.example/",), (("redis", ("redis",)),))
    key = gem_inputs(plan, target)
    assert gem_inputs(replace(plan, features=()), target) == key
    for other in (replace(plan, wanted=(("redis", ()),)), replace(plan, sources=())):
        assert gem_inputs(other, target) != key
    assert gem_inputs(plan, replace(target, os_version="13")) != key


# --- what this machine says -------------------------------------------------------------------------------


def test_settings_of_gem_and_logins_of_bundler_are_found_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".gemrc").write_text(":sources:\n- https://me:word@g.example/\n")
    (tmp_path / "more").write_text(":sources: []\n")
    found = gem_settings(
        {
            "HOME": str(tmp_path),
            "GEMRC": str(tmp_path / "more"),
            "BUNDLE_GEMS__MY___SITE__ORG": "reader:secret",
            "BUNDLE_PATH": "/vendor:/x",
            "BUNDLE_JOBS": "4",
        }
    )
    assert [text for text in found.gemrc if "sources" in text][-2:] == [
        ":sources:\n- https://me:word@g.example/\n",
        ":sources: []\n",
    ]
    assert dict(found.logins)["gems.my-site.org"] == "reader:secret"
    assert "secret" not in repr(found)
    assert "word" not in repr(found)


# --- the manifest and the host ----------------------------------------------------------------------------


def carried(**fields: Any) -> dict[str, Any]:
    row = {
        "name": "words",
        "version": "1.1.0",
        "platform": "ruby",
        "path": "gems/words-1.1.0.gem",
        "requested": True,
        "features": ["words"],
    }
    return {"ruby": "3.1.0", "packages": [{**row, **fields}]}


def bundle_with(found: object, files: tuple[str, ...]) -> manifest.Manifest:
    document: dict[str, Any] = {
        "format": manifest.FORMAT,
        "target": {
            "os": {"id": "debian", "version": "12"},
            "libc": {"family": "glibc", "version": [2, 36]},
            "python": "3.11",
            "arch": "x86_64",
            "implementation": "cpython",
        },
        "installer": "pip",
        "uv": None,
        "stand_in": None,
        "packages": [],
        "allow": [],
        "system": None,
        "other_files": [],
        "imports": [],
        "asked": [],
        "files": [{"path": path, "size": 1, "sha256": "a" * 64} for path in files],
    }
    if found is not None:
        document["gems"] = found
    return manifest.parse(manifest.encode(document))  # type: ignore[arg-type]


def test_a_manifest_tells_of_exactly_the_gems_that_are_there() -> None:
    found = bundle_with(carried(), ("gems/words-1.1.0.gem",))
    assert [row["name"] for row in manifest.gems_of(found.document)] == ["words"]
    assert manifest.gems_of(bundle_with(None, ()).document) == []


@pytest.mark.parametrize(
    ("found", "files"),
    [
        (None, ("gems/words-1.1.0.gem",)),
        (carried(), ()),
        (carried(), ("gems/other-1.0.gem", "gems/words-1.1.0.gem")),
        ({"ruby": "3.1.0", "packages": []}, ()),
        (carried(more=1), ("gems/words-1.1.0.gem",)),
        ({**carried(), "more": 1}, ("gems/words-1.1.0.gem",)),
        (carried(features=["a\nb"]), ("gems/words-1.1.0.gem",)),
    ],
)
def test_a_manifest_whose_gems_differ_from_its_files_is_damaged(
    found: object, files: tuple[str, ...]
) -> None:
    with pytest.raises(BundleDamaged):
        bundle_with(found, files)


@pytest.mark.parametrize(
    "fields",
    [
        {"path": "gems/other-1.0.gem"},
        {"version": "1.2"},
        {"platform": "java"},
        {"features": ["../../etc/x"]},
        {"features": ["/etc/x"]},
        {"features": ["-e"]},
    ],
)
def test_a_signed_gem_is_called_and_required_as_gems_are(fields: dict[str, Any]) -> None:
    gems.demand_gems(carried())  # type: ignore[arg-type]
    with pytest.raises(HostileContent):
        gems.demand_gems(carried(**fields))  # type: ignore[arg-type]


@pytest.fixture
def ruby(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A `ruby` on PATH that is a line of shell; `$3` is the file that it is to tell in."""

    def put(line: str) -> None:
        path = tmp_path / "ruby"
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    monkeypatch.setattr(gems, "_PATH", str(tmp_path))
    return put


def test_a_host_needs_the_ruby_that_the_gems_are_for(ruby: Callable[[str], None]) -> None:
    assert gems.survey(None) is None
    with pytest.raises(WrongHost, match="has no Ruby"):
        gems.survey(carried())  # type: ignore[arg-type]
    ruby("""printf '{"ruby": "3.1.2", "abi": "3.1.0"}' >"$3" """)
    found = gems.survey(carried())  # type: ignore[arg-type]
    assert found
    assert (found.version, found.abi) == ("3.1.2", "3.1.0")
    ruby("""printf '{"ruby": "3.3.8", "abi": "3.3.0"}' >"$3" """)
    with pytest.raises(WrongHost, match=r"for Ruby 3\.1\.0"):
        gems.survey(carried())  # type: ignore[arg-type]
    for line in ("exit 1", "true", "printf '[]' >\"$3\"", 'printf \'{"abi": 3}\' >"$3"'):
        ruby(line)
        with pytest.raises(WrongHost, match="does not work"):
            gems.survey(carried())  # type: ignore[arg-type]


# --- names, features, words -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["redis", "net-http", "active_support", "x86_64-linux", "1.0.0.pre1"])
def test_words_of_gems(text: str) -> None:
    assert names.is_word(text)


@pytest.mark.parametrize("text", ["", "-x", ".x", "a/b", "a b", "a\n", "a" * 200, "é"])
def test_no_words_of_gems(text: str) -> None:
    assert not names.is_word(text)


def said(**fields: Any) -> GemSaid:
    found: dict[str, Any] = {
        "name": "net-x",
        "version": "1.0",
        "platform": "ruby",
        "extensions": [],
        "programs": [],
        "plugin": False,
        "require": ["net/x"],
        "error": "",
    }
    return {**found, **fields}  # type: ignore[typeddict-item]


def test_what_is_required_is_what_the_profile_says_else_what_the_gem_suggests() -> None:
    assert features_of(said(), {}) == ("net/x",)
    assert features_of(said(), {"net-x": ("net/x/all",)}) == ("net/x/all",)
    assert features_of(said(), {"net-x": ()}) == ()
    assert features_of(said(require=["../x", "-e", "a b"]), {}) == ()


def test_the_readme_says_what_to_type() -> None:
    gem = CarriedGem("words", "1.1.0", "ruby", "words-1.1.0.gem", "a" * 64, 1, True)
    text = gems_text(GemSet("3.1.0", (gem,)))
    assert "GEM_HOME=PREFIX/current/gems" in text
    assert "gem install --local --no-document gems/words-1.1.0.gem" in text
    assert gems_text(None) == ""


# --- the rehearsal ----------------------------------------------------------------------------------------


def row(gem: str, code: int, *, requested: bool) -> FeatureSeen:
    output = "" if code == 0 else "-e:1: cannot load such file\x1b[31m (LoadError)"
    return {"gem": gem, "feature": gem, "requested": requested, "exit_code": code, "output": output}


def test_what_was_asked_for_must_load_and_what_came_along_is_a_warning() -> None:
    installed = [(name, "1.0") for name in ("good", "bad", "along", "mute")]
    rows = [row("good", 0, requested=True), row("bad", 1, requested=True), row("along", 1, requested=False)]
    seen: GemsSeen = {"installed": installed, "rows": rows}
    verdict = GEMS.judge(seen, None)  # type: ignore[arg-type]
    assert "bad: require 'bad' ended with exit code 1" in verdict.reasons[0]
    assert not any("along" in line or "good" in line for line in verdict.reasons)
    assert [line.split(":")[0] for line in verdict.warnings] == ["along", "mute"]
    assert "\x1b" not in json.dumps([*verdict.reasons, *verdict.warnings])
    assert verdict.remedy
    told: Any = verdict.document["gems"]
    assert {each["gem"]: each["works"] for each in told["required"]} == {
        "good": True,
        "bad": False,
        "along": False,
    }
    assert GEMS.failed(seen)
    fine: GemsSeen = {"installed": installed[:1], "rows": rows[:1]}
    assert not GEMS.judge(fine, None).reasons  # type: ignore[arg-type]


# --- bundler's lock ---------------------------------------------------------------------------------------

GEMFILE_LOCK = """GEM
  remote: https://g.example/
  specs:
    greeter (0.3.1)
      words (~> 1.0)
    fast (1.5.0)
    fast (1.5.0-x86_64-linux)
    words (1.1.0)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  fast
  greeter (= 0.3.1)!

CHECKSUMS
  fast (1.5.0)
  words (1.1.0) sha256={digest}

BUNDLED WITH
   2.3.15
""".format(digest="e" * 64)


def gemfile(folder: Path, text: str) -> GemsPlan:
    (folder / "Gemfile").write_text("raise 'a Gemfile does not run'\n")
    (folder / "Gemfile.lock").write_text(text)
    return plan_of(folder, {"gemfile": "Gemfile"})


def test_a_gemfile_is_what_its_lock_says(tmp_path: Path) -> None:
    found = with_gemfile(gemfile(tmp_path, GEMFILE_LOCK))
    assert dict(found.wanted) == {"fast": ("= 1.5.0",), "greeter": ("= 0.3.1",), "words": ("= 1.1.0",)}
    assert found.sources == ("https://g.example/",)
    assert set(found.asked) == {"fast", "greeter"}
    assert dict(found.platforms)["fast"] == ("ruby", "x86_64-linux")
    assert dict(found.checksums) == {"words-1.1.0.gem": "e" * 64}
    assert dict(found.bound)["words"] == ("https://g.example/",)
    own = with_gemfile(replace(found, sources=("https://mirror.example/",)))
    assert own.sources == ("https://mirror.example/",)
    assert own.bound == ()
    target = load_profile("debian12-py311").target
    assert gem_inputs(found, target) != gem_inputs(replace(found, platforms=()), target)


def test_a_gem_of_one_source_of_a_lock_is_not_taken_from_another(tmp_path: Path) -> None:
    other = "GEM\n  remote: https://other.example\n  specs:\n    plug (1.0)\n\n"
    found = with_gemfile(gemfile(tmp_path, other + GEMFILE_LOCK))
    assert found.sources == ("https://other.example/", "https://g.example/")
    assert dict(found.bound)["plug"] == ("https://other.example/",)
    assert dict(found.bound)["words"] == ("https://g.example/",)


def test_a_plan_without_gemfile_stays_and_one_without_lock_says_what_to_do(tmp_path: Path) -> None:
    plan = GemsPlan((("redis", ()),))
    assert with_gemfile(plan) is plan
    (tmp_path / "Gemfile").write_text("")
    with pytest.raises(InputFileError) as caught:
        with_gemfile(GemsPlan(gemfile=tmp_path / "Gemfile"))
    assert "bundle lock" in caught.value.remedy
    assert caught.value.where.endswith("Gemfile.lock")
    # `profile check` tells it with the line, and a build before it asks for an engine.
    with pytest.raises(ProfileError) as early:
        plan_of(tmp_path, {"gemfile": "Gemfile"})
    assert early.value.problems[0].path == "gems.gemfile"
    assert "Gemfile.lock; `bundle lock` makes it" in early.value.problems[0].message


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("GEM\n", "GIT\n", 1),
        ("GEM\n", "PATH\n", 1),
        ("https://g.example/", "https://me:secret@g.example/", 2),
        ("https://g.example/", "file:///etc", 2),
        ("    greeter (0.3.1)", "    ../greeter (0.3.1)", 4),
        ("    greeter (0.3.1)", "    greeter (0.3.1/..)", 4),
        ("    greeter (0.3.1)", "    greeter 0.3.1", 4),
        ("    words (1.1.0)", "    words (1.1.0)\n    words (1.2.0-java)", 0),
        ("BUNDLED WITH", "ODDITIES", 22),
        ("sha256=", "sha256=x", 20),
        ("  remote: https://g.example/\n", "", 0),
    ],
)
def test_a_lock_of_bundlers_that_cannot_be_carried_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, line: int
) -> None:
    assert old in GEMFILE_LOCK
    plan = gemfile(tmp_path, GEMFILE_LOCK.replace(old, new, 1))
    with pytest.raises(InputFileError) as caught:
        with_gemfile(plan)
    path = str(tmp_path / "Gemfile.lock")
    assert caught.value.where == (f"{path}:{line}" if line else path)
    assert "secret" not in str(caught.value)


def test_a_profile_names_a_list_or_a_gemfile_that_is_there(tmp_path: Path) -> None:
    for said, told in (
        ({"list": {"redis": "1.0"}, "gemfile": "Gemfile"}, "either"),
        ({"sources": ["https://g.example/"]}, "either"),
        ({"gemfile": "nowhere/Gemfile"}, "there is no file"),
    ):
        with pytest.raises(ProfileError) as caught:
            plan_of(tmp_path, said)
        assert told in caught.value.message + str(caught.value.details)


def test_bundlers_mirrors_are_found_in_its_file_and_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".bundle").mkdir()
    (tmp_path / ".bundle" / "config").write_text(
        '---\nBUNDLE_MIRROR__HTTPS://G__EXAMPLE/: "https://mirror.example/"\nBUNDLE_G__EXAMPLE: "me:word"\n'
    )
    found = gem_settings({"HOME": str(tmp_path), "BUNDLE_MIRROR__HTTP://OTHER___ONE__EXAMPLE": "http://m/"})
    assert dict(found.mirrors) == {
        "https://g.example/": "https://mirror.example/",
        "http://other-one.example/": "http://m/",
    }
    assert dict(found.logins) == {"g.example": "me:word"}
    assert "word" not in repr(found)
