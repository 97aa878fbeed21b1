"""Whether two spellings mean one licence: SPDX expressions (PEP 639), and what was written before them. Pure.

Only spellings that leave no doubt are taken as equal: `BSD License` may be any of several licences.
"""

from __future__ import annotations

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_SPELLINGS = {
    "MIT": ("mit license", "the mit license", "mit licence", "expat"),
    "Apache-2.0": (
        "apache software license",
        "apache 2.0",
        "apache license 2.0",
        "apache license, version 2.0",
        "apache license version 2.0",
        "apache 2.0 license",
        "apache2",
    ),
    "BSD-3-Clause": ("3-clause bsd license", "bsd 3-clause", "bsd 3-clause license", "new bsd license"),
    "BSD-2-Clause": ("2-clause bsd license", "bsd 2-clause", "bsd 2-clause license"),
    "ISC": ("isc license", "isc license (iscl)"),
    "MPL-2.0": ("mozilla public license 2.0 (mpl 2.0)", "mpl 2.0"),
    "PSF-2.0": ("python software foundation license",),
    "Unlicense": ("the unlicense (unlicense)",),
}
_KNOWN = {spelling: spdx for spdx, spellings in _SPELLINGS.items() for spelling in spellings}


def same_licence(one: str, other: str) -> bool:
    """Whether both texts name the same licence for certain; two empty ones do."""
    return _key(one) == _key(other)


def _key(text: str) -> str:
    line = " ".join(text.split())
    known = _KNOWN.get(line.lower(), line)
    try:
        return canonicalize_license_expression(known)
    except InvalidLicenseExpression:
        return line.lower()
