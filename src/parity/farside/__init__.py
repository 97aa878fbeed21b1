"""What runs on the disconnected machine: verify and install; standard library, Python 3.6 and later."""

__version__ = "0.1.0"
