"""Work without a clock is never stopped; shares of memory are positive."""

from __future__ import annotations

import math

from engine.budget import UNLIMITED, InstanceMemory


def test_the_unlimited_budget_never_ends() -> None:
    UNLIMITED.check()
    assert UNLIMITED.remaining_s() == math.inf


def test_an_instance_fills_less_than_a_gigabyte_unless_told_otherwise() -> None:
    memory = InstanceMemory()
    shares = [getattr(memory, name) for name in memory.__struct_fields__]
    assert all(share > 0 for share in shares)
    assert sum(shares) < 1 << 30
