"""What is asked of the installer, and what is found to be right before anything is written.

Standard library only, Python 3.6 and later.
"""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Tuple

from ...portable.bundle.envelope import Checker
from ...portable.bundle.folder import BundleFolder, judge_wheels, told
from ...portable.bundle.manifest import top_of
from ...portable.bundle.source import Source, copy_folder
from ...portable.errors import InstallFailed, WrongHost
from ...portable.installers.registry import INSTALLERS
from ...portable.machine.host import check_host, place_warnings
from ...portable.ruby import gems
from ...portable.system.system import OPTION, Survey, demand_packages, demand_root, listing, survey
from ...portable.texts import counted
from ...portable.wheel.wheelset import SetJudgement
from .interpreter import choose_python, measure
from .owners import is_shared
from .receipt import describe_target, release_id
from .state import State, demand_product, judge

if TYPE_CHECKING:
    from ...portable.documents.bundles import ManifestDocument, PackageRow
    from ...portable.documents.evidence import FactsDocument

Say = Callable[[str], None]


class Request(NamedTuple):
    """What is to be done; paths are absolute.

    Attributes:
        bundle: a tar file, or an unpacked bundle's folder.
        prefix: where releases lie side by side; empty if `into` is given.
        into: an existing environment; empty if `prefix` is given.
        check: decides whether a trusted key signed; only an unpacked bundle may go without.
        python: the interpreter to make the environment for; one that fits is looked for if empty.
        dry_run: say what would happen, and do nothing.
        imports: try the proof's imports again.
        allow_other_os: accept another OS or an older C library if every wheel fits.
        allow_older: accept a serial that is not higher than what was installed before.
        allow_other_product: let it replace another product under the prefix.
        keep: how many releases stay under the prefix; None for all.
        compile_all: byte-compile every module, not only those that the imports loaded.
        with_system: install the carried system packages first, as root.
    """

    bundle: str
    prefix: str = ""
    into: str = ""
    check: Optional[Checker] = None
    python: str = ""
    dry_run: bool = False
    imports: bool = True
    allow_other_os: bool = False
    allow_older: bool = False
    allow_other_product: bool = False
    keep: Optional[int] = None
    compile_all: bool = False
    with_system: bool = False


class Plan(NamedTuple):
    """A bundle that fits this host: nothing of it was written yet.

    `system` is what this host has of the carried system packages, None where there are none for it; `ruby`
    what installs the carried gems, None where there are none.
    """

    request: Request
    head: BundleFolder
    python: str
    facts: "FactsDocument"
    warnings: List[str]
    overrides: List[str]
    system: Optional[Survey] = None
    ruby: Optional[gems.Ruby] = None

    @property
    def release_id(self) -> str:
        """The name of the release that it would be."""
        return release_id(self.head)

    @property
    def packages(self) -> "List[PackageRow]":
        """The manifest's packages."""
        return self.head.manifest.document["packages"]


class Laid(NamedTuple):
    """An installation whose bundle lies there, every byte of it checked.

    Attributes:
        plan: what is to be done with it.
        bundle: its files.
        work: a private folder.
        say: hears one line for each step.
        warnings: what was found odd so far; it grows.
    """

    plan: Plan
    bundle: BundleFolder
    work: str
    say: Say
    warnings: List[str]


