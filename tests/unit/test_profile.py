"""Profiles: what is read, what is refused, and how well the refusal helps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from parity.errors import InputFileError, Problem, ProfileError, ProfileNotFound
from parity.model import Libc, Limits, Profile, RehearsalPlan
from parity.profile import (
    Overrides,
    check_profile,
    load_effective,
    load_profile,
    render_effective,
    schema_text,
)

GOOD = """\
target:
  os:
    id: debian
    version: "11"
  libc: glibc 2.31
  python: "3.9"
  arch: x86_64
image: debian:11
"""
GOLDEN = Path(__file__).parent / "golden" / "profile-keys.txt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("requests\n")
    return tmp_path


def load(folder: Path, text: str, overrides: Overrides | None = None, name: str = "p.yaml") -> Profile:
    path = folder / name
    path.write_text(text)
    return load_profile(path, (folder,), overrides)


def problems(folder: Path, text: str | bytes, name: str = "p.yaml") -> tuple[Problem, ...]:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path, (folder,))
    assert caught.value.problems
    assert all(problem.file for problem in caught.value.problems)
    return caught.value.problems


def only(folder: Path, text: str | bytes) -> Problem:
    (problem,) = problems(folder, text)
    return problem


# --- what is read ---------------------------------------------------------------------------------


def test_a_short_profile_gets_the_documented_defaults(folder: Path) -> None:
    profile = load(folder, GOOD)
    assert profile.name == "p"
    assert profile.target.libc == Libc("glibc", (2, 31))
    assert profile.image.reference == "debian:11"
    assert (profile.installer, profile.rehearsal.memory, profile.rehearsal.timeout) == ("uv", 4 << 30, 900)
    assert profile.rehearsal.imports
    assert profile.index.url is None


def test_a_full_profile_is_read_whole(folder: Path) -> None:
    (folder / "image").mkdir()
    (folder / "image" / "Dockerfile").touch()
    text = (
        GOOD.replace("image: debian:11", "image: {reference: debian:11, folder: image}").replace(
            "glibc 2.31", "manylinux_2_31"
        )
        + """
name: plant
product: control
version: "1.10"
serial: 7
install:
  requirements: ["numpy>=1.26", 'fastapi[standard]; python_version < "3.10"']
  files: [requirements.txt]
  constraints: [requirements.txt]
index: {url: "https://packages.example.org/simple/"}
exclude-newer: 2026-11-01T12:00:00Z
rehearsal:
  imports: false
  commands: ["python -c 'print(1)'"]
  memory: 512MiB
  timeout: 2h
  missing-libraries: error
  allow: ["pth-file:setuptools"]
