"""What a container engine is to parity: values that describe a container, and a protocol.

`parity.docker_engine` implements the protocol with the Docker SDK; `tests/support` has a fake that
passes the same contract suite.
"""

from parity.engine.protocol import Container, Engine
from parity.engine.spec import (
    ContainerSpec,
    EngineInfo,
    ExecResult,
    ImageInfo,
    Living,
    Mount,
    Network,
    RegistryImage,
)

__all__ = [
    "Container",
    "ContainerSpec",
    "Engine",
    "EngineInfo",
    "ExecResult",
    "ImageInfo",
    "Living",
    "Mount",
    "Network",
    "RegistryImage",
]
