"""What the guest tells of several indexes, as errors and as names in the lock (see `guest.net.routes`)."""

from __future__ import annotations

from dataclasses import replace

from parity.errors import IndexConfusion, IndexFailed, ParityError, Unresolvable
from parity.model import Lock, LockedWheel
from parity.model.network import DEFAULT_INDEX, HostNetwork, clean_url
from parity.portable.wheelfolders import file_address, index_address, is_folder
from parity.resolve.explain import index_remedy
from parity.wire.network import RoutesSaid


def check_confusion(
    routes: RoutesSaid | None, network: HostNetwork, guessed: RoutesSaid | None = None
) -> None:
    """Raise IndexConfusion where a name is on more than one index and bound to none.

    Args:
        routes: what the resolver asked for; None with one index.
        network: for the indexes' addresses.
        guessed: what a guess asked for: told besides, never the reason.
    """
    confused: dict[str, list[str]] = dict(routes["confused"]) if routes else {}
    if not confused:
        return
    also = {**(guessed["confused"] if guessed else {}), **confused}
    name = min(confused)
    raise IndexConfusion(
        f"{name} is on the indexes {_listed(confused[name])}, and the profile does not say which one counts",
        where=name,
        remedy=_binding(name, confused[name], network),
        details=(
            *(f"{index}: {_address(index, network)}" for index in confused[name]),
            *(f"{each} is on {_listed(also[each])} too" for each in sorted(also) if each != name),
        ),
    )


def routed_error(routes: RoutesSaid | None, network: HostNetwork) -> ParityError | None:
    """Why the resolver failed, where an index was the reason; it does not know which of several it was."""
    if not routes:
        return None
    if routes["troubles"]:
        first = routes["troubles"][0]
        kind = first["kind"].removeprefix("http-")
        return IndexFailed(
            network.redact(f"the index {first['index']} failed: {first['message']}"),
            where=clean_url(first["url"]),
            remedy=index_remedy(kind, network, first["index"]),
        )
    if routes["lacking"]:
        name, index = min(routes["lacking"].items())
        return Unresolvable(
            f"{name} is bound to the index {index}, which does not have it",
            where=name,
            remedy=f"publish it there, or take it out of the `packages` of {index} in the profile",
        )
    return None


def with_indexes(lock: Lock, routes: RoutesSaid | None) -> Lock:
    """The lock with the names of the indexes that its wheels came from."""
    if not routes:
        return lock
    names = {name: index for name, index in routes["names"].items() if index != DEFAULT_INDEX}
    wheels = (replace(wheel, index=names.get(wheel.name, wheel.index)) for wheel in lock.wheels)
    return replace(lock, wheels=tuple(wheels))


def with_folders(lock: Lock, network: HostNetwork) -> Lock:
    """The lock with the places of those files that come from the profile's folders."""
    folders = {one.index.name: one.index.path for one in network.named if one.index.folder}

    def placed(wheel: LockedWheel) -> LockedWheel:
        name = wheel.url.removeprefix(index_address("")[:-1]).partition("/")[0]
        if not is_folder(wheel.url) or name not in folders:
            return wheel
        url = file_address(name, wheel.sha256, wheel.filename)
        return replace(wheel, index=name, url=url, path=f"{folders[name]}/{wheel.filename}")

    return replace(lock, wheels=tuple(map(placed, lock.wheels)))


def check_mixed(lock: Lock, routes: RoutesSaid | None, network: HostNetwork) -> None:
    """Raise IndexConfusion where an index's file was chosen and a folder has others of that name.

    Nothing says that they are the same project: whoever takes the name of an internal package on a public
    index, with a high version, would be chosen.
    """
    for wheel in lock.wheels:
        folder = (routes or {"mixed": {}})["mixed"].get(wheel.name)
        if folder is None or wheel.path:
            continue
        raise IndexConfusion(
            f"{wheel.name} {wheel.version} of the index fits best, and the folder {folder} has other files "
            "of that name: nothing says that they are the same project",
            where=wheel.name,
            remedy=_folder_binding(wheel.name, folder, network),
        )


def _folder_binding(name: str, folder: str, network: HostNetwork) -> str:
    path = next((one.index.path for one in network.named if one.index.name == folder), "")
    return (
        f"add to the profile `indexes: [{{name: {folder}, path: {path}, packages: [{name}]}}]` for the "
        f"folder's, or `index: {{packages: [{name}]}}` for the index's"
    )


def _binding(name: str, indexes: list[str], network: HostNetwork) -> str:
    """The lines to add to the profile; an index that a requirements file names may be told there, too."""
    named = [one.index for one in network.named if one.index.name in indexes]
    ways = [
        f"`indexes: [{{name: {each.name}, url: {clean_url(each.url)}{', format: flat' if each.flat else ''}, "
        f"packages: [{name}]}}]`"
        for each in named
    ]
    if DEFAULT_INDEX in indexes:
        ways.append(f"for the default index: `index: {{packages: [{name}]}}`")
    return "say it in the profile (`parity init` makes one): " + ", or ".join(ways)


def _listed(indexes: list[str]) -> str:
    return " and ".join(indexes)


def _address(name: str, network: HostNetwork) -> str:
    for one in network.named:
        if one.index.name == name:
            return clean_url(one.index.url)
    return network.index_url or "the tools' default"
