"""What an index's page says besides pyproject.toml: addresses, and a front page whose links hold there.

The address of the repository is known where a release is built: PARITY_REPOSITORY, or what GitHub and GitLab
set. Where nobody knows it, none is made up: no addresses, and links into the repository become their words.
A wheel that is built from an sdist takes all this from the metadata of the sdist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~-]+)+")
_LINK = re.compile(r"\[([^]\n]+)\]\((?![a-z]+:|#)([^)\s]+)\)")


class CustomMetadataHook(MetadataHookInterface):
    """The hook that pyproject.toml names."""

    def update(self, metadata: dict[str, object]) -> None:
        """Add `readme` and `urls`."""
        address = repository(os.environ)
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": front_page(text, address)}
        metadata["urls"] = urls(address)


def repository(environ: Mapping[str, str]) -> str:
    """The repository's address; empty where nothing tells it."""
    github = "/".join(filter(None, (environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY"))))
    for told in (environ.get("PARITY_REPOSITORY", ""), github, environ.get("CI_PROJECT_URL", "")):
        if _ADDRESS.fullmatch(told.rstrip("/")):
            return told.rstrip("/")
    return ""


def front_page(text: str, address: str) -> str:
    """The README with links that are absolute, or none."""
    if address:
        return _LINK.sub(rf"[\1]({address}/blob/HEAD/\2)", text)
    return _LINK.sub(r"\1", text)


def urls(address: str) -> dict[str, str]:
    """The project's addresses under the labels that indexes know."""
    if not address:
        return {}
    files = f"{address}/blob/HEAD"
    return {
        "Source": address,
        "Documentation": f"{files}/src/parity/docs/index.md",
        "Changelog": f"{files}/CHANGELOG.md",
        "Issues": f"{address}/issues",
        "Security": f"{files}/.github/SECURITY.md",
    }
