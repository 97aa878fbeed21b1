"""What a target's own packages provide, for the rehearsal's judge."""

from __future__ import annotations

from collections.abc import Mapping

from parity.model import Target
from parity.native import module_apart, providers, soname, system_name, vendor
from parity.rehearse import NativeRules


def native_rules(target: Target, wheels: Mapping[str, str]) -> NativeRules:
    """The rules for native libraries on a target.

    Args:
        target: the machine that the bundle is for.
        wheels: package → file name of its wheel.
    """
    return NativeRules(
        target,
        system_name(target.os_id, target.os_version),
        wheels,
        lambda library: providers(library, target.os_id, target.os_version, target.arch),
        vendor,
        lambda names: soname(names, target.os_id, target.os_version, target.arch),
        lambda module: module_apart(module, target.os_id, target.os_version),
    )
