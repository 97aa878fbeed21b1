"""Wheels judged as files before anything of theirs runs."""

from parity.audit.stage import audit_job, audit_wheels, interpret, judge_wheels
from parity.audit.tags import check_tags, refused_by_pip, tags_of_libc

__all__ = [
    "audit_job",
    "audit_wheels",
    "check_tags",
    "interpret",
    "judge_wheels",
    "refused_by_pip",
    "tags_of_libc",
]