installer: pip
"""
    )
    profile = load(folder, text)
    assert (profile.name, profile.product, profile.version, profile.serial) == ("plant", "control", "1.10", 7)
    assert profile.target.libc == Libc("glibc", (2, 31))
    assert profile.image.folder == folder / "image"
    assert profile.requirements.files == (folder / "requirements.txt",)
    assert profile.requirements.constraints == profile.requirements.files
    assert profile.requirements.inline[1].startswith("fastapi[standard];")
    assert (profile.rehearsal.memory, profile.rehearsal.timeout) == (512 << 20, 7200)
    assert (profile.rehearsal.missing_libraries, profile.rehearsal.imports) == ("error", False)
    assert profile.exclude_newer == "2026-11-01T12:00:00Z"
    assert profile.installer == "pip"


def test_limits_are_read_and_do_not_travel(folder: Path) -> None:
    usual = load(folder, GOOD)
    times = "resolving: 30m, audit: 2h, system-packages: 90s, building: 5m, workshop: 48h"
    text = f"limits: {{{times}, memory: 8GiB}}\n"
    profile = load(folder, GOOD + text)
    assert profile.limits == Limits(1800, 7200, 90, 300, 48 * 3600, 8 << 30)
    assert profile.building.timeout == 300
    assert usual.limits == Limits()
    # Whoever gave a rehearsal more time before there was `building` meant what is built, too.
    slow = load(folder, GOOD + "rehearsal: {timeout: 3h}\n")
    assert (slow.rehearsal.timeout, slow.building.timeout) == (3 * 3600, 3 * 3600)
    assert profile.document == usual.document


def test_a_bounded_alias_is_fine(folder: Path) -> None:
    text = GOOD + "install: {requirements: &a [requests]}\nrehearsal: {commands: *a}\n"
    assert load(folder, text).rehearsal.commands == ("requests",)


def test_the_document_is_the_same_wherever_the_checkout_lies(folder: Path) -> None:
    texts = []
    for place in ("one", "two/three"):
        here = folder / place
        (here / "image").mkdir(parents=True)
        (here / "image" / "Dockerfile").touch()
        (here / "r.txt").touch()
        text = GOOD.replace("debian:11", f"{{folder: {here / 'image'}}}") + "install: {files: [./r.txt]}\n"
        texts.append(load(here, text).document)
    assert texts[0] == texts[1]
    assert str(folder) not in texts[0]
    assert json.loads(texts[0])["image"] == {"folder": "image"}


def test_a_release_label_does_not_change_the_document(folder: Path) -> None:
    plain = load(folder, GOOD).document
    assert load(folder, GOOD + 'product: x\nversion: "1"\nserial: 3\n').document == plain
    assert load(folder, GOOD, Overrides(product="y", version="2", serial=4)).document == plain


# --- overrides ------------------------------------------------------------------------------------


def test_what_may_be_built_from_source_is_added_to_and_stays(folder: Path) -> None:
    (folder / "base.yaml").write_text(GOOD)
    wanted = folder / "w.txt"
    wanted.write_text("psycopg2\n")
    sourced = {"requirements": ["a", "./here"], "build-from-source": ["Doc.opt"]}
    text = json.dumps({"extends": "base.yaml", "install": sourced})
    found = load(folder, text, Overrides(requirements=(wanted,), build_from_source=("psycopg2",)))
    assert (found.sources.names, found.sources.apart) == (("doc-opt", "psycopg2"), True)
    assert not load(folder, GOOD).sources.apart
    assert load(folder, json.dumps({"extends": "base.yaml", "builder": {"packages": []}})).sources.apart
    assert found.requirements.inline == ()
    kept = load(folder, text)
    assert (kept.requirements.inline, kept.requirements.folder) == (("a", "./here"), folder)
    for said in (
        f"here @ {folder.as_uri()}/here",
        f"here @ {folder}/here",
    ):
        assert str(folder) not in load(folder, text.replace("./here", said)).document


def test_overrides_replace_what_is_installed_and_keep_constraints(folder: Path) -> None:
    (folder / "other.txt").touch()
    text = (
        GOOD
        + "install: {requirements: [numpy], files: [requirements.txt], constraints: [requirements.txt]}\n"
    )
    given = Overrides(
        requirements=(folder / "other.txt",), exclude_newer="2026-01-02", index_url="http://i.example/"
    )
    profile = load(folder, text, given)
    assert profile.requirements.inline == ()
    assert profile.requirements.files == (folder / "other.txt",)
    assert profile.requirements.constraints == (folder / "requirements.txt",)
    assert (profile.exclude_newer, profile.index.url) == ("2026-01-02", "http://i.example/")
    assert json.loads(profile.document)["install"] == {
        "constraints": ["requirements.txt"],
        "files": ["other.txt"],
    }


def test_constraints_of_the_command_line_come_behind_the_profiles_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each path starts where it was written: in the profile's folder, and where parity is called."""
    here = tmp_path / "here"
    here.mkdir()
    (here / "limits.txt").write_text("idna<4\n")
    (folder / "own.txt").write_text("six<2\n")
    monkeypatch.chdir(here)
    told = GOOD + "install:\n  requirements: [idna]\n  constraints: [own.txt]\n"
    asked = Overrides(constraints=(Path("limits.txt"),))
    found = load(folder, told, asked).requirements
    assert found.constraints == (folder / "own.txt", here / "limits.txt")
    assert found.inline == ("idna",)
    with pytest.raises(InputFileError, match="there is no file") as caught:
        load(folder, told, Overrides(constraints=(Path("none.txt"),)))
    assert (caught.value.where, "-r" in caught.value.remedy) == ("command line", False)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("pandas >>1", True),
        ("idna=1", True),
        ("idna>=1.0.*", True),
        ("pkg[extra", True),
        ("idna==1.*; python_version>'3' # why", False),
        ("acme (>=1)", False),
        ("./wheels/acme-1.0-py3-none-any.whl ; os_name == 'posix'", False),
        ("acme @ git+https://git.example/acme@v1", False),
    ],
)
def test_a_requirement_that_is_none_is_told_with_its_line(folder: Path, line: str, *, wrong: bool) -> None:
    text = GOOD + f'install:\n  requirements:\n    - idna\n    - "{line}"\n'
    if not wrong:
        assert load(folder, text).requirements.inline == ("idna", line)
        return
    problem = only(folder, text)
    assert (problem.path, problem.line) == ("install.requirements[1]", text.count("\n"))
    assert line in problem.message


