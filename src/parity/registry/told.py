"""A registry's errors told with the reference that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from parity.docker_engine.registry_wire import Cut
from parity.errors import RegistryDenied, RegistryFailed
from parity.registry.reference import RegistryReference


@contextmanager
def telling(reference: RegistryReference) -> Iterator[None]:
    """Say which reference a registry's error is about, and how to log in there."""
    try:
        yield
    except Cut as error:
        raise RegistryFailed(f"the registry does not answer: {error}", where=str(reference)) from error
    except RegistryDenied as error:
        raise RegistryDenied(
            f"the registry: {error.message}",
            where=str(reference),
            remedy=f"log in with `docker login {reference.host}` or `podman login {reference.host}`",
        ) from error
    except RegistryFailed as error:
        if error.where:
            raise
        raise RegistryFailed(
            f"the registry: {error.message}", where=str(reference), remedy=error.remedy
        ) from error
