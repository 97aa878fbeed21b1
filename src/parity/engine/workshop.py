"""The workshop: the one container of a run that has network and may write into the store.

It resolves, fetches and audits; no code of any package runs in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from parity.engine.guests import guest_tar
from parity.engine.protocol import Container, Engine
from parity.engine.spec import ContainerSpec, Mount, Network

STORE_VOLUME = "parity-store"
STORE = "/store"
AUDITS = f"{STORE}/audits"
"""Where the audit's judgements lie beside the wheels; only the workshop may write there."""


@contextmanager
def workshop(engine: Engine, image_id: str, platform: str) -> Iterator[Container]:
    """A started container with network, the store at /store and the guest scripts at /parity.

    Args:
        engine: where it runs.
        image_id: the target's image, so that resolving is native.
        platform: the image's platform.
    """
    engine.ensure_volume(STORE_VOLUME)
    spec = ContainerSpec(
        image=image_id,
        network=Network.DEFAULT,
        purpose="workshop",
        platform=platform,
        mounts=(Mount(STORE_VOLUME, STORE, read_only=False),),
        pids=1024,
    )
    with engine.container(spec) as container:
        container.put("/", guest_tar())
        container.start()
        yield container