def test_a_bad_override_is_refused_in_the_name_of_the_command_line(folder: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        load(folder, GOOD, Overrides(index_url="https://me:hunter2@i.example/", serial=0))
    assert {problem.file for problem in caught.value.problems} == {"command line"}
    assert {problem.path for problem in caught.value.problems} == {"index.url", "serial"}
    assert "hunter2" not in "".join(caught.value.details)


# --- extends --------------------------------------------------------------------------------------


def test_extends_merges_mappings_and_replaces_lists_and_values(folder: Path) -> None:
    (folder / "base").mkdir()
    (folder / "base" / "b.txt").touch()
    (folder / "base" / "base.yaml").write_text(
        GOOD + "name: base\ninstall: {requirements: [numpy], files: [b.txt]}\nproduct: fleet\n"
    )
    (folder / "middle.yaml").write_text("extends: base/base.yaml\ntarget: {arch: aarch64}\n")
    profile = load(
        folder, "extends: middle.yaml\ninstall: {requirements: [pandas, scipy]}\n", name="top.yaml"
    )
    assert profile.name == "top"
    assert profile.product == "fleet"
    assert (profile.target.arch, profile.target.os_id) == ("aarch64", "debian")
    assert profile.requirements.inline == ("pandas", "scipy")
    assert profile.requirements.files == (folder / "base" / "b.txt",)


def test_a_shipped_profile_is_extended_by_name_even_by_its_namesake(folder: Path) -> None:
    (folder / "debian11-py39.yaml").write_text("extends: debian11-py39\ntarget: {arch: aarch64}\n")
    profile = load_profile(folder / "debian11-py39.yaml")
    assert (profile.target.arch, profile.target.python) == ("aarch64", "3.9")


def test_a_problem_of_the_base_carries_the_base_file_and_line(folder: Path) -> None:
    (folder / "base.yaml").write_text(GOOD.replace("x86_64", "amd64").replace('"3.9"', "3.10"))
    found = problems(folder, "extends: base.yaml\nserial: 0\n")
    assert [(Path(p.file).name, p.line, p.path) for p in found] == [
        ("base.yaml", 6, "target.python"),
        ("base.yaml", 7, "target.arch"),
        ("p.yaml", 2, "serial"),
    ]
    assert found[1].suggestion == "x86_64"


def test_circles_and_missing_bases_are_refused(folder: Path) -> None:
    (folder / "a.yaml").write_text("extends: p.yaml\n")
    found = problems(folder, "extends: a.yaml\n")
    assert any("circle" in p.message and Path(p.file).name == "a.yaml" and p.line == 1 for p in found)
    missing = problems(folder, "serial: 1\nextends: aa\n")[2]
    assert (missing.line, missing.path) == (2, "extends")


# --- what is refused ------------------------------------------------------------------------------


def test_every_problem_is_told_at_once_with_its_line_and_path(folder: Path) -> None:
    text = GOOD.replace("python:", "pythn:").replace("debian:11", "{folder: nowhere}") + (
        "instal: {}\ninstall: {requirements: [ok, '-r x', '']}\n"
        "exclude-newer: 2026-13-01\nserial: 1\nserial: 2\n"
    )
    found = [(p.line, p.path, p.suggestion) for p in problems(folder, text)]
    assert found == [
        (1, "target", ""),
        (6, "target.pythn", "python"),
        (8, "image.folder", ""),
        (9, "instal", "install"),
        (10, "install.requirements[1]", ""),
        (10, "install.requirements[2]", ""),
        (11, "exclude-newer", ""),
        (13, "serial", ""),
    ]


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ('"3.9"', "3.10", 'write it in quotes: "3.10" (unquoted, YAML reads the number 3.1)'),
        ('"3.9"', "3.9", 'write it in quotes: "3.9"'),
        ('"3.9"', "3", "expected a Python version X.Y"),
        ('"3.9"', '"2.7"', "3.6 or later"),
        ('"11"', "11", 'write it in quotes: "11"'),
        ('"11"', "no", 'write it in quotes: "no"'),
        ('"11"', "1:30", "VERSION_ID"),
        ('"11"', "", "is empty"),
        ("x86_64", "sparc", "expected one of x86_64"),
        ("glibc 2.31", "glibc", "glibc X.Y"),
        ("glibc 2.31", '"glibc 2.31\\n"', "glibc X.Y"),
        ("debian:11", "[debian]", "expected text or a mapping, not a list"),
    ],
)
def test_traps_of_yaml_are_named_with_the_way_out(folder: Path, old: str, new: str, hint: str) -> None:
    assert hint in only(folder, GOOD.replace(old, new)).message


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("rehearsal: {imports: no}", "write false"),
        ("rehearsal: {imports: On}", "write true"),
        ("rehearsal: {memory: 4GB}", "512MiB, 4GiB"),
        ("rehearsal: {memory: 1MiB}", "at least 128MiB"),
        ("rehearsal: {timeout: 15}", "90s, 15m, 2h"),
        ("limits: {resolving: 15}", "90s, 15m, 2h"),
        ("limits: {memory: 1MiB}", "at least 128MiB"),
        ("limits: {fetching: 1h}", "here may stand: audit"),
        ("timeout: 2h", "it stands under `rehearsal`"),
        ("build-from-source: auto", "it stands under `install`"),
        ("rehearsal: {lock: none}", "it stands under `install.project`"),
        ("rehearsal: {allow: [setuptools]}", "KIND:PACKAGE"),
        ("rehearsal: {commands: [true]}", 'write it in quotes: "true"'),
        ("serial: 010", "expected a whole number"),
        ("serial: 1_000", "expected a whole number"),
        ("serial: 1.0", "expected a whole number"),
        ("serial: true", "expected a whole number"),
        ("version: 1.10", 'write it in quotes: "1.10"'),
        ("product: ../x", "letters, digits"),
        ("exclude-newer: 2026-02-30", "no date"),
        ("exclude-newer: yesterday", "a date such as"),
        ("index: {url: 'file:///x'}", "http or https"),
        ("installer: uvx", "expected one of uv, pip"),
        ("install: {requirements: ['-e .']}", "PEP 508"),
        ('install: {requirements: ["a\\nb"]}', "PEP 508"),
        ("install:", "is empty; expected a mapping"),
        ("extends: [x]", "expected text, not a list"),
    ],
)
def test_values_that_do_not_fit_say_what_would(folder: Path, line: str, hint: str) -> None:
    problem = only(folder, GOOD + line + "\n")
    assert hint in problem.message
    assert problem.line == 9


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("", 1, "empty"),
        ("# nothing\n", 1, "empty"),
        ("- a\n- b\n", 1, "is a list"),
        ("just text\n", 1, "is a single value"),
        (GOOD + "---\n" + GOOD, 9, "second document"),
        (GOOD + "x: !!python/object/apply:os.system ['true']\n", 9, "tag"),
        (GOOD + "x: !mine 3\n", 9, "tag"),
        (GOOD + "x: &a {y: *a}\n", 9, "inside itself"),
        (GOOD + "x: *nobody\n", 9, "nothing before it"),
        (GOOD + "\tx: 1\n", 9, "tab"),
        (GOOD + "x: [1\n", 10, "not valid YAML"),
        (GOOD + "x: " + "[" * 40 + "]" * 40 + "\n", 9, "levels deep"),
        (GOOD + 'x: "\\ud800"\n', 9, "surrogate"),
        (GOOD + 'x: "\\0"\n', 9, "control character"),
        (GOOD + 'x: "\\UFFFFFFFF"\n', 0, "not valid YAML"),
        (GOOD + "? [a]\n: 1\n", 9, "not plain text"),
        (b"a: 1\nb: \xff\n", 2, "UTF-8"),
        ("a: 1\n\x01\n", 2, "character"),
        ("a: 1\n" + "# " + "x" * 300_000, 0, "larger than 256 KiB"),
        ("%YAML " + "9" * 5000 + ".1\n---\na: 1\n", 0, "not valid YAML"),
    ],
)
def test_documents_that_are_no_plain_mapping(folder: Path, text: str | bytes, line: int, hint: str) -> None:
    found = problems(folder, text)
    assert any(problem.line == line and hint in problem.message for problem in found), found


