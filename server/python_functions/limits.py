"""What a registered function may take."""

from __future__ import annotations

import msgspec


class FunctionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of each process in which a function runs.

    Attributes
    ----------
    time_s, start_s : float
        Of one call; of the first one, in which the file and what it imports are loaded.
    memory_mb : int
        Beyond what the interpreter and numpy take.
    workers : int
        Processes of one instance at most; others wait until one is idle.
    """

    time_s: float = 10.0
    start_s: float = 30.0
    memory_mb: int = 256
    workers: int = 2
