"""The guest's tasks: each one's name, what it is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from parity.wire import building, facts, interpreter, rehearsing, resolving, store, system

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True)
class Task(Generic[J, R]):
    """A module of `parity.guest.tasks`, and the shapes of its job and its result."""

    name: str
    job: type[J]
    result: type[R]


FETCH = Task("fetch", store.FetchJob, store.FetchResult)
KEEP = Task("keep", store.KeepJob, store.KeepResult)
SIZES = Task("cache", store.CacheJob, store.CacheSizes)
PRUNE = Task("cache", store.CacheJob, store.CacheRemoved)
AUDIT = Task("audit", store.AuditJob, store.AuditResult)
RESOURCE_USERS = Task("resource_users", store.ResourceUsersJob, store.ResourceUsers)

RESOLVE = Task("resolve", resolving.ResolveJob, resolving.ResolveResult)
GUESS = Task("guess", resolving.GuessJob, resolving.GuessResult)
CATALOGUE = Task("catalogue", resolving.CatalogueJob, resolving.CatalogueResult)
PROJECT = Task("project", resolving.ProjectJob, resolving.ProjectResult)

PEEK = Task("build", building.BuildStep, building.PeekResult)
REQUIRES = Task("build", building.BuildJob, building.RequiresResult)
BUILD = Task("build", building.BuildStep, building.BuildResult)
REPAIR = Task("repair", building.RepairJob, building.RepairResult)
PREFETCH = Task("prefetch", building.PrefetchJob, building.PrefetchResult)
DEVEL = Task("devel", building.DevelJob, building.DevelResult)

INTERPRETER = Task("interpreter", interpreter.PythonJob, interpreter.PythonFetched)

SYSTEM = Task("system", system.SystemJob, system.SystemResult)
SYSTEM_INSTALL = Task("system_install", system.SystemInstallJob, system.SystemInstallResult)

PROBE = Task("probe", rehearsing.Nothing, facts.FactsSaid)
REHEARSE = Task("rehearse", rehearsing.RehearseJob, rehearsing.RehearseResult)
ENVIRONMENT = Task("environment", rehearsing.EnvironmentJob, rehearsing.EnvironmentResult)
IMPORTS = Task("imports", rehearsing.ImportsJob, rehearsing.Nothing)
LEAVE = Task("leave", rehearsing.Nothing, rehearsing.Nothing)
PEOPLE = Task("people", rehearsing.PeopleJob, rehearsing.PeopleResult)
SYNC = Task("checkout", rehearsing.SyncJob, rehearsing.SyncResult)
SYNCED = Task("checkout", rehearsing.SyncedJob, rehearsing.SyncedResult)
USAGE = Task("usage", rehearsing.UsageJob, rehearsing.UsageResult)
