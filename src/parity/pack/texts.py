"""The payload's texts for people and installers that do not know parity. Pure functions."""

from __future__ import annotations

import textwrap

from parity.model import Lock, LockedWheel, Target
from parity.pack.contents import WHEELS
from parity.pack.pips import oldest_pip
from parity.portable.installers.registry import INSTALLERS
from parity.portable.texts import plain, toml

STOCK_CHECK = """\
dd if="$BUNDLE" bs=512 skip=1 count=127 2>/dev/null >env
sed 's/.*"payload":"\\([^"]*\\)".*/\\1/' env | base64 -d >st
name=$(openssl pkey -pubin -in "$KEY" -outform DER | openssl dgst -sha256 | sed 's/.* //')
sed -n 's/.*"keyid":"'$name'","sig":"\\([^"]*\\)".*/\\1/p' env | base64 -d >sig
T=application/vnd.in-toto+json
{ printf 'DSSEv1 %d %s %d ' ${#T} $T $(wc -c <st); cat st; } >pae
openssl dgst -sha256 -verify "$KEY" -signature sig pae &&
signed=$(sed 's/.*"subject":\\[{"digest":{"sha256":"\\([0-9a-f]*\\)".*/\\1/' st) &&
found=$(tail -c +65537 "$BUNDLE" | openssl dgst -sha256 | sed 's/.* //') &&
[ "$signed" = "$found" ] && echo "payload: $found OK"
"""
"""POSIX shell lines that check `$BUNDLE` against the public key file `$KEY` with stock tools.

They write the files env, st, sig and pae into the current folder; the last line prints OK and the
exit code is 0 when, and only when, that key's signature and the payload are right. Of several signatures
they take the key's own, by its fingerprint.
"""

_README = """\
This folder, or the tar file that it came from, is a parity bundle: Python packages for a machine
without a network, resolved for that machine, installed once as a test with the network cut, and signed.

  made for      {os_id} {os_version}, {arch}, {libc}, Python {python}
  packages      {count}, listed in requirements.txt
  the test      proof.json says what was installed and imported
{stand_in}
1. Check who made it

Do this first, with the tar file, before you unpack or run anything from it. You need the sender's
public key, and it must have reached you by another way than this bundle: whoever could alter the
bundle could alter a key or an instruction inside it, this text too. The key's fingerprint, to compare
with the sender by telephone, is what this prints:

  openssl pkey -pubin -in SENDER.pub -outform DER | sha256sum

On a machine that has parity:

  parity verify BUNDLE.parity.tar --key SENDER.pub

On any other, with dd, sed, base64 and openssl (1.1.1 or later), in an empty folder, with sh:

  BUNDLE=/path/to/BUNDLE.parity.tar KEY=/path/to/SENDER.pub
{stock_check}
It must print "Verified OK" and then a line that ends with "OK". Anything else: do not use the bundle.
The lines check the signature by the key that KEY names, whoever else has signed. Where several people
must have signed, run them once with each one's key (or: parity verify --key A --key B --threshold 2).

2. Install

  tar xf BUNDLE.parity.tar
  cd parity-bundle
  sh install.sh PREFIX

Unpacking makes one folder, parity-bundle, which must not be there yet, and can go once all is installed.
PREFIX is a new or empty folder. The packages' environment is made there, for every user of the
machine, whatever your umask; make the folder first, with mode 0700, to keep it to yourself.
{installer}
No network is used. On a machine that the bundle was not made for, it says so and does nothing.

Or with pip ({pip} or later), into an environment of your own:

  pip install --no-index --find-links wheels --require-hashes -r requirements.txt
{pip_note}
Or from the lock, whose hashes are checked too: pip (26.1 or later) or uv

  pip install --no-index -r pylock.toml
  uv pip install --offline --no-index -r pylock.toml
{project}{besides}
3. Start it, update it, go back, remove it

  PREFIX/current/bin/python             the Python that has the packages, for a service or a script
  PREFIX/current/bin/COMMAND            a program that one of them brings
  . PREFIX/current/bin/activate         both, for a shell of yours

Nothing else of the machine is changed. In this folder, or that of any other bundle (COMMAND --help tells
more, and --json is for programs):

  sh install.sh installed --prefix PREFIX      list what is there; * marks what is current
  sh install.sh rollback --prefix PREFIX       go back to what was installed before
  sh install.sh uninstall --prefix PREFIX      say what would be removed; with --yes, remove it

To update, unpack the newer bundle into another folder and install it with the same PREFIX: it comes to lie
beside the older one, is tried there, and becomes current in one step. If that fails, what ran before runs on.
What is running keeps running; start it again to have the new one. What you add to PREFIX/current is not the
bundle's: it stays with the old release, and uninstalling leaves it.

4. What is inside

  manifest.json     every file with size and SHA-256; the packages; the machine it is for
  asked/            what was asked for, as it was written
  wheels/           the packages
  requirements.txt  names, versions and hashes, for pip
  pylock.toml       the same as a lock (PEP 751), for newer pip and uv
  profile.yaml      the profile it was built by
  facts.json        what was measured in the image that stood for the machine
  proof.json        what the test install saw
  install.sh        the installer, with install.py and farside/ (Python's standard library only)
  tools/            what the installer brings along, if anything
"""

