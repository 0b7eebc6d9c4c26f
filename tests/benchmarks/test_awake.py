"""Cores are kept awake by processes that run behind all others, and no longer than asked."""

import os
from pathlib import Path

from benchmarks.awake import awake_cores
from tests.server.live_sources import wait_for


def test_one_spins_on_each_core_behind_all_others_and_ends():
    with awake_cores() as pids:
        assert len(pids) == len(os.sched_getaffinity(0))
        wait_for(lambda: all(os.sched_getscheduler(pid) == os.SCHED_IDLE for pid in pids))
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
