"""What a task says while it works."""

from typing import Callable, Dict

Emit = Callable[[Dict[str, object]], None]
"""Tells the near side of one event: `event` is its name."""
