"""The far side's commands for what crosses the gap in parts, and for whole sites: patch, join, serve, index.

Standard library only, Python 3.6 and later.
"""

import argparse
import os
from typing import List, Union

from ...portable.bundle.trust import add_key, checker
from ...portable.transfer.join import find_volumes, join_volumes
from ...portable.transfer.join_discs import JoinedDiscs, find_discs, join_discs
from ...portable.transfer.patch import patch_bundle
from ...portable.transfer.volumes import Volume
from ..install.plan import Say
from . import serve
from .install import Command, Told


def _patch_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "old",
        metavar="OLD",
        nargs="+",
        help="the bundle that is here already; for a delta from an inventory: bundles and index folders",
    )
    parser.add_argument("delta", metavar="DELTA", help="what crossed the gap")
    parser.add_argument("-o", "--output", required=True, metavar="NEW", help="the new bundle")
    add_key(parser)


def _patch(options: argparse.Namespace, say: Say) -> Told:
    found = patch_bundle(options.old, options.delta, options.output, checker(options))
    say(f"written and verified: {options.output}")
    digest = found.statement.payload.sha256
    return Told(
        {
            "ok": True,
            "bundle": options.output,
            "payload_sha256": digest,
            "signers": list(found.signers),
        }
    )


def _join_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("volumes", nargs="+", metavar="DIR|FILE", help="the volumes or discs, in any order")
    parser.add_argument("-o", "--output", default="", metavar="BUNDLE", help="its own name here if not given")


def _join(options: argparse.Namespace, say: Say) -> Told:
    discs = find_discs(options.volumes)
    whole: "Union[JoinedDiscs, Volume]"
    if discs:
        whole = join_discs(discs, options.output)
    else:
        whole = join_volumes(find_volumes(options.volumes), options.output)
    bundle = options.output or whole.name
    say(f"written: {bundle}; verify it before you use it")
    return Told({"ok": True, "bundle": os.path.abspath(bundle), "volumes": whole.total})


def _serve(options: argparse.Namespace, _say: Say) -> Told:
    serve.run_serve(options)
    return Told({"ok": True})


def _index(options: argparse.Namespace, _say: Say) -> Told:
    serve.run_index(options)
    return Told({"ok": True, "index": os.path.abspath(options.folder)})


COMMANDS: List[Command] = [
    Command("patch", "give a new bundle back from an old one and a delta", _patch_options, _patch),
    Command("join", "put a bundle together again from its volumes or discs", _join_options, _join),
    Command("serve", serve.SERVE, serve.serve_options, _serve),
    Command("index", serve.INDEX, serve.index_options, _index),
]
