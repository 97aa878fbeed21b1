"""Remove what this user left where everybody may write; nothing of it runs any more.

Job:
    {}
Result:
    {}
"""

from typing import TYPE_CHECKING

from ..confinement import leftovers
from ..events import Emit

if TYPE_CHECKING:
    from ...wire.rehearsing import Nothing


def main(job: "Nothing", emit: Emit) -> "Nothing":
    """Remove; see the module's docstring."""
    del job, emit
    leftovers.clear_shared()
    return {}
