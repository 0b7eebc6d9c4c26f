"""What of the pools may change while they run."""

from __future__ import annotations

import msgspec

from server.instances.instance import InstanceOrder
from server.instances.recycling import RecyclingLimits


class QueueOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how many may wait.

    Attributes
    ----------
    hang_s : float
        An instance silent for so long after a deadline is killed.
    quarantine_s : float
        A request that took two instances down is refused for so long; 0 = it never is.
    """

    max_queue: int = 1024
    usage_timeout_s: float = 600.0
    wait_timeout_s: float = 60.0
    hang_s: float = 10.0
    quarantine_s: float = 600.0


class PoolsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How many instances there are, what they are told, and what may wait for them.

    Attributes
    ----------
    instances : int
        Of the shared pool.
    template : InstanceOrder
        What each instance is told, but for its number. Instances that were told otherwise are renewed.
    """

    instances: int
    template: InstanceOrder = InstanceOrder(number=0)
    queueing: QueueOptions = QueueOptions()
    recycling: RecyclingLimits = RecyclingLimits()