def make_plan(request: Request, head: BundleFolder, say: Say) -> Plan:
    """Hold a bundle against this host.

    Raises:
        WrongHost: it was made for another one.
        EnvironmentUnfit: there is no environment to install into.
        NotRoot: system packages are to be installed, and we may not.
    """
    document = head.manifest.document
    others = f" and {counted(len(document['other_files']), 'other file')}" if document["other_files"] else ""
    packages = counted(len(document["packages"]), "package")
    say(f"bundle: {packages}{others} for {describe_target(document['target'])}")
    if head.signers:
        say("signed by " + ", ".join(head.signers))
    python = choose_python(document["target"], request.python, request.into)
    facts = measure(python, tools=INSTALLERS[document["installer"]].asks_host)
    accepted = check_host(document, facts, request.allow_other_os)
    # Before the bundle is unpacked: without the right Ruby nobody need wait for that.
    carried = document.get("gems")
    if carried:
        gems.demand_gems(carried)
        say("gems: " + gems.describe(carried["packages"]))
    ruby = gems.survey(carried)
    overrides = [f"allow-other-os: {each}" for each in accepted]
    overrides += [] if request.imports else ["no-imports"]
    for line in accepted:
        say(f"warning: {line}")
    warnings = place_warnings(request.into or request.prefix)
    if request.with_system:
        seen = _demanded(document, accepted)
    else:
        seen, lines = _looked_at(request, document, accepted)
        warnings += lines
    for line in warnings:
        say(f"warning: {line}")
    return Plan(request, head, python, facts, warnings, overrides, seen, ruby)


def _demanded(document: "ManifestDocument", accepted: List[str]) -> Optional[Survey]:
    """What is here of the carried system packages, which are to be installed on their own OS, by root."""
    # Python wheels may fit a related OS; packages of another one would break this host's own.
    if accepted and document["system"]:
        raise WrongHost(
            "the carried system packages are for another OS: " + "; ".join(accepted),
            f"leave {OPTION} out, and install what it needs from this OS's own packages",
        )
    seen = survey(document["system"])
    if seen:
        demand_root(seen)
    return seen


def _looked_at(
    request: Request, document: "ManifestDocument", accepted: List[str]
) -> Tuple[Optional[Survey], List[str]]:
    """What is here of them, and what an administrator is told; another OS has packages of its own."""
    if accepted or not document["system"]:
        return None, []
    try:
        seen = survey(document["system"])
    except (InstallFailed, WrongHost) as error:
        return None, [f"whether the carried system packages are here is not known: {error.message}"]
    return seen, listing(seen, request.bundle, top_of(document)) if seen else []


def follow(plan: Plan, state: State, say: Say) -> Plan:
    """Hold a plan against what is installed already.

    Raises:
        OlderBundle: it would be a step back.
        PrefixInUse: another product is installed there.
    """
    asked = plan.request
    overrides, warnings = judge(state, plan.head.statement, asked.allow_older)
    # An environment of one's own may hold several: what a bundle does not know stays there.
    if asked.prefix:
        overrides += demand_product(state, plan.head.statement, asked.allow_other_product)
    for line in warnings + overrides:
        say(f"warning: {line}")
    return plan._replace(overrides=plan.overrides + overrides, warnings=plan.warnings + warnings)


def lay_out(plan: Plan, source: Source, work: str, say: Say) -> Laid:
    """Check every byte of the bundle.

    Args:
        plan: made from it.
        source: the bundle.
        work: a private folder for its files.
        say: hears of it.

    Raises:
        FarsideError: the bundle is no good.
    """
    bundle = source.lay_out(work, plan.request.into or plan.request.prefix)
    # Root installs from a folder that somebody else can change: what was checked is copied away first.
    if work and bundle.path == source.head.path and is_shared(bundle.path):
        bundle = copy_folder(bundle, work)
    say("files: as the manifest says")
    demand_packages(bundle)
    return Laid(plan, bundle, work, say, list(plan.warnings))


def judge_laid(laid: Laid) -> SetJudgement:
    """Judge the wheels of a bundle whose files were checked; what is odd but allowed becomes a warning.

    Raises:
        HostileContent: names the findings that forbid them.
    """
    return hear(judge_wheels(laid.bundle), laid)


def hear(judgement: SetJudgement, laid: Laid) -> SetJudgement:
    """Note the findings of a judgement that forbids nothing; gives it back."""
    for line in map(told, judgement.verdicts):
        laid.warnings.append(line)
        laid.say(f"warning: {line}")
    laid.say("wheels: sound")
    return judgement
