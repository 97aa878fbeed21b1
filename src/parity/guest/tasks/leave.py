"""Remove what this user left where everybody may write; nothing of it runs any more.

Job:
    {}
Result:
    {}
"""

from typing import Any, Callable, Dict

from ..confinement import leftovers


def main(job: Dict[str, Any], emit: Callable[[Dict[str, Any]], None]) -> Dict[str, Any]:
    """Remove; see the module's docstring."""
    del job, emit
    leftovers.clear_shared()
    return {}
