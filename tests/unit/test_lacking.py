"""What a failing build lacks: read from logs as real builds write them, and which package has it."""

from __future__ import annotations

import pytest

from parity.errors import Missing
from parity.guest.tasks.devel import best, similar
from parity.project import likely
from parity.project.develtable import DEBIAN
from parity.project.failures import build_failed
from parity.project.lacking import missing

LOGS = {
    "psycopg2": ("Error: pg_config executable not found.", "program", "pg_config", "libpq-dev"),
    "psycopg-c": ("FileNotFoundError: [Errno 2] No such file or directory: 'pg_config'",
                  "program", "pg_config", "libpq-dev"),
    "gssapi": ("/bin/sh: 1: krb5-config: not found", "program", "krb5-config", "libkrb5-dev"),
    "pycurl": ("Could not run curl-config: [Errno 2] No such file or directory: 'curl-config'",
               "program", "curl-config", "libcurl4-openssl-dev"),
    "swig": ("error: command 'swig' failed: No such file or directory", "program", "swig", "swig"),
    "mysqlclient": ("Command 'pkg-config --exists mysqlclient' returned non-zero exit status 1.",
                    "pkg-config", "mysqlclient", "default-libmysqlclient-dev"),
    "no pkg-config": ("/bin/sh: 1: pkg-config: not found", "program", "pkg-config", "pkg-config"),
    "pycairo": ('../meson.build:31:12: ERROR: Dependency "cairo" not found, tried pkgconfig and cmake',
                "pkg-config", "cairo", "libcairo2-dev"),
    "no compiler for Fortran": ("../meson.build:40:9: ERROR: Unknown compiler(s): [['gfortran'], ['flang']]",
                                "program", "gfortran", "gfortran"),
    "lxml": ("src/lxml/etree.c:96:10: fatal error: libxml/xmlversion.h: No such file or directory",
             "header", "libxml/xmlversion.h", "libxml2-dev"),
    "lxml in words": ("Error: Please make sure the libxml2 and libxslt development packages are installed.",
                      "pkg-config", "libxslt", "libxslt1-dev"),
    "cffi": ("src/c/_cffi_backend.c:15:10: fatal error: ffi.h: No such file or directory",
             "header", "ffi.h", "libffi-dev"),
    "python-ldap": ("Modules/constants.h:7:10: fatal error: lber.h: No such file or directory",
                    "header", "lber.h", "libldap-dev"),
    "clang": ("x.c:1:10: fatal error: 'portaudio.h' file not found",
              "header", "portaudio.h", "portaudio19-dev"),
    "linker": ("/usr/bin/ld: cannot find -lodbc: No such file or directory",
               "library", "odbc", "unixodbc-dev"),
    "old linker": ("/usr/bin/ld: cannot find -lpq", "library", "pq", "libpq-dev"),
    "pillow": ("The headers or library files could not be found for jpeg,",
               "pkg-config", "jpeg", "libjpeg-dev"),
    "Rust": ("error: can't find Rust compiler", "program", "cargo", "cargo"),
    "npm": ("sh: 1: npm: not found", "program", "npm", "npm"),
    "autoconf": ("No package 'libsystemd' found", "pkg-config", "libsystemd", "libsystemd-dev"),
    "CMake": ("  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)",
              "pkg-config", "ZLIB", "zlib1g-dev"),
}  # fmt: skip


@pytest.mark.parametrize("case", LOGS)
def test_what_is_missing_is_read_from_the_log_and_a_package_is_known(case: str) -> None:
    line, kind, name, package = LOGS[case]
    failed = build_failed("demo", f"running build_ext\n{line}\nerror: command failed with exit code 1\n")
    assert Missing(kind, name) in failed.missing
    assert package in likely(Missing(kind, name))


@pytest.mark.parametrize(
    "line",
    [
        "fatal error: ../../etc/shadow: No such file or directory",
        "sh: 1: $(reboot): not found",
        "sh: 1: --option: not found",
        "No such file or directory: '/usr/bin/thing'",
        "No such file or directory: 'requirements.txt'",
        "ModuleNotFoundError: No module named 'numpy'",
        "checking for ldap.h... no",
    ],
)
def test_what_is_no_name_of_a_program_or_file_is_not_taken(line: str) -> None:
    assert missing([line]) == ()


def test_a_log_cannot_ask_for_more_than_a_dozen() -> None:
    assert len(missing(f"sh: 1: tool{number}: not found" for number in range(1000))) == 12


def test_the_table_names_packages_of_the_kinds_that_are_looked_for() -> None:
    assert set(DEBIAN) == {"program", "header", "pkg-config", "library"}
    assert all(packages for table in DEBIAN.values() for packages in table.values())
    assert likely(Missing("header", "nobody-has-this.h")) == ()


def test_packages_that_are_called_alike_are_looked_into_and_those_for_development_count() -> None:
    names = {"libfoo3", "libfoo3-dev", "libfoo-dev", "libfoobar-dev", "foo", "libbar-2.0-dev"}
    assert similar("header", "foo.h", names) == ["libfoo-dev", "libfoo3-dev"]
    assert similar("header", "bar/deep.h", names) == ["libbar-2.0-dev"]
    assert similar("program", "foo-config", names) == ["libfoo-dev", "libfoo3-dev"]
    assert similar("program", "foo", names)[0] == "foo"
    contents = [
        ("usr/include/other/foo.h", ["libother-dev"]),
        ("usr/include/foo.h", ["foo-tests", "libfoo-dev"]),
    ]
    assert best(contents, "header")[0] == "libfoo-dev"


@pytest.mark.parametrize(
    ("module", "remedy"),
    [
        ("numpy", "`builder: {build-requirements: {old-demo: [numpy]}}`"),
        ("Cython.Build", "`builder: {build-requirements: {old-demo: [cython]}}`"),
        ("skbuild", "`builder: {build-requirements: {old-demo: [scikit-build]}}`"),
        ("cgi", "`builder: {build-requirements: {old-demo: [legacy-cgi]}}`"),
        ("distutils.core", "`builder: {build-requirements: {old-demo: [setuptools]}}`"),
        ("pkg_resources", "`builder: {build-constraints: {old-demo: ['setuptools<82']}}`"),
        ("imp", "this Python has no imp any more: pin another version of old-demo"),
    ],
)
def test_a_module_that_a_build_imports_and_lacks_is_told_with_what_brings_it(
    module: str, remedy: str
) -> None:
    said = f"  File \"<string>\", line 6, in <module>\nModuleNotFoundError: No module named '{module}'\n"
    failed = build_failed("old-demo", f"Traceback (most recent call last):\n{said}")
    assert failed.module == module.partition(".")[0]
    assert remedy in failed.remedy


def test_a_module_that_is_none_is_told_in_no_remedy() -> None:
    failed = build_failed("demo", "ModuleNotFoundError: No module named '}; rm -rf /; {'\n")
    assert (failed.module, failed.remedy) == ("", failed.default_remedy)


def test_a_source_without_a_name_is_called_by_none_in_a_remedy() -> None:
    failed = build_failed("./", "ModuleNotFoundError: No module named 'numpy'\n")
    assert "{build-requirements: {NAME: [numpy]}}" in failed.remedy
