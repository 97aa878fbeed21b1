"""What a build lacks of the distribution is looked up, named, and brought with `auto`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.cli import Parity, write_profile
from tests.support.sources import setup_py, write_tree

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

EXTENSION = 'Extension("lame", ["lame.c"], libraries=["mad"])'
CODE = """
#include <Python.h>
#include <mad.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "lame", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_lame(void) {
    PyObject *made = PyModule_Create(&module);
    PyModule_AddStringConstant(made, "version", mad_version);
    return made;
}
"""


@pytest.mark.long
def test_a_header_that_no_table_knows_is_found_named_and_brought(
    parity: Parity, debian13: PinnedImage, tmp_path: Path
) -> None:
    setup = setup_py("lame", "1.0", more=f'"ext_modules": [{EXTENSION}]')
    write_tree(tmp_path / "lame", {"setup.py": setup, "lame.c": CODE})

    def build(packages: object) -> tuple[int, str]:
        profile = write_profile(
            tmp_path,
            "lame-13",
            extends="debian13-py313",
            requirements=["./lame"],
            builder={"packages": packages},
        )
        done = parity.build(profile, tmp_path / "dist", timeout=900)
        return done.code, done.stdout + done.stderr

    code, said = build([])
    assert (code, "mad.h is in libmad0-dev" in said) == (49, True), said
    assert "builder: {packages: [libmad0-dev]}" in said
    code, said = build("auto")
    assert code == 0, said
    bundle = next((tmp_path / "dist").glob("*.parity.tar"))
    told = subprocess.run(
        ["tar", "xOf", bundle, "parity-bundle/sources.json"], check=True, capture_output=True
    ).stdout
    made = json.loads(told)["built"][0]
    assert made["builder_packages_brought"] == ["libmad0-dev"]
    assert any("libmad" in each for each in made["grafted"])
