"""The installers that are known, by the name that profiles and manifests call them."""

from typing import Dict

from .installer import Installer
from .pip import ByPip
from .uv import ByUv

INSTALLERS: Dict[str, Installer] = {each.name: each for each in (ByUv(), ByPip())}
