"""Served and static indexes used by real pips and uv on machines with a private network, or none."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.bundles import FILES, MadeBundle, lock_of, make_bundle, texts_of
from tests.support.cli import Parity, written_environment
from tests.support.engine import ROOT
from tests.support.lan import MEDIA, Box, Lan, lan
from tests.support.served import some_wheels
from tests.support.tools import pip_wheel
from tests.support.unpacked import uv_wheel

from parity.docker_engine import DockerEngine
from parity.farside.index.client_config import pip_conf, uv_toml
from parity.model import PinnedImage
from parity.pack import requirements_txt
from parity.pack.draft import farside_files

Outcome = tuple[int, str]
"""Exit code and output."""
RESOLVE = "--dry-run --ignore-installed --break-system-packages --no-cache-dir --disable-pip-version-check"
IMAGES = {"20.3.4": "debian11", "23.0.1": "debian12", "25.1.1": "debian13"}
CODE = "import alpha, gamma_x, sys; print(alpha.version, gamma_x.version)"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeBundle:
    """A bundle that carries the far side's real code."""
    folder = tmp_path_factory.mktemp("bundle")
    wheels = {path.name: path.read_bytes() for path in some_wheels(folder / "w")}
    code = {file.path: b"".join(file.open()) for file in farside_files() if file.open}
    return make_bundle(folder, files={**FILES, **texts_of(wheels), **code}, wheels=wheels)