def test_merge_keys_and_duplicates_are_named(folder: Path) -> None:
    found = problems(folder, GOOD + "serial: 1\n<<: {product: x}\nserial: 2\n")
    assert [(p.line, p.path) for p in found] == [(10, "<<"), (11, "serial")]
    assert "line 9" in found[1].message


@pytest.mark.parametrize("shape", ["laughs", "chain"])
def test_anchors_that_explode_are_refused_quickly(folder: Path, shape: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    if shape == "laughs":
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    else:
        lines += [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 60)]
    assert "aliases expand" in only(folder, "\n".join(lines) + "\n").message


def test_credentials_are_refused_and_never_repeated(folder: Path) -> None:
    text = GOOD + (
        "index: {url: https://me:hunter2@i.example/simple}\n"
        "install: {requirements: ['x @ https://me:hunter2@i.example/x.whl']}\n"
        "rehearsal: https://me:hunter2@i.example/\n"
    )
    found = problems(folder, text)
    assert {p.path for p in found} == {"index.url", "install.requirements[0]", "rehearsal"}
    assert "hunter2" not in "".join(map(str, found))
    assert any("netrc" in p.message for p in found)


# --- files and names ------------------------------------------------------------------------------


def test_missing_files_name_the_line_that_asks_for_them(folder: Path) -> None:
    text = GOOD + "install:\n  files: [requirements.txt, gone.txt]\n  constraints: [lost.txt]\n"
    with pytest.raises(InputFileError, match=r"gone\.txt") as caught:
        load(folder, text)
    assert caught.value.where == f"{folder / 'p.yaml'}:10"
    assert [p.path for p in check_profile(folder / "p.yaml")] == [
        "install.files[1]",
        "install.constraints[0]",
    ]


