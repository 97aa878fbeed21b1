"""Make built wheels suit the plain target with auditwheel: foreign libraries grafted in, the tag true.

It runs in the builder's container, after the build, and as cut off as that was.

Job, besides that of `build`:
    {"wheel": the file's name in both output folders of the build, "built": its work folder,
     "platform": the target's own tag (`manylinux_2_31_x86_64`), "tools": requirement lines,
     "find_links": folder with their wheels,
     "system": packages of the distribution whose libraries stay outside the wheel}
Result:
    {"isolation": {...}, "grafted": [paths in the wheel that lies in `repaired-1` of `work`; the second
     one is in `repaired-2`], "left_out": [names of libraries], "commands": [[word]], "error": text or ""}
"""

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from typing import TYPE_CHECKING, Dict, List, Sequence, Set, Tuple

from ...portable.families.registry import FAMILIES
from ..environment import isolation
from ..environment.buildplace import build_environment, failure, make_tools, outputs
from ..environment.uvrun import run
from ..events import Emit
from ..native import elf

if TYPE_CHECKING:
    from ...wire.building import RepairJob, RepairResult

_LIBRARY = re.compile(r"lib[^/]*\.so(\.[0-9.]+)?$|[^/]+\.so(\.[0-9]+)+$")
_LIBPYTHON = re.compile(r"libpython\d[^/]*\.so")
_UNKNOWN_PLATFORM = "invalid choice"
_NO_LIBRARY = "no ELF"
_EXCLUDED = re.compile(r"[Ee]xcluding (\S+)")


def main(job: "RepairJob", emit: Emit) -> "RepairResult":
    """Repair; see the module's docstring."""
    del emit
    os.umask(0o022)
    result: "RepairResult" = {"isolation": isolation.isolation(), "error": ""}
    if all(result["isolation"].values()):
        _repair(job, result)
    return result


def _repair(job: "RepairJob", result: "RepairResult") -> None:
    environment = build_environment(job)
    tools = os.path.join(job["work"], "repair-tools")
    error = make_tools(job, environment, tools, job["tools"])
    if error:
        result["error"] = error
        return
    binaries = os.path.join(tools, "bin")
    environment["PATH"] = binaries + ":" + environment["PATH"]
    left = libraries_of(job["system"]) + _python_of_programs(
        os.path.join(outputs(job["built"], "out")[0], job["wheel"]), job["work"]
    )
    exclude = [word for name in left for word in ("--exclude", name)]
    for source, out in zip(outputs(job["built"], "out"), outputs(job["work"], "repaired")):
        wheel = os.path.join(source, job["wheel"])
        command, said, error = _auditwheel(job, environment, binaries, wheel, out, exclude)
        if error:
            result["error"] = error
            return
        result["commands"] = [command]
        result["left_out"] = sorted(set(_EXCLUDED.findall(said)))
        result["grafted"] = _grafted(out)


def _auditwheel(
    job: "RepairJob", environment: Dict[str, str], binaries: str, wheel: str, out: str, exclude: List[str]
) -> Tuple[List[str], str, str]:
    """Run it for the target's own platform, or, where it does not know that, for the oldest that fits."""
    command: List[str] = []
    for platform in (job["platform"], "auto"):
        command = [os.path.join(binaries, "auditwheel"), "repair", "--plat", platform, *exclude]
        command += ["--wheel-dir", out, wheel]
        code, stdout, stderr = run(command, environment, job["work"], job["timeout"])
        said = stdout + stderr
        if code == 0:
            return command, said, ""
        if _NO_LIBRARY in said:
            os.makedirs(out, exist_ok=True)
            shutil.copy(wheel, out)
            return command, said, ""
        if _UNKNOWN_PLATFORM not in said:
            break
    return command, said, "auditwheel: " + failure(code, said, job["timeout"])


def _python_of_programs(wheel: str, work: str) -> List[str]:
    """The libpython that a wheel's own programs are linked with.

    auditwheel takes it from every file: an extension module has it from the interpreter that loads it, a
    program has it from nobody. So it stays, for the target to have or for a system package to bring.
    """
    found: Set[str] = set()
    with zipfile.ZipFile(wheel) as files, tempfile.TemporaryDirectory(dir=work) as folder:
        for entry in files.infolist():
            with files.open(entry) as member:
                if member.read(len(elf.MAGIC)) != elf.MAGIC:
                    continue
            path = files.extract(entry, folder)
            read, symbols = elf.read_elf(path), elf.read_symbols(path)
            if read and symbols and symbols.starts:
                found.update(name for name in read.needed if _LIBPYTHON.match(name))
            os.unlink(path)
    return sorted(found)


def _grafted(folder: str) -> List[str]:
    """The libraries that were copied into the wheel: auditwheel puts them below `<name>.libs`."""
    found: List[str] = []
    for name in os.listdir(folder):
        with zipfile.ZipFile(os.path.join(folder, name)) as wheel:
            found += [each for each in wheel.namelist() if each.partition("/")[0].endswith(".libs")]
    return sorted(each for each in found if not each.endswith("/"))


def libraries_of(packages: List[str]) -> List[str]:
    """The shared libraries that packages of the distribution own, as the builder has them installed."""
    commands = [family.asks_files for family in FAMILIES.values()]
    manager: Sequence[str] = next((command for command in commands if shutil.which(command[0])), ())
    found: Set[str] = set()
    for package in packages if manager else ():
        done = subprocess.run(
            [*manager, package],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        names = [line.rpartition("/")[2] for line in done.stdout.decode("utf-8", "replace").splitlines()]
        found.update(name for name in names if _LIBRARY.match(name))
    return sorted(found)
