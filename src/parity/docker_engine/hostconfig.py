"""What a container may and gets, in the words of the Docker API (`HostConfig`)."""

from __future__ import annotations

from typing import Any

from parity.engine import ContainerSpec, Network


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """The settings of a container: network, rights, limits, mounts."""
    config: dict[str, Any] = {
        # `sleep` as process 1 would not reap what commands leave behind; the pids would run out.
        "init": True,
        "network_mode": "none" if spec.network is Network.NONE else "bridge",
        "read_only": spec.read_only,
        "mounts": [_mount(m.volume, m.path, read_only=m.read_only) for m in spec.mounts],
        "tmpfs": dict(spec.tmpfs) or None,
        "pids_limit": spec.pids,
    }
    if spec.confined:
        config |= {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
        config |= {"cap_add": list(spec.capabilities)} if spec.capabilities else {}
    if spec.memory is not None:
        # Both alike, so that there is no swap besides: a limit that swaps makes the whole host slow.
        config |= {"mem_limit": spec.memory, "memswap_limit": spec.memory}
    return config


def _mount(volume: str, path: str, *, read_only: bool) -> dict[str, object]:
    # NoCopy: what the image has at that path must not seep into the volume.
    return {
        "Type": "volume",
        "Source": volume,
        "Target": path,
        "ReadOnly": read_only,
        "VolumeOptions": {"NoCopy": True},
    }
