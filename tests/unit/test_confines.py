"""What is asserted from inside a container: its limits, and what of it can be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.guest.environment import confines

_MIB = 1 << 20
ROOT = "1 0 0:1 / / {root},relatime - overlay overlay rw,upperdir=/x\n"
USUAL = """\
2 1 0:2 / /proc rw,nosuid - proc proc rw
3 1 0:3 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k
4 1 0:4 / /sys ro,nosuid - sysfs sysfs ro
5 4 0:5 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
6 1 8:1 /hosts /etc/hosts ro,relatime - ext4 /dev/sda rw
7 1 8:1 /data /carry rw,relatime master:1 - ext4 /dev/sda rw
8 1 0:6 / /tmp rw,nosuid - tmpfs tmpfs rw
"""
V1 = """\
9 5 0:9 /docker/1f /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
10 5 0:10 /docker/1f /sys/fs/cgroup/pids ro,nosuid - cgroup cgroup rw,pids
"""
V2 = "9 4 0:9 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n"


class Machine:
    """A /proc and a /sys of our own."""

    def __init__(self, folder: Path, mounts: str, groups: str, swap: int = 0) -> None:
        self.folder = folder
        self.put("/proc/self/mountinfo", mounts)
        self.put("/proc/self/cgroup", groups)
        self.put("/proc/meminfo", f"MemTotal: 9 kB\nSwapTotal: {swap} kB\n")

    def put(self, path: str, text: str) -> Machine:
        place = self.folder / path.strip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return self

    def limits(self, memory: int = 200 * _MIB, pids: int = 512) -> dict[str, bool]:
        return confines.limits(memory, pids, str(self.folder))


def v1(folder: Path, mounts: str = ROOT + USUAL + V1, swap: int = 0) -> Machine:
    return Machine(folder, mounts, "4:memory:/docker/1f\n8:pids:/docker/1f\n0::/docker/1f\n", swap)


def v2(folder: Path, group: str = "/", swap: int = 0) -> Machine:
    return Machine(folder, ROOT + USUAL + V2, f"0::{group}\n", swap)


def test_limits_of_the_first_cgroups_are_read(tmp_path: Path) -> None:
    inside = v1(tmp_path)
    inside.put("/sys/fs/cgroup/memory/memory.limit_in_bytes", f"{200 * _MIB}\n")
    inside.put("/sys/fs/cgroup/pids/pids.max", "512\n")
    assert inside.limits() == {"memory": True, "pids": True}
    assert inside.limits(memory=199 * _MIB, pids=511) == {"memory": False, "pids": False}


def test_limits_of_the_second_cgroups_are_read(tmp_path: Path) -> None:
    inside = v2(tmp_path)
    inside.put("/sys/fs/cgroup/memory.max", f"{200 * _MIB}\n").put("/sys/fs/cgroup/pids.max", "max\n")
    assert inside.limits() == {"memory": True, "pids": False}


def test_a_limit_of_a_group_above_is_one(tmp_path: Path) -> None:
    inside = v2(tmp_path, "/pod/box")
    inside.put("/sys/fs/cgroup/pod/memory.max", f"{100 * _MIB}\n")
    inside.put("/sys/fs/cgroup/pod/box/memory.max", "max\n").put("/sys/fs/cgroup/pod/box/pids.max", "9\n")
    assert inside.limits() == {"memory": True, "pids": True}


@pytest.mark.parametrize("said", ["max", "9223372036854771712", "", "much", "-1"])
def test_what_says_no_number_limits_nothing(tmp_path: Path, said: str) -> None:
    inside = v1(tmp_path)
    inside.put("/sys/fs/cgroup/memory/memory.limit_in_bytes", said)
    assert inside.limits() == {"memory": False, "pids": False}


def test_without_cgroups_nothing_is_limited(tmp_path: Path) -> None:
    # As rootless engines on the first cgroups have it: the limits are taken, and dropped without a word.
    assert Machine(tmp_path, ROOT + USUAL, "4:memory:/user.slice\n").limits() == {
        "memory": False,
        "pids": False,
    }


@pytest.mark.parametrize(
    ("swap", "said", "holds"), [(0, "", True), (9, "", False), (9, "0", True), (9, "max", False)]
)
def test_memory_that_goes_into_swap_is_not_limited(tmp_path: Path, swap: int, said: str, holds: bool) -> None:
    inside = v2(tmp_path, swap=swap).put("/sys/fs/cgroup/memory.max", f"{200 * _MIB}\n")
    if said:
        inside.put("/sys/fs/cgroup/memory.swap.max", said)
    assert inside.limits()["memory"] is holds


def test_swap_of_the_first_cgroups_counts_with_memory(tmp_path: Path) -> None:
    inside = v1(tmp_path, swap=9).put("/sys/fs/cgroup/memory/memory.limit_in_bytes", f"{200 * _MIB}")
    assert not inside.limits()["memory"]
    inside.put("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", f"{200 * _MIB}")
    assert inside.limits()["memory"]
    inside.put("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes", f"{400 * _MIB}")
    assert not inside.limits()["memory"]


def test_what_can_be_written_is_read_from_the_mounts(tmp_path: Path) -> None:
    # An engine that mounts memory of its own over a read-only root, as Podman does.
    more = "11 1 0:11 / /run rw,nosuid - tmpfs tmpfs rw\n12 1 0:12 / /var/my\\040data rw - ext4 /dev/sda rw\n"
    inside = v1(tmp_path, ROOT.format(root="ro") + USUAL + more)
    assert confines.writable(str(inside.folder)) == ["/run", "/var/my data"]


def test_a_writable_root_is_noticed_whoever_asks(tmp_path: Path) -> None:
    assert confines.writable(str(v1(tmp_path, ROOT.format(root="rw") + USUAL).folder)) == ["/"]


@pytest.mark.parametrize(
    "later",
    ["11 1 0:11 / /run ro,nosuid - tmpfs tmpfs rw\n", "11 1 0:11 / /run rw,nosuid - tmpfs tmpfs ro\n"],
)
def test_the_mount_on_top_decides(tmp_path: Path, later: str) -> None:
    below = "10 1 0:10 / /run rw - tmpfs tmpfs rw\n"
    inside = v1(tmp_path, ROOT.format(root="ro") + USUAL + below + later)
    assert confines.writable(str(inside.folder)) == []


def test_mounts_that_nobody_tells_are_not_believed_to_be_read_only(tmp_path: Path) -> None:
    assert confines.writable(str(tmp_path)) == ["/"]
