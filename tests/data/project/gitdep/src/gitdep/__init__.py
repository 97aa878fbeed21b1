"""Its version comes from a tag of its repository."""

import six


def hello() -> str:
    return six.ensure_str("from git")
