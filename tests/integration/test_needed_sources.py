"""Build requirements that exist as sources only: built, too, where whatever has no wheel may be built."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.cli import write_profile
from tests.support.faults import User
from tests.support.index import PackageIndex, gateway
from tests.support.sources import make_sdist

from parity.model import PinnedImage

pytestmark = pytest.mark.engine

PYPROJECT = '[build-system]\nrequires = [%s]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = """
import base64, hashlib, zipfile
%(begin)s
def build_wheel(folder, config_settings=None, metadata_directory=None):
    stem = "%(name)s-1.0"
    info = stem + ".dist-info/"
    files = {"%(name)s.py": "x = 1\\n",
             info + "METADATA": "Metadata-Version: 2.1\\nName: %(name)s\\nVersion: 1.0\\n",
             info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    def digest(text):
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    rows = ["%%s,sha256=%%s,%%d" %% (each, digest(text), len(text)) for each, text in files.items()]
    files[info + "RECORD"] = "\\n".join([*rows, info + "RECORD,,", ""])
    with zipfile.ZipFile(folder + "/" + stem + "-py3-none-any.whl", "w") as wheel:
        for each, text in files.items():
            wheel.writestr(zipfile.ZipInfo(each), text)
    return stem + "-py3-none-any.whl"
"""


def source(folder: Path, name: str, requires: str = "", begin: str = "") -> None:
    backend = BACKEND % {"name": name, "begin": begin}
    make_sdist(folder, name, "1.0", "", pyproject__toml=PYPROJECT % requires, backend__py=backend)


@pytest.mark.long
def test_a_build_requirement_that_is_a_source_is_built_too_unless_it_needs_itself(
    debian11: PinnedImage, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    source(folder, "demo", '"helper"', "import helper")
    source(folder, "helper", '"deeper"', "import deeper")
    source(folder, "deeper")
    with PackageIndex(folder, host=gateway()) as index:
        user = User(tmp_path / "one", index.url)
        install = {"requirements": ["demo"], "files": [], "build-from-source": "auto"}
        write_profile(user.folder, "p0", product="demo", version="1", install=install)
        done = user.build()
        assert done.code == 0, done.output
        assert "helper" not in user.lock.read_text()
        (folder / "deeper-1.0.tar.gz").unlink()
        source(folder, "deeper", '"helper"')
        user.lock.unlink()
        done = user.build("--upgrade")
        assert done.code == 49, done.output
        assert "its build needs itself" in done.error
