"""What the Pythons of real distributions read in an environment when they start is no wheel's to write."""

from __future__ import annotations

import json

import pytest
from tests.support.inside import fresh_room, inside

from parity.docker_engine import DockerEngine
from parity.portable.wheel.layout import SITE, check_place

pytestmark = pytest.mark.engine

# Prints the folders that `site` reads `.pth` files in, and every module file that the start looks for.
_ASK = r"""
python3 -m venv --without-pip /tmp/env
cat > /tmp/ask.py <<'END'
import json, os, site, subprocess, sys
folders = [path for path in site.getsitepackages() if path.startswith("/tmp/env/")]
for folder in folders:
    os.makedirs(folder, exist_ok=True)
start = [sys.executable, "-I", "-vv", "-c", "pass"]
told = subprocess.run(start, stderr=subprocess.PIPE, check=True).stderr.decode("utf-8", "replace")
tried = [line.split("trying ")[1] for line in told.splitlines() if "trying /tmp/env/" in line]
runs = []
for folder in folders:
    hook = os.path.join(folder, "x.pth")
    with open(hook, "w") as file:
        file.write("import sys; sys.stdout.write('ran')\n")
    done = subprocess.run([sys.executable, "-I", "-c", "pass"], stdout=subprocess.PIPE, check=True)
    os.unlink(hook)
    runs.append(b"ran" in done.stdout)
print(json.dumps([folders, runs, tried]))
END
/tmp/env/bin/python -I /tmp/ask.py
"""


@pytest.mark.parametrize("name", ["debian11", "debian12", "debian13"])
def test_no_wheel_may_write_what_a_distributions_python_reads_at_its_start(
    engine: DockerEngine, name: str, request: pytest.FixtureRequest
) -> None:
    with fresh_room(engine, request.getfixturevalue(name)) as room:
        folders, runs, tried = json.loads(inside(room, _ASK).output)
    assert len(folders) == 4
    assert all(runs)  # what lies there runs at every start, with -I too
    assert any("apport_python_hook" in path for path in tried)
    below = [path[len("/tmp/env/") :] for path in [*tried, *(f"{folder}/x.pth" for folder in folders)]]
    for path in below:
        _, site, module = path.partition("/site-packages/")
        kinds = {finding.kind for finding in check_place(SITE + module if site else path, "evil")}
        assert kinds & {"startup-module", "interpreter-path"} or path.endswith("site-packages/x.pth"), path