def test_a_missing_profile_gets_a_near_match(folder: Path) -> None:
    load(folder, GOOD, name="plant-a.yaml")
    with pytest.raises(ProfileNotFound, match="plant-a"):
        load_profile("plant-b", (folder,))
    with pytest.raises(ProfileNotFound, match="debian11-py39"):
        load_profile("debian11-py3")
    with pytest.raises(ProfileNotFound, match=r"plant-a\.yaml"):
        load_profile(folder / "plnt-a.yaml", (folder,))
    with pytest.raises(ProfileNotFound):
        load_profile("x" * 5000, (folder,))
    with pytest.raises(ProfileNotFound):
        load_profile("a\0b.yaml", (folder,))


def test_names_are_searched_in_order(folder: Path) -> None:
    for place, arch in (("first", "aarch64"), ("second", "x86_64")):
        (folder / place).mkdir()
        (folder / place / "p.yaml").write_text(GOOD.replace("x86_64", arch))
    assert load_profile("p", (folder / "first", folder / "second")).target.arch == "aarch64"


def test_a_file_name_that_cannot_name_a_bundle_asks_for_a_name(folder: Path) -> None:
    path = folder / "my profile!.yaml"
    path.write_text(GOOD)
    with pytest.raises(ProfileError, match="1 problem"):
        load_profile(path)
    path.write_text(GOOD + "name: mine\n")
    assert load_profile(path).name == "mine"


def test_the_effective_document_is_a_profile_again_and_names_its_sources(folder: Path) -> None:
    (folder / "base.yaml").write_text(GOOD + 'exclude-newer: 2026-11-01\nversion: "1.10"\n')
    (folder / "p.yaml").write_text(
        "extends: base.yaml\ninstall:\n  requirements: ['a ; extra == \"x: y\"']\n"
    )
    effective = load_effective(folder / "p.yaml")
    text = render_effective(effective)
    assert f"# {folder / 'base.yaml'}:4" in text
    assert load(folder, text, name="again.yaml").document == load_profile(folder / "p.yaml").document


# --- the schema -----------------------------------------------------------------------------------


