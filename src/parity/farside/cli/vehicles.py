"""The far side's commands for what is no bundle. Standard library only, Python 3.6 and later."""

import argparse
import os
from typing import Iterator, List, Sequence

from ...portable.bundle.export import VEHICLES, VerifiedExport, verify_export
from ...portable.bundle.reader import open_bundle
from ...portable.bundle.trust import add_key, checker
from ...portable.errors import BundleUnreadable
from ...portable.texts import counted
from ..install import engines
from ..install.finished import make_finished
from ..install.plan import Request, Say
from ..install.receipt import describe_target
from .install import Command, Told, place
from .loading import image_beside


def exported(found: VerifiedExport) -> Told:
    """What is told of a verified image or environment."""
    said, document = found.statement, found.document
    vehicle = VEHICLES[said.predicate]
    told = {
        "ok": True,
        "verified": True,
        "vehicle": vehicle,
        "product": said.product,
        "version": said.version,
        "serial": said.serial,
        "profile": said.profile,
        "payload_sha256": said.payload.sha256,
        "signers": list(found.signers),
        **document,
    }
    return Told(told, _lines(vehicle, found, found.signers))


def _lines(vehicle: str, found: VerifiedExport, signers: Sequence[str]) -> Iterator[str]:
    said, document = found.statement, found.document
    yield f"{said.product} {said.version}, serial {said.serial}, profile {said.profile}: {vehicle}"
    yield "made for " + describe_target(document["target"])
    yield "{}, to be used at {}".format(counted(len(document["packages"]), "package"), document["prefix"])
    python = document.get("python")
    if python:
        yield "its own Python {version}, sha256:{sha256}; tried {tried}".format(**python)
    image = document["image"]
    if image:
        yield "image {name}, id sha256:{config}".format(**image)
        yield "its base is in the file" if not image["on_site"] else "its base is not: " + image["on_site"]
    yield f"verified: signed by {', '.join(signers)}, every byte as signed"


def _load_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image",
        nargs="?",
        default="",
        metavar="IMAGE",
        help="a *.image.tar file; else the one beside this folder",
    )
    add_key(parser)
    add = parser.add_argument
    add(
        "--with",
        "--load",
        dest="engine",
        choices=sorted(engines.ENGINES),
        default="docker",
        help="else docker",
    )
    add("--namespace", default="", metavar="NAME", help="containerd's: k8s.io for Kubernetes")


def _load(options: argparse.Namespace, say: Say) -> Told:
    with open_bundle(options.image or image_beside()) as file:
        found = verify_export(file, checker(options))
        image = found.document["image"]
        if image is None:
            raise BundleUnreadable(
                "this is a finished environment and no image", "unpack it with tar; its README.txt says how"
            )
        for line in exported(found).lines:
            say(line)
        engines.load(options.engine, options.namespace, file, image)
    say("loaded: {} run {}".format(options.engine, image["name"]))
    return Told({**exported(found).document, "loaded": image["name"]})


def _make_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("place", type=place, metavar="PLACE", help="a new or empty folder; the environment works there alone")
    add("--bundle", type=place, metavar="DIR", help="an unpacked bundle; else this bundle")
    add("--python", default="", metavar="PATH", help="the interpreter to use")
    add("--allow-other-os", action="store_true", help="accept another OS release or an older C library")


def _make(options: argparse.Namespace, say: Say) -> Told:
    bundle = options.bundle or options.own_folder
    if not bundle or not os.path.isdir(bundle):
        raise BundleUnreadable("no unpacked bundle was named", "unpack one and name it with --bundle")
    request = Request(
        bundle=os.path.abspath(bundle),
        prefix=os.path.abspath(options.place),
        python=options.python,
        imports=False,
        allow_other_os=options.allow_other_os,
    )
    return Told(make_finished(request, say))


COMMANDS: List[Command] = [
    Command("load", "verify a container image and load it into an engine", _load_options, _load),
    Command(
        "make-environment",
        "make a bundle's bare environment, for images",
        _make_options,
        _make,
    ),
]
