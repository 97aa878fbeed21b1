"""The container in which the image is measured; it has no network."""

from __future__ import annotations

from collections.abc import Callable

from parity.engine import Container, ContainerSpec, Engine, Network
from parity.engine.events import Event
from parity.engine.guests import Guest, GuestFailed, guest_tar
from parity.errors import ProbeFailed
from parity.model import MachineFacts, PinnedImage
from parity.probe.facts import machine
from parity.wire.facts import FactsSaid, MachineHeard
from parity.wire.rehearsing import Nothing
from parity.wire.shapes import read
from parity.wire.tasks import PROBE

# By the shell and not by us: the image's PATH decides, as it will for whoever logs in.
_FIND = 'command -v "python$1" || command -v python3 || command -v python'
_TIMEOUT = 120  # seconds


def measure(
    engine: Engine, image: PinnedImage, python_minor: str, told: Callable[[MachineFacts], object] = bool
) -> FactsSaid:
    """Measure an image.

    Args:
        engine: where the image is.
        image: what to measure.
        python_minor: the target's `X.Y`; `pythonX.Y` is measured where there is one, else `python3`.
        told: hears what the machine is as soon as that is known; its pip may take a second more.

    Returns:
        the document of `parity.guest.tasks.probe`, for `parse_facts`.

    Raises:
        ProbeFailed: the image has no Python, or it could not answer.
    """
    spec = ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="probe",
        platform=image.platform,
        # `nobody` by number: an image need not have a user of any name.
        user="65534:65534",
        pids=256,
        tmpfs={"/tmp": "rw,exec,size=64m,mode=1777"},  # noqa: S108 - inside the container
        lifetime=_TIMEOUT + 60,
    )
    with engine.container(spec) as container:
        container.put("/", guest_tar())
        container.start()
        return measured_by(Guest(container, _interpreter(container, image, python_minor)), image, told)


def measured_by(guest: Guest, image: PinnedImage, told: Callable[[MachineFacts], object]) -> FactsSaid:
    """What a started container's Python says of itself; see `measure`."""
    heard: list[MachineFacts] = []

    def hear(event: Event) -> None:
        said = read(MachineHeard, event, "what was measured")
        heard.append(machine(said["machine"], image.name))
        told(heard[-1])

    job: Nothing = {}
    try:
        document = guest.ask(PROBE, job, on_event=hear, timeout=_TIMEOUT)
    except TimeoutError:
        raise ProbeFailed(f"the probe did not end within {_TIMEOUT} s", where=image.name) from None
    except GuestFailed as failed:
        raise ProbeFailed(
            f"the image's Python could not be measured: {failed.last_line}",
            where=f"{image.name}, {guest.python}",
            details=tuple(failed.stderr.splitlines()[-6:]),
        ) from failed
    if heard != [machine(document, image.name)]:
        raise ProbeFailed(
            "the image's Python said at first and at last what is not the same", where=image.name
        )
    return document


def _interpreter(container: Container, image: PinnedImage, python_minor: str) -> str:
    found = container.exec(["sh", "-c", _FIND, "sh", python_minor], timeout=_TIMEOUT)
    path = found.stdout.decode().strip()
    if found.exit_code != 0 or not path:
        raise ProbeFailed(
            f"the image has no Python on PATH (python{python_minor}, python3)",
            where=image.name,
            details=tuple(found.stderr.decode(errors="replace").splitlines()[-3:]),
        )
    return path
