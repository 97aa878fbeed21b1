"""Serving bundles where parity itself is not installed; ships as `farside/serving.py` in every bundle.

    tar xf BUNDLE parity-bundle/farside
    PYTHONPATH=parity-bundle python3 -m farside.serving serve BUNDLE --key sender.pub --bind :8080

(The code that runs is then the bundle's own: it should have been verified by other means first.)
"""

import importlib
import sys

if __name__ == "__main__":
    sys.exit(importlib.import_module((__package__ or "") + ".farside.cli.serve").main())
