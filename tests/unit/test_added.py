"""A setuptools for packages that import its `pkg_resources`: when it is added, and what of it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.targets import inputs_for
from tests.support.wheels import make_wheel

from parity.guest.tasks import resource_users
from parity.model import Lock, LockedWheel
from parity.resolve import may_lack_setuptools, parse_lock, with_setuptools, write_lock
from parity.resolve.added import told
from parity.wire.store import ResourceUsersJob

SHA256 = "a" * 64


def locked(**versions: str) -> Lock:
    wheels = [
        LockedWheel(
            name, version, f"{name}-{version}-py3-none-any.whl", f"https://x.example/{name}", SHA256, 1, True
        )
        for name, version in versions.items()
    ]
    return Lock(tuple(wheels), "==3.9.*", "f" * 64, "uv")


@pytest.mark.parametrize(
    ("lines", "limits", "lock", "may"),
    [
        (("alpha",), (), locked(alpha="1"), True),
        (("alpha",), (), locked(alpha="1", setuptools="82.0.1"), True),
        (("alpha",), (), locked(alpha="1", setuptools="81.0"), False),
        (("alpha",), (), replace(locked(alpha="1", setuptools="81.0"), setuptools_for=("alpha",)), True),
        (("alpha", "setuptools"), (), locked(alpha="1", setuptools="82.0"), False),
        (("alpha",), ("setuptools>81",), locked(alpha="1", setuptools="82.0"), False),
        ((f"alpha==1 --hash=sha256:{SHA256}",), (), locked(alpha="1"), False),
    ],
    ids=["none", "too-new", "has-it", "was-added", "named", "limited", "hashes"],
)
def test_it_is_added_where_nothing_has_it_and_the_user_has_no_word_about_it(
    lines: tuple[str, ...], limits: tuple[str, ...], lock: Lock, *, may: bool
) -> None:
    assert may_lack_setuptools(inputs_for(*lines, constraints=limits).what, lock) is may


def test_what_is_added_is_no_wish_of_the_users_and_is_told() -> None:
    inputs = inputs_for("alpha")
    more = with_setuptools(inputs.what, ["alpha", "beta"])
    assert [line.text for line in more.requirements] == ["alpha", "setuptools<82"]
    assert more.requested(inputs.facts.markers) == {"alpha"}
    (sentence,) = told(more)
    assert sentence.startswith("alpha, beta: pkg_resources is imported")
    assert (with_setuptools(inputs.what, []), list(told(inputs.what))) == (inputs.what, [])


def test_the_lock_remembers_for_whom() -> None:
    lock = replace(locked(alpha="1", setuptools="81.0"), setuptools_for=("alpha",))
    assert parse_lock(write_lock(lock), "x") == lock


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("alpha/old.py", "def use():\n    from pkg_resources import resource_filename\n", True),
        ("alpha/old.py", "try:\n    import pkg_resources\nexcept ImportError:\n    pass\n", False),
        ("alpha/old.py", '"""Copied from pkg_resources."""\nimport os\n', False),
        ("alpha/old.py", "import os\ntry:\n    import pkg_resources\nexcept ImportError:\n    pass\n", False),
        ("alpha/tests/old.py", "import pkg_resources\n", False),
        ("alpha/old.txt", "import pkg_resources\n", False),
        ("alpha-1.0.data/scripts/old.py", "import pkg_resources\n", False),
    ],
)
def test_users_of_it_are_found_in_their_wheels(tmp_path: Path, path: str, text: str, *, found: bool) -> None:
    wheel = make_wheel(tmp_path, "alpha", "1.0", files={path: text.encode()})
    (tmp_path / "torn.whl").write_bytes(wheel.read_bytes()[:-30])
    wheels = [(name, "0" * 64) for name in (wheel.name, "torn.whl", "gone.whl")]
    job: ResourceUsersJob = {"folder": str(tmp_path), "cache": "", "wheels": wheels, "along": []}
    seen = resource_users.main(job, lambda _: None)
    assert seen == {"wheels": [wheel.name] if found else []}


def test_of_what_comes_along_only_what_lies_at_the_top_is_read(tmp_path: Path) -> None:
    use = b"import pkg_resources\n"
    for name, path in (("alpha", "alpha/util.py"), ("beta", "beta/cmd/main.py"), ("gamma", "gamma.py")):
        make_wheel(tmp_path, name, "1.0", {path: use})
    names = [f"{name}-1.0-py3-none-any.whl" for name in ("alpha", "beta", "gamma")]
    along = [(name, str(number) * 64) for number, name in enumerate(names)]
    job: ResourceUsersJob = {
        "folder": str(tmp_path),
        "cache": str(tmp_path / "c"),
        "wheels": [],
        "along": along,
    }
    for _ in range(2):  # the second time out of what is remembered
        assert resource_users.main(job, lambda _: None) == {"wheels": [names[0], names[2]]}
    for name in names:
        (tmp_path / name).unlink()
    assert resource_users.main(job, lambda _: None) == {"wheels": [names[0], names[2]]}
