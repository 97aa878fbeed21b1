"""Wheels judged as files before anything of theirs runs."""

from parity.audit.stage import audit_job, audit_wheels, interpret
from parity.audit.tags import check_tags, tags_of_libc

__all__ = ["audit_job", "audit_wheels", "check_tags", "interpret", "tags_of_libc"]
