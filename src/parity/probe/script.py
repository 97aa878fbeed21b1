"""The probe as one file to carry to a target: the far side's own sources, readable, and a small loader.

Python 2 compiles a whole file before it runs the first line, so the sources stand in it as text:
everything outside them is valid in both, and the version is looked at before anything is compiled.
"""

from __future__ import annotations

from importlib import resources

from parity import __version__

# In the order in which they import each other.
_MODULES = ("platformtags", "facts", "probe")
_QUOTES = "'''"

_HEAD = '''\
#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""Measures the machine that it is run on, for parity @VERSION@.

    python3 probe.py -o facts.json

Run it with the interpreter that will run the software, and bring facts.json back. It needs Python 3.6 or
later and nothing else, uses no network, notes no host name (but the interpreter's path), and writes only
the file after -o.
"""

import sys

if sys.version_info < (3, 6):
    sys.stderr.write(
        "parity: this is Python %d.%d; the probe needs 3.6 or later\\n"
        "parity: what to do: run it with the Python that will run the software, such as: python3 probe.py\\n"
        % sys.version_info[:2]
    )
    sys.exit(31)

# What lies beside this file must not stand in for the standard library.
if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    del sys.path[0]

import types

'''

_TAIL = """\


def load(name, source):
    module = types.ModuleType("parity_probe." + name)
    module.__package__ = "parity_probe"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, "probe.py/" + name + ".py", "exec"), module.__dict__)
    return module


package = sys.modules["parity_probe"] = types.ModuleType("parity_probe")
package.__path__ = []
load("platformtags", PLATFORMTAGS)
load("facts", FACTS)
sys.exit(load("probe", PROBE).main())
"""


def probe_script() -> str:
    """The file's text: the same for the same version of parity.

    It prints what `portable.machine.facts.measure` gives, as JSON; Python 3.6 and later, standard library.
    """
    sources = (_embedded(name) for name in _MODULES)
    return "\n\n".join([_HEAD.replace("@VERSION@", __version__).rstrip("\n"), *sources]) + "\n" + _TAIL


def _embedded(name: str) -> str:
    source = resources.files("parity.portable.machine").joinpath(f"{name}.py").read_text(encoding="utf-8")
    if _QUOTES in source or not source.endswith("\n"):
        raise AssertionError(f"portable/machine/{name}.py cannot stand between triple quotes")
    return f"{name.upper()} = r{_QUOTES}{source}{_QUOTES}"
