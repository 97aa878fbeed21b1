"""Whom to trust and how many of them must have signed, as options. Python 3.6 and later.

The near side asks `demanded`, too: the rule and the variable are the same on both sides.
"""

import argparse
import os
from typing import Optional

from .envelope import Checker
from .openssl import load_public_key, openssl_checker

VARIABLE = "PARITY_THRESHOLD"
_KEY = "the sender's public key, which reached you by another way than the bundle; may be repeated"
_THRESHOLD = f"how many of these keys must have signed; {VARIABLE}, else 1, if not given"


class ThresholdUnusable(Exception):
    """A threshold that no bundle could meet, or that is no number; each side says so in its own way."""


def demanded(given: Optional[int], keys: int) -> int:
    """How many different trusted keys must have signed: what was given, else the variable, else 1.

    Args:
        given: the option's value, None where there was none.
        keys: how many different keys are trusted.

    Raises:
        ThresholdUnusable: more than there are keys, or the variable is no whole number from 1.
    """
    source, wanted = "--threshold", given
    if wanted is None:
        source, text = VARIABLE, os.environ.get(VARIABLE) or "1"
        try:
            wanted = count(text)
        except argparse.ArgumentTypeError as error:
            raise ThresholdUnusable(f"{VARIABLE} is {text!a}, and should be {error}") from error
    if wanted > keys:
        raise ThresholdUnusable(
            f"{source} demands signatures by {wanted} different keys, and only {keys} can be accepted here"
        )
    return wanted


def count(text: str) -> int:
    """A whole number from 1, as argparse wants its types."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number, 1 or more")
    return int(text)


def add_key(parser: argparse.ArgumentParser, required: bool = True) -> None:
    """The options that say whom to trust; see `checker` and `optional_checker`."""
    parser.add_argument("--key", action="append", required=required, metavar="PUB", help=_KEY)
    parser.add_argument("--threshold", type=count, metavar="N", help=_THRESHOLD)
    parser.set_defaults(wrong_usage=parser.error)


def checker(options: argparse.Namespace) -> Checker:
    """The checker that these options ask for; ends the process as argparse does where none can be made.

    Raises:
        SignatureInvalid: one of the files is no usable key.
    """
    # By fingerprint: the same key under two names must not meet a threshold of two.
    different = {load_public_key(path).fingerprint for path in options.key}
    try:
        return openssl_checker(options.key, threshold=demanded(options.threshold, len(different)))
    except ThresholdUnusable as error:
        # argparse's `error` ends the process; `raise` is for a parser whose `error` comes back.
        options.wrong_usage(str(error))
        raise


def optional_checker(options: argparse.Namespace) -> Optional[Checker]:
    """The same where a key may be left out: None then."""
    if options.threshold is not None and not options.key:
        options.wrong_usage("--threshold needs --key")
    return checker(options) if options.key else None