_STAND_IN = """\
  BEWARE        the test ran in {image},
                which stood in for {asked}:
                neither the real image nor a machine as above was tried
"""

_PROJECT = """
Or, to work in a checkout of the project itself, with uv and without a network:

  sh install.sh --project CHECKOUT
  cd CHECKOUT
  {sync}
  .parity/uv run COMMAND

pyproject.toml is not touched. uv.lock is replaced by one that names this bundle's files; the original
lies beside it as uv.lock.before-parity, and comes back with: sh install.sh --project CHECKOUT --undo
"""


def requirements_txt(lock: Lock, libc_family: str = "glibc", note: str = "") -> str:
    """The lock for any pip, in its requirements file format: one line for each package, with its one hash.

    Args:
        lock: the packages.
        libc_family: of the target's C library.
        note: `pip_note` of the target's own pip.
    """
    # No markers, no extras: the set was resolved for one machine.
    lines = [f"{one.name}=={one.version} --hash=sha256:{one.sha256}" for one in lock.wheels]
    head = [
        f"# With pip {oldest_pip(lock.wheels, libc_family)} or later:",
        "# pip install --no-index --find-links wheels --require-hashes -r requirements.txt",
        *([f"# Beware: {note}."] if note else []),
    ]
    return "\n".join([*head, *lines, ""])


def pylock_toml(lock: Lock) -> str:
    """The lock as PEP 751 with paths relative to the unpacked bundle, no addresses in it."""
    head = [
        'lock-version = "1.0"',
        f"requires-python = {toml(lock.requires_python)}",
        f"created-by = {toml(lock.created_by)}",
        "",
    ]
    return "\n".join(head + [_pylock_package(one) for one in lock.wheels])


def readme_txt(
    lock: Lock,
    target: Target,
    installer: str,
    sync: str = "",
    *,
    pip_note: str = "",
    besides: str = "",
    stand_in: tuple[str, str] | None = None,
) -> str:
    """What whoever receives the bundle needs to know; nothing in it depends on who signs or when.

    Args:
        lock: the packages.
        target: whom the bundle is for.
        installer: what the far side installs with.
        sync: the command that syncs a carried project's checkout, empty where none is carried.
        pip_note: what users of the target's own pip must know.
        besides: sections about what else is carried.
        stand_in: (image that the rehearsal ran in, image it stood for), None where it was the real one.
    """
    return _README.format(
        os_id=target.os_id,
        os_version=target.os_version,
        arch=target.arch,
        libc=target.libc,
        python=target.python,
        count=len(lock.wheels),
        stock_check="".join(f"  {line}\n" for line in STOCK_CHECK.splitlines()),
        installer=INSTALLERS[installer].readme.format(python=target.python_minor),
        pip=oldest_pip(lock.wheels, target.libc.family),
        pip_note=_beware(pip_note),
        project=_PROJECT.format(sync=sync) if sync else "",
        besides=besides,
        stand_in=_STAND_IN.format(image=plain(stand_in[0]), asked=plain(stand_in[1])) if stand_in else "",
    )


def _beware(note: str) -> str:
    """A paragraph of its own; no name of a file is broken."""
    if not note:
        return ""
    text = textwrap.fill(f"Beware: {note}.", 98, break_on_hyphens=False, break_long_words=False)
    return f"\n{text}\n"


def _pylock_package(wheel: LockedWheel) -> str:
    size = "" if wheel.size is None else f"size = {wheel.size}, "
    said = wheel.origin.document() if wheel.origin else {}
    origin = ", ".join(f"{key} = {toml(value)}" for key, value in said.items())
    return (
        f"[[packages]]\nname = {toml(wheel.name)}\nversion = {toml(wheel.version)}\n"
        f"wheels = [{{name = {toml(wheel.filename)}, path = {toml(WHEELS + wheel.filename)}, "
        f'{size}hashes = {{sha256 = "{wheel.sha256}"}}}}]\n'
        + (f"[packages.tool.parity]\norigin = {{{origin}}}\n" if origin else "")
    )
