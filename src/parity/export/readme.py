"""What travels beside an image or an environment for whoever receives it: what to type. Pure."""

from __future__ import annotations

_GEMS = """\

   Its Ruby gems are found where it lies, so after a move with the new path, by

    export GEM_HOME={home} PATH={home}/bin:$PATH
"""


def image_readme(file: str, name: str, user: str, on_site: str, stock_check: str) -> str:
    """README.txt of an image.

    Args:
        file: the name of the file that it travels in.
        name: the reference that it gets where it is loaded.
        user: who runs in it.
        on_site: the reference by digest of the base that is not in the file, empty where it is.
        stock_check: shell lines that verify the file with openssl alone.
    """
    before = (
        f"\nIts base is not in this file. Bring it first:\n\n    docker pull {on_site}\n" if on_site else ""
    )
    checked = "".join(f"    {line}\n" for line in stock_check.splitlines())
    return f"""\
A container image of parity, with a signature in front of it.

1. Verify it, and load what was verified. parity-farside.py and the sender's public key come by another way:

    python3 parity-farside.py load {file} --key SENDER.pub --with docker

   --with podman and --with ctr do the same (ctr: --namespace k8s.io for Kubernetes).
{before}
   Without parity-farside.py: what loads it lies in the file, too. It verifies every byte before it loads, but
   nobody has looked at itself until then. So first, with the machine's own openssl:

    BUNDLE={file} KEY=SENDER.pub
{checked}
   That must end with OK. Then:

    tar -xf {file} parity-image
    sh parity-image/install.sh --load docker --key SENDER.pub

   --load podman and --load ctr likewise. It takes the image beside the folder, or the file that is named.

2. Run it: it is user {user}, its root file system needs no writing:

    docker run --rm --read-only --tmpfs /tmp {name}

The file is an OCI layout, too: `docker load -i`, `podman load -i`, `skopeo copy oci-archive:FILE DESTINATION`
and `ctr images import` take it as it is. None of them looks at the signature.
"""


def environment_readme(
    file: str, prefix: str, script: str, stock_check: str, python: str = "", gems: str = ""
) -> str:
    """README.txt of an environment.

    Args:
        file: the name of the file that it travels in.
        prefix: where it works as it is.
        script: the name of what makes it work elsewhere.
        stock_check: shell lines that verify the file with openssl alone.
        python: the version of the interpreter that it carries; empty where it uses the machine's.
        gems: the folder in it that holds Ruby gems; empty for none.
    """
    above, _, name = prefix.rpartition("/")
    checked = "".join(f"    {line}\n" for line in stock_check.splitlines())
    # Who gets an interpreter may have none to verify with.
    without = f"""\

   Where there is no Python, with the machine's own openssl, which must end with OK:

    BUNDLE={file} KEY=SENDER.pub
{checked}"""
    begin = f"mkdir -p {above}\n    " if above else ""
    used = (
        "It uses the Python of the machine that it was made for; manifest.json beside this file says which."
    )
    brought = f"""\
It brings its own Python {python} (in {name}/python) and uses none of the machine: it was tried where that was
hidden. manifest.json beside this file has the SHA-256 of the archive that the interpreter came from."""
    return f"""\
The finished environment of a parity bundle, with a signature in front of it.

1. Verify it. parity-farside.py and the sender's public key come by another way:

    python3 parity-farside.py verify {file} --key SENDER.pub
{without if python else ""}
2. Unpack it with tar alone; it works at {prefix}:

    {begin}tar -xf {file} -C {above or "/"} {name}
    {prefix}/bin/python

   Elsewhere: move the folder, then, each time, with a shell alone:

    sh {name}/{script}
{_GEMS.format(home=f"{prefix}/{gems}") if gems else ""}
{brought if python else used}
tar looks at no signature.
"""