def keys(schema: dict[str, object], trail: str = "") -> list[str]:
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    required = schema.get("required", [])
    assert isinstance(required, list)
    rows = []
    for key, inner in properties.items():
        kind = inner["type"] if isinstance(inner["type"], str) else "|".join(inner["type"])
        marks = [f"= {json.dumps(inner['default'])}"] if "default" in inner else []
        rows.append(" ".join([f"{trail}{key}: {kind}", *(["required"] if key in required else []), *marks]))
        rows += keys(inner, f"{trail}{key}.")
    return rows


def test_the_schema_offers_exactly_the_keys_people_rely_on() -> None:
    """Changing the file format is a decision: the golden file must be changed with it."""
    assert "\n".join(keys(json.loads(schema_text()))) + "\n" == GOLDEN.read_text()


def test_the_schema_is_valid_and_explains_every_key_to_editors() -> None:
    document = json.loads(schema_text())
    Draft202012Validator.check_schema(document)
    todo = [document]
    while todo:
        node = todo.pop()
        assert node["title"]
        assert node["description"]
        if "object" in node["type"]:
            assert node["additionalProperties"] is False
        if "pattern" in node:
            assert node["patternErrorMessage"]
        for example in node.get("examples", ()):
            assert Draft202012Validator(node).is_valid(example), example
        todo += node.get("properties", {}).values()


# --- what a rehearsal imports, and accepts --------------------------------------------------------------


def rehearsal_of(folder: Path, lines: str, *, allow: tuple[str, ...] = ()) -> RehearsalPlan:
    return load(folder, f"{GOOD}rehearsal:\n{lines}", Overrides(allow=allow)).rehearsal


def test_modules_may_be_required_or_skipped(folder: Path) -> None:
    plan = rehearsal_of(folder, "  imports: {require: [pyzbar.pyzbar], skip: [blackd, _x]}\n")
    assert (plan.imports, plan.require, plan.skip) == (True, ("pyzbar.pyzbar",), ("blackd", "_x"))
    assert not rehearsal_of(folder, "  imports: false\n").imports


def test_an_environment_is_given_by_names(folder: Path) -> None:
    plan = rehearsal_of(folder, "  environment: {DJANGO_SETTINGS_MODULE: site.settings, A: ''}\n")
    assert plan.environment == (("A", ""), ("DJANGO_SETTINGS_MODULE", "site.settings"))


@pytest.mark.parametrize(
    "lines",
    [
        "  environment: {PATH: /x}",
        "  environment: {PYTHONPATH: /x}",
        "  environment: {LD_PRELOAD: /x}",
        "  environment: {'-S': x}",
        "  environment: {'A=B': x}",
        '  environment: {"A\\n": x}',
        "  environment: {A: 1}",
        "  imports: {}",
        "  imports: {skip: [not-a-module]}",
        "  imports: {skip: ['a..b']}",
        "  imports: {ignore: [a]}",
        "  allow: ['import:-x']",
        "  allow: ['pth-file:_x']",
    ],
)
def test_what_is_none_of_these_is_refused(folder: Path, lines: str) -> None:
    with pytest.raises(ProfileError) as caught:
        rehearsal_of(folder, f"{lines}\n")
    assert len(caught.value.problems) == 1


def test_the_command_line_adds_to_what_is_accepted(folder: Path) -> None:
    said = "  allow: ['pth-file:setuptools']\n"
    assert rehearsal_of(folder, said, allow=("import:_x.y",)).allow == ("pth-file:setuptools", "import:_x.y")
    with pytest.raises(ProfileError, match="1 problem") as caught:
        rehearsal_of(folder, said, allow=("nonsense",))
    assert caught.value.problems[0].file == "command line"


def test_what_the_command_line_allows_is_added_to_what_the_profile_does(folder: Path) -> None:
    found = load(folder, GOOD + "rehearsal: {allow: [pth-file:a]}\n", Overrides(allow=("tag-mismatch:b",)))
    assert found.rehearsal.allow == ("pth-file:a", "tag-mismatch:b")


def test_auto_may_stand_among_names_of_system_packages(folder: Path) -> None:
    found = load(folder, GOOD + "system-packages: [auto, libzbar0]\n")
    assert (found.system.auto, found.system.names) == (True, ("libzbar0",))
    assert not load(folder, GOOD + "system-packages: [libzbar0]\n").system.auto
