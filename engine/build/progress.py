"""How long work tells how far it is: a callback; what is drawn from it is the caller's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

# stage in words, units done, units in all (0 = not known)
Progress: TypeAlias = Callable[[str, int, int], None]


def no_progress(stage: str, done: int, total: int) -> None:
    """Take no notice."""
    del stage, done, total
