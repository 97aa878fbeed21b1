"""The workshop: the one container of a run that has network and may write into the store.

It resolves, fetches and audits; no code of any package runs in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from parity.engine.guests import guest_tar
from parity.engine.protocol import Container, Engine
from parity.engine.spec import ContainerSpec, Mount, Network

STORE_VOLUME = "parity-store"
STORE = "/store"
PRUNING = "prune"
"""The purpose of the container that stands for a pruning; see `beside_pruning`."""
_LOOK_AGAIN = 0.3
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
    with beside_pruning(engine, spec) as container:
        container.put("/", guest_tar())
        container.start()
        yield container


@contextmanager
def beside_pruning(engine: Engine, spec: ContainerSpec) -> Iterator[Container]:
    """A container that mounts the store, made when nobody prunes it.

    Whoever prunes shows that by a container first, and looks for users of the store then; whoever uses the
    store makes his container first, and looks for pruners then. So at least one sees the other, and it is
    the user that goes back and waits: a pruning takes seconds, and ends by itself where it was killed.
    """
    while True:
        with engine.container(spec) as container:
            if not engine.living(purpose=PRUNING):
                yield container
                return
        while engine.living(purpose=PRUNING):
            time.sleep(_LOOK_AGAIN)
