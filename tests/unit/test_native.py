"""Which package provides a library: the table's answers, and the table's own shape."""

from __future__ import annotations

import json
import re
from importlib import resources

import pytest

from parity.native import capability, providers, vendor

TABLE = json.loads(resources.files("parity.native").joinpath("providers.json").read_text())


@pytest.mark.parametrize(
    ("library", "os_id", "os_version", "packages"),
    [
        ("libgomp.so.1", "debian", "11", ["libgomp1"]),
        ("libGL.so.1", "debian", "12", ["libgl1"]),
        ("libGL.so.1", "ubuntu", "22.04", ["libgl1"]),
        ("libGL.so.1", "almalinux", "9.4", ["libglvnd-glx"]),
        ("libGL.so.1", "amzn", "2023", ["libglvnd-glx"]),
        ("libGL.so.1", "sles", "15.6", ["Mesa-libGL1"]),
        ("libGL.so.1", "alpine", "3.22.1", ["mesa-gl"]),
        ("libglib-2.0.so.0", "debian", "12", ["libglib2.0-0"]),
        ("libglib-2.0.so.0", "debian", "13", ["libglib2.0-0t64"]),
        ("libgthread-2.0.so.0", "ubuntu", "22.04", ["libglib2.0-0"]),
        ("libgthread-2.0.so.0", "ubuntu", "24.04", ["libglib2.0-0t64"]),
        ("libssl.so.1.1", "debian", "11", ["libssl1.1"]),
        ("libssl.so.1.1", "debian", "12", []),
        ("libssl.so.1.1", "rhel", "8.10", ["openssl-libs"]),
        ("libssl.so.1.1", "rhel", "9.4", ["compat-openssl11"]),
        ("libssl.so.3", "rhel", "8.10", []),
        ("libssl.so.3", "amzn", "2023", ["openssl-libs"]),
        ("libgomp.so.1", "hannah-montana", "1", []),
        ("libgomp.so.99", "debian", "11", []),
    ],
)
def test_the_package_of_a_library_depends_on_the_system_and_its_version(
    library: str, os_id: str, os_version: str, packages: list[str]
) -> None:
    assert providers(library, os_id, os_version, "x86_64") == tuple(packages)


def test_a_library_that_an_architecture_lacks_has_no_package_there() -> None:
    assert providers("libquadmath.so.0", "debian", "12", "x86_64") == ("libquadmath0",)
    assert providers("libquadmath.so.0", "debian", "12", "aarch64") == ()


def test_rpm_and_apk_find_a_library_by_its_own_name() -> None:
    assert capability("libGL.so.1", "rhel", "x86_64") == "libGL.so.1()(64bit)"
    assert capability("libGL.so.1", "sles", "i686") == "libGL.so.1"
    assert capability("libGL.so.1", "alpine", "aarch64") == "so:libGL.so.1"
    assert capability("libGL.so.1", "debian", "x86_64") == ""


def test_a_library_that_is_opened_by_another_name_is_the_same_library() -> None:
    assert providers("libpango-1.0-0", "debian", "12", "x86_64") == ("libpango-1.0-0",)
    assert capability("libgobject-2.0-0", "rhel", "x86_64") == "libgobject-2.0.so.0()(64bit)"


def test_what_no_distribution_carries_is_told_by_its_vendor() -> None:
    assert vendor("libcuda.so.1") == "NVIDIA's driver"
    assert vendor("libcudart.so.12").startswith("NVIDIA's CUDA libraries")
    assert vendor("libgomp.so.1") == ""


def test_the_table_is_well_formed_and_names_no_library_twice() -> None:
    words = {word for line in TABLE["lineage"].values() for word in line}
    libraries = [library for row in TABLE["rows"] for library in row["libraries"]]
    assert len(libraries) == len(set(libraries)) > 200
    assert set(TABLE["aliases"].values()) <= set(libraries)
    for row in TABLE["rows"]:
        columns = set(row) - {"libraries", "archs", "module"}
        assert columns, row
        assert {key.split(" ")[0] for key in columns} <= words
        assert all(re.fullmatch(r"[a-z]+( \d+(\.\d+)?)?", key) for key in columns)
        assert all(row[key] is None or re.fullmatch(r"[\w.+-]+", row[key]) for key in columns)
    for pattern, name in TABLE["vendors"]:
        assert name
        re.compile(pattern)
