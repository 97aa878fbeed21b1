"""The engine protocol over the Docker SDK; nothing else imports docker."""

from parity.docker_engine.client import connect
from parity.docker_engine.engine import DockerEngine

__all__ = ["DockerEngine", "connect"]
