"""The questions of `parity init`: each answer is checked when it is given; a wrong one is asked for again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.text import Text

from parity.cli.shared.lying import Suggestion, suggestions
from parity.cli.shared.output import stderr
from parity.errors import OptionConflict
from parity.profile import (
    NewProfile,
    answer_problem,
    find_profile,
    known_libc,
    known_targets,
    likely_targets,
    read_system,
    shipped_targets,
    with_vendor_image,
)
from parity.resolve import is_direct, requirement_name

_NAMES = "from `parity profile list`"
_OS_PARTS = 2
_NO_LINUX = ("windows", "win", "macos", "darwin", "osx")
_SPELLING = "an ID and a version, such as 'debian 12' or 'RHEL 9'"


@dataclass(frozen=True)
class Interview:
    """Fills what the options left open.

    `asking` tells whether there is a person to ask (on stderr, since stdout may be a pipe), `measured`
    whether facts say the target.
    """

    asking: bool
    measured: bool = False

    def target(self, answers: NewProfile, system: str, image: str) -> NewProfile:
        """Operating system, Python, libc and architecture, or a base that has them.

        Args:
            answers: what the options said.
            system: of --os, in any spelling; empty to ask for it.
            image: of --image; with one, nothing needs to be known of the system's own.

        Raises:
            OptionConflict: something is missing and there is nobody to ask, or the system is none.
        """
        if answers.extends:
            find_profile(answers.extends)
            return _with_system(answers, system) if system else answers
        system = system or self._which()
        if system in shipped_targets():
            return _difference(answers, shipped_targets()[system])
        answers = _with_system(answers, system)
        if not image:
            answers = self._with_python(answers)
            known = _known(answers)
            if known is not None:
                return known
        python = answers.python or self._ask("--python", "Python on the target, such as 3.9", _python)
        answers = replace(answers, python=python)
        libc = known_libc(answers.os_id, answers.os_version) if not answers.libc else ""
        question = "Its C library, such as 'glibc 2.34'"
        return replace(
            answers,
            libc=answers.libc or libc or self._ask("--libc", question, _libc),
            arch=answers.arch or self._ask("--arch", "Its architecture (uname -m)", _arch, "x86_64"),
        )

    def image(self, answers: NewProfile, image: str) -> NewProfile:
        """The image that stands for the target, where no base has one; `image` is that of --image."""
        if not (image or answers.image or answers.image_folder or answers.extends or self.measured):
            answers = with_vendor_image(answers)
        image = image or answers.image
        if not (image or answers.extends or answers.image_folder):
            image = self._ask("--image", "Its container image, or a folder with a Dockerfile", _image)
        if Path(image or "-").is_dir():
            return replace(answers, image="", image_folder=image)
        return replace(answers, image=image)

    def packages(self, answers: NewProfile, folder: Path) -> NewProfile:
        """What to install: what lies in the folder, or packages by name; nothing is an answer too."""
        if answers.installs:
            return answers
        # A base of one's own may well say what to install.
        found = suggestions(folder) if answers.extends in ("", *shipped_targets()) else ()
        if not self.asking:
            return _with_suggestion(answers, found[0], folder) if found else answers
        if not found:
            return self._by_name(answers)
        rows = [*(each.told for each in found), "packages by name", "nothing yet"]
        for number, row in enumerate(rows, 1):
            _tell(f"  {number}  {row}")
        chosen = int(self._ask("-r", "What to install", _number(len(rows)), "1")) - 1
        if chosen < len(found):
            return _with_suggestion(answers, found[chosen], folder)
        return self._by_name(answers) if chosen == len(found) else answers

    def _by_name(self, answers: NewProfile) -> NewProfile:
        question = "Packages to install, separated by spaces (empty: later)"
        return replace(answers, packages=tuple(shlex.split(self._ask("-p", question, _packages, ""))))

    def _which(self) -> str:
        """A system in any spelling, or the name of a shipped target."""
        targets = list(shipped_targets().items())
        if self.asking:
            for number, (name, each) in enumerate(targets, 1):
                told = f"{each.os_id} {each.os_version}, Python {each.python}, {each.libc}"
                _tell(f"  {number:>2}  {name:<18} {told}")
        question = "The target: a number, or a system such as 'RHEL 9', 'rocky 9' or 'Debian 11'"
        answer = self._ask("--os", question, _system)
        return targets[int(answer) - 1][0] if answer.isdecimal() else answer

    def _with_python(self, answers: NewProfile) -> NewProfile:
        """With the Python that is meant where the shipped targets have several of that system."""
        fitting = _fitting(answers)
        if len(fitting) < 2:  # noqa: PLR2004 - nothing to choose from
            return answers
        pythons = ", ".join(each.python for each in fitting)
        return replace(
            answers, python=self._ask("--python", f"Which Python of that system: {pythons}", _python)
        )

    def _ask(
        self, option: str, question: str, problem: Callable[[str], str], default: str | None = None
    ) -> str:
        """An answer that fits; `problem` tells why one does not."""
        while self.asking:
            answer = str(
                typer.prompt(question, default=default, err=True, show_default=bool(default))
            ).strip()
            wrong = problem(answer)
            if not wrong:
                return answer
            _tell(f"  {wrong}")
        if default is not None:
            return default
        raise OptionConflict(
            f"{option} is missing, and there is no terminal to ask on",
            remedy=f"give {option}" if self.measured else f"give {option}, or --extends with a name {_NAMES}",
        )


def _fitting(answers: NewProfile) -> list[NewProfile]:
    """The shipped targets of that system, those with its libc and Python where they are told."""
    return [
        each
        for each in known_targets(answers.os_id, answers.os_version).values()
        if answers.libc in ("", each.libc) and answers.python in ("", each.python)
    ]


def _known(answers: NewProfile) -> NewProfile | None:
    """What is known of the system; None for one that no shipped target is."""
    one = next(iter(_fitting(answers)), None)
    if one is None or one.extends:
        return _difference(answers, one) if one else None
    arch = answers.arch or one.arch
    return replace(
        answers,
        libc=one.libc,
        python=one.python,
        arch=arch,
        image_folder=one.image_folder,
        recipe=one.recipe,
    )


def _tell(line: str) -> None:
    stderr().print(Text(line), soft_wrap=True)


def _with_system(answers: NewProfile, system: str) -> NewProfile:
    read = _read(system)
    if read is not None and read[0].lower() in _NO_LINUX:
        raise OptionConflict(
            f"a bundle is for Linux, and {system!r} is none",
            remedy="name the distribution that runs there (in WSL, in a container), such as --os 'debian 12'",
        )
    if read is None:
        raise OptionConflict(f"{system!r} is not {_SPELLING}", remedy=f"write it so{_meant(system)}")
    return replace(answers, os_id=read[0], os_version=read[1])


def _read(system: str) -> tuple[str, str] | None:
    """A system in a known spelling, else an ID and a version as they stand."""
    parts = system.replace(":", " ").split()
    return read_system(system) or ((parts[0], parts[1]) if len(parts) == _OS_PARTS else None)


def _meant(system: str) -> str:
    found = likely_targets(system, sure=False)
    return f"; or did you mean {' or '.join(found)}?" if found else ""


def _difference(answers: NewProfile, base: NewProfile) -> NewProfile:
    """Only what departs from the base: everything else is inherited."""
    return replace(
        answers,
        extends=base.extends,
        os_id="",
        os_version="" if answers.os_version == base.os_version else answers.os_version,
        libc="",
        python="",
        arch="" if answers.arch == base.arch else answers.arch,
    )


def _with_suggestion(answers: NewProfile, suggestion: Suggestion, folder: Path) -> NewProfile:
    _tell(f"installs {suggestion.told}")
    if suggestion.file:
        return replace(answers, files=(str(folder / suggestion.file),))
    if suggestion.source:
        return replace(answers, packages=(suggestion.source,))
    return replace(answers, project=str(folder))


def _system(answer: str) -> str:
    targets: Mapping[str, NewProfile] = shipped_targets()
    if answer in targets or not _number(len(targets))(answer):
        return ""
    read = None if answer.isdecimal() else _read(answer)
    if read is not None and read[0].lower() in _NO_LINUX:
        return "a bundle is for Linux: name the distribution that runs there (in WSL, in a container)"
    if read is None:
        return f"expected a number of the list, or {_SPELLING}{_meant(answer)}"
    return answer_problem(read[0], "target", "os", "id") or answer_problem(read[1], "target", "os", "version")


def _python(answer: str) -> str:
    return answer_problem(answer, "target", "python")


def _libc(answer: str) -> str:
    return answer_problem(answer, "target", "libc")


def _arch(answer: str) -> str:
    return answer_problem(answer, "target", "arch")


def _image(answer: str) -> str:
    if Path(answer).is_dir():
        return "" if (Path(answer) / "Dockerfile").is_file() else f"there is no Dockerfile in {answer}"
    return answer_problem(answer, "image", "reference")


def _number(last: int) -> Callable[[str], str]:
    def problem(answer: str) -> str:
        # Not isdigit, which takes `²`; and the length first: int() refuses thousands of digits.
        fits = answer.isdecimal() and len(answer) <= len(str(last)) and 0 < int(answer) <= last
        return "" if fits else f"expected a number from 1 to {last}"

    return problem


def _packages(answer: str) -> str:
    try:
        words = shlex.split(answer)
    except ValueError:
        return "a quotation mark is not closed"
    wrong = next((word for word in words if not (requirement_name(word) or is_direct(word))), "")
    return f"{wrong!r} is no requirement, such as pandas or 'scikit-learn>=1.4'" if wrong else ""
