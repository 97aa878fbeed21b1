"""Asks for its build requirements the old way, and looks around while it is built."""

import os
import socket

from setuptools import setup

with open("built.txt", "w") as file:
    file.write("root\n" if os.getuid() == 0 else "nobody\n")
    file.write(",".join(sorted(name for name in os.environ if "TOKEN" in name or "PASSWORD" in name)) + "\n")
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=2)
        file.write("network\n")
    except OSError as error:
        file.write(f"cut off: {error.strerror}\n")

setup(
    name="pathdep",
    version="0.3",
    py_modules=["pathdep"],
    data_files=[("share/pathdep", ["built.txt"])],
)
