"""What comes in kinds is added in few files: tried on a copy of parity that gets a third installer.

The copy's own processes answer, so that nothing of this process's registries helps it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.bundles import signing_key
from tests.support.copied import copied, search_path

# parity writes the packages; the environment's own interpreter says whether what they require is there.
NEAR = '''
"""`installer: plain`: parity's own writer alone."""

from .installer import Installer


class Plain(Installer):
    """Needs nothing, carries nothing."""

    name = "plain"
    purpose = "parity's own installer writes the packages, and nothing is carried"
    readme = "The installer wants a Python {python} on this machine, no more."
    writes = True
'''
FAR = '''class PlainTool(Tool):
    """parity's own writer, asked through the interpreter."""

    name, called = "plain", "parity's own writer"

    @classmethod
    def found(cls, place):
        """Everywhere."""
        return cls(place, "1"), ""

    def create(self, environment):
        """`python -m venv`."""
        command = [self.python, "-I", "-m", "venv", "--without-pip", environment]
        self.children.demand("making the environment", command)

    def install(self, environment, wheels, requirements, again=False):
        """Lay the pure wheels out."""
        import zipfile
        for name in sorted(os.listdir(wheels)):
            zipfile.ZipFile(os.path.join(wheels, name)).extractall(site_packages(environment)[0])

    def ask(self, environment):
        """Whether every package that one names is there."""
        code = "import alpha, beta"
        return self.children.run(isolated(environment, "-c", code))


TOOLS'''
DRIVER = """
import json, sys
from pathlib import Path
from tests.support.signed import signed, alpha
import tests.support.unpacked as unpacked
from parity.portable.bundle import manifest
encode = manifest.encode
def chosen(document):
    return encode({**document, "installer": "plain"})
manifest.encode = chosen
folder = Path(sys.argv[1])
made = signed(folder, alpha(folder / "wheels", "1.0"), imports=[("alpha", "alpha")])
print(json.dumps([str(made.path), str(made.public)]))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parity that knows a third installer: three files were touched."""
    signing_key()
    return copied(
        tmp_path_factory.mktemp("copy") / "checkout",
        {"portable/installers/plain.py": NEAR},
        {
            "portable/installers/registry.py": (
                ("from .pip import ByPip\n", "from .pip import ByPip\nfrom .plain import Plain\n"),
                ("ByPip())", "ByPip(), Plain())"),
            ),
            "farside/install/installers.py": (
                ('TOOLS: "Dict', f'{FAR}: "Dict'),
                ("in (Uv, Pip)}", "in (Uv, Pip, PlainTool)}"),
            ),
        },
    )


def ask(source: Path, *words: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": search_path(source)}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_installer_is_added_in_three_files(source: Path, tmp_path: Path) -> None:
    """Profiles may ask for it, and what was packed for it installs by it, by the very code that travels."""
    schema = json.loads(ask(source, "-m", "parity", "schema"))["properties"]["installer"]
    assert schema["enum"][-1] == "plain"
    assert "plain: parity's own installer writes" in schema["description"]
    bundle, public = json.loads(ask(source, "-c", DRIVER, tmp_path / "made"))
    single = tmp_path / "parity-farside.py"
    code = "from parity.pack.singlefile import single_file; import sys; sys.stdout.write(single_file())"
    single.write_text(ask(source, "-c", code))
    words = ("install", bundle, "--key", public, "--prefix", str(tmp_path / "app"), "--json")
    done = subprocess.run([sys.executable, "-I", single, *words], check=True, capture_output=True)
    told = json.loads(done.stdout)
    assert told["installer"] == {"tool": "plain", "version": "1", "checked_with": "plain 1"}