@pytest.fixture(scope="module")
def media(made: MadeBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is carried: the bundle, the key, uv, today's pip, and requirements with hashes."""
    folder = tmp_path_factory.mktemp("media")
    shutil.copy(made.path, folder / "bundle.tar")
    (folder / "sender.pub").write_bytes(made.key.public.pem)
    wheels = {path.removeprefix("wheels/"): data for path, data in made.files.items() if "wheels/" in path}
    good = requirements_txt(lock_of(wheels))
    (folder / "requirements.txt").write_text(good)
    (folder / "wrong.txt").write_text(re.sub("sha256:[0-9a-f]{8}", "sha256:00000000", good))
    with zipfile.ZipFile(uv_wheel()) as archive:
        (folder / "uv").write_bytes(archive.read(next(n for n in archive.namelist() if n.endswith("/uv"))))
    (folder / "uv").chmod(0o755)
    shutil.copy(pip_wheel(), folder)
    certificate(folder)
    return folder


def certificate(folder: Path) -> None:
    """A CA, and the certificate of the server under the name that the clients know."""
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    make += ["-days", "2"]
    ca = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA"]
    leaf = [
        "-keyout",
        "tls.key",
        "-out",
        "tls.pem",
        "-subj",
        "/CN=index",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
    ]
    leaf += ["-addext", "subjectAltName=DNS:index", "-addext", "basicConstraints=critical,CA:FALSE"]
    for words in (ca, leaf):
        subprocess.run([*make, *words], check=True, capture_output=True, cwd=folder)
    (folder / "ca.key").unlink()
    (folder / "tls.key").chmod(0o644)


@pytest.fixture(scope="module")
def network(engine: DockerEngine) -> Iterator[Lan]:
    with lan(engine) as found:
        yield found


@pytest.fixture(scope="module")
def server(network: Lan, debian11: PinnedImage, media: Path) -> Iterator[Box]:
    """A stock Debian 11 that serves with nothing but what travels in the bundle, plain and over TLS."""
    with network.box(debian11, media, "index") as box:
        box.says(
            "sh",
            "-c",
            "mkdir /tmp/s && cd /tmp/s && tar xf /media/parity/bundle.tar parity-bundle/farside",
        )
        command = "cd /tmp/s; PYTHONPATH=parity-bundle exec python3 -m farside.serving serve"
        command += f" {MEDIA}/bundle.tar --key {MEDIA}/sender.pub"
        box.begin("sh", "-c", f"{command} --bind 0.0.0.0:8080 >/tmp/out 2>/tmp/log")
        tls = f"--tls-cert {MEDIA}/tls.pem --tls-key {MEDIA}/tls.key"
        box.begin("sh", "-c", f"{command} --bind :8443 {tls} >/tmp/out-tls 2>/tmp/log-tls")
        for _ in range(100):
            if (
                box.run("grep", "-q", "serving", "/tmp/out")[0]
                + box.run("grep", "-q", "s", "/tmp/out-tls")[0]
                == 0
            ):
                break
            time.sleep(0.1)
        yield box


def install_with_pip(box: Box, conf: str, pip: str = "", requirements: str = "requirements.txt") -> Outcome:
    """`pip install --require-hashes` into /tmp/t, with nothing but that configuration."""
    tool = f"{MEDIA}/{pip}/pip" if pip else "-m pip"
    script = f"""rm -rf /tmp/t; printf %s "$CONF" >/tmp/pip.conf
        exec python3 {tool} install --target /tmp/t --no-cache-dir --disable-pip-version-check \\
        --require-hashes -r {requirements}"""
    environment = {"CONF": conf, "PIP_CONFIG_FILE": "/tmp/pip.conf", "HOME": "/tmp"}
    return box.run("sh", "-c", script, environment=environment)


def install_with_uv(
    box: Box, toml: str, requirements: str = "requirements.txt", **environment: str
) -> Outcome:
    """`uv pip install --require-hashes` into /tmp/t, with nothing but that configuration."""
    script = f"""rm -rf /tmp/t; printf %s "$CONF" >/tmp/uv.toml
        exec {MEDIA}/uv pip install --target /tmp/t --no-cache --require-hashes --python /usr/bin/python3 \\
        -r {requirements}"""
    environment = {"CONF": toml, "UV_CONFIG_FILE": "/tmp/uv.toml", "HOME": "/tmp", **environment}
    return box.run("sh", "-c", script, environment=environment)


def check_installed(box: Box, outcome: Outcome) -> None:
    assert outcome[0] == 0, outcome[1]
    assert box.says("python3", "-c", CODE, environment={"PYTHONPATH": "/tmp/t"}).split() == ["1.0", "0.1"]


@pytest.mark.engine
@pytest.mark.parametrize("version", IMAGES)
def test_pips_and_uv_install_from_a_served_bundle(
    request: pytest.FixtureRequest, network: Lan, server: Box, media: Path, version: str
) -> None:
    url = "http://index:8080/simple/"
    with network.box(request.getfixturevalue(IMAGES[version]), media) as box:
        assert f"pip {version} " in box.says("python3", "-m", "pip", "--version")
        check_installed(box, install_with_pip(box, pip_conf(url)))
        check_installed(box, install_with_uv(box, uv_toml(url)))
        for code, said in (
            install_with_pip(box, pip_conf(url), requirements="wrong.txt"),
            install_with_uv(box, uv_toml(url), "wrong.txt"),
        ):
            assert code != 0
            assert "hash" in said.lower()
        if version == "25.1.1":
            check_installed(box, install_with_pip(box, pip_conf(url), pip_wheel().name))
            assert box.run("python3", "-c", "import socket; socket.create_connection(('192.0.2.1', 80), 3)")[
                0
            ]
    log = server.says("cat", "/tmp/log")
    assert '/files/alpha-1.0-py3-none-any.whl HTTP/1.1" 200' in log
    assert " 500 " not in log
    assert "failed" not in log


@pytest.mark.engine
def test_metadata_saves_the_download_while_resolving(
    network: Lan, server: Box, media: Path, debian13: PinnedImage
) -> None:
    with network.box(debian13, media) as box:
        before = server.says("cat", "/tmp/log").count("\n")
        url = "http://index:8080/simple/"
        environment = {"PIP_INDEX_URL": url, "PIP_TRUSTED_HOST": "index", "HOME": "/tmp"}
        pip = ["python3", "-m", "pip", "install", "-q", *RESOLVE.split(), "--report", "-", "gamma-X"]
        report = box.says(*pip, environment=environment)
        found = {
            item["metadata"]["name"]: item["metadata"]["version"] for item in json.loads(report)["install"]
        }
        assert found == {"gamma_x": "0.1", "alpha": "1.0", "Beta.Lib": "2.5+linux.pure"}
        box.says(
            f"{MEDIA}/uv", "pip", "compile", "-q", "--default-index", url, "--no-cache", "requirements.txt"
        )
        lines = server.says("cat", "/tmp/log").splitlines()[before:]
        assert sum('.whl.metadata HTTP/1.1" 200' in line for line in lines) == 6
        # pip downloads at the end of a dry run, each once; uv nothing at all
        assert sum('.whl HTTP/1.1" 2' in line for line in lines) == 3


@pytest.mark.engine
def test_pip_and_uv_install_over_tls(network: Lan, server: Box, media: Path, debian11: PinnedImage) -> None:
    url = "https://index:8443/simple/"
    ca = f"{MEDIA}/ca.pem"
    with network.box(debian11, media) as box:
        check_installed(box, install_with_pip(box, pip_conf(url, ca)))
        check_installed(box, install_with_uv(box, uv_toml(url, ca), SSL_CERT_FILE=ca))
        assert install_with_uv(box, uv_toml(url))[0] != 0


@pytest.mark.engine
def test_pips_and_uv_install_from_a_folder_without_any_network(
    engine: DockerEngine, request: pytest.FixtureRequest, made: MadeBundle, media: Path, tmp_path: Path
) -> None:
    key = tmp_path / "sender.pub"
    key.write_bytes(made.key.public.pem)
    written = Parity(tmp_path).run("index", made.path, media / "my index", "--key", key, "--json").document
    assert len(written["wheels"]) == 3
    url = f"file://{MEDIA}/my%20index/simple/"
    with lan(engine, connected=False) as nowhere:
        for version, image in IMAGES.items():
            with nowhere.box(request.getfixturevalue(image), media) as box:
                check_installed(box, install_with_pip(box, pip_conf(url)))
                check_installed(box, install_with_uv(box, uv_toml(url)))
                assert install_with_pip(box, pip_conf(url), requirements="wrong.txt")[0] != 0
                assert install_with_uv(box, uv_toml(url), "wrong.txt")[0] != 0
                if version == "25.1.1":
                    check_installed(box, install_with_pip(box, pip_conf(url), pip_wheel().name))


# --- the command, on this machine -------------------------------------------------------------------------


def start(home: Path, *words: str | Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """Start `parity serve --json` on a free port; gives the process and what it announced."""
    command = [sys.executable, "-m", "parity", "serve", *map(str, words), "--bind", "127.0.0.1:0", "--json"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=written_environment(home),
        cwd=ROOT,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    return process, json.loads("".join(lines))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_a_signal_and_ends_well(
    made: MadeBundle, tmp_path: Path, number: signal.Signals
) -> None:
    key = tmp_path / "sender.pub"
    key.write_bytes(made.key.public.pem)
    process, announced = start(tmp_path, made.path, made.path, "--key", key)
    with process:
        with urllib.request.urlopen(  # noqa: S310 - our own
            announced["index_url"] + "beta.lib"
        ) as page:
            assert b"linux.pure" in page.read()
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        assert lines[0].startswith("2 bundles: verify: ")
        assert lines[-1] == "stopped"


def test_the_command_refuses_what_it_cannot_trust_or_serve(made: MadeBundle, tmp_path: Path) -> None:
    parity = Parity(tmp_path)
    stranger = parity.run("keygen", tmp_path / "stranger.key")
    assert stranger.code == 0, stranger.stderr
    key = tmp_path / "sender.pub"
    key.write_bytes(made.key.public.pem)
    broken = tmp_path / "broken.tar"
    broken.write_bytes(made.path.read_bytes()[:-700] + b"x" * 700)
    for words, kind in (
        ((made.path, "--key", tmp_path / "stranger.key.pub"), "SignatureInvalid"),
        ((broken, "--key", key), "BundleDamaged"),
        ((tmp_path / "none.tar", "--key", key), "BundleUnreadable"),
        ((made.path, "--key", key, "--bind", "nonsense:port"), "ServeFailed"),
        ((made.path, "--key", key, "--tls-cert", key), "OptionConflict"),
        ((made.path, "--key", key, "--tls-cert", key, "--tls-key", key), "ServeFailed"),
    ):
        assert parity.run("serve", *words, "--json").error["kind"] == kind
    assert parity.run("index", made.path, "--key", key, "--json").error["kind"] == "OptionConflict"
    assert parity.run("index", made.path, tmp_path, "--key", key, "--json").error["kind"] == "PrefixInUse"
    assert parity.run("pip-conf", "http://u:p@h/", "--json").error["kind"] == "NoIndexThere"
    assert "index-url = http://h:1/simple/" in parity.run("pip-conf", "http://h:1").stdout
    assert '[[index]]\nurl = "http://h:1/simple/"' in parity.run("pip-conf", "--uv", "http://h:1").stdout
