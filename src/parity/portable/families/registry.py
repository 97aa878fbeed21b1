"""The families that are known, by the name that locks and manifests call them. Nothing else lists them."""

from typing import Dict

from .apk import Apk
from .deb import Deb
from .family import Family
from .rpm import Rpm

FAMILIES: Dict[str, Family] = {each.name: each for each in (Deb(), Rpm(), Apk())}
