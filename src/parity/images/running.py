"""Whether an image's programs run on the engine at all; one of another architecture may not."""

from __future__ import annotations

from parity.engine import ContainerSpec, Engine, Network
from parity.errors import EngineRefused, ImageUnavailable
from parity.model import PinnedImage

_SECONDS = 60
_MEMORY = 256 << 20


def demand_runs(engine: Engine, image: PinnedImage) -> None:
    """Start a program of an image that needs emulation; nothing is done for others.

    Raises:
        ImageUnavailable: it does not start: the engine's host emulates no such processor.
        EngineLost: the engine went away.
    """
    if not image.emulated:
        return
    spec = ContainerSpec(
        image=image.id,
        network=Network.NONE,
        purpose="trial",
        platform=image.platform,
        memory=_MEMORY,
        lifetime=_SECONDS,
    )
    try:
        with engine.container(spec) as container:
            container.start()
            runs = container.exec(["true"], timeout=_SECONDS).exit_code == 0
            said = ""
    except (EngineRefused, TimeoutError) as error:
        runs, said = False, str(error)
    if runs:
        return
    host = engine.info().platform
    raise ImageUnavailable(
        f"the image {image.name} is for {image.platform}, which the engine's host ({host}) cannot run",
        remedy="have that host emulate it (on Debian: apt-get install qemu-user-static binfmt-support), "
        "or name an engine of that architecture in DOCKER_HOST",
        details=(said,) if said else (),
    )
