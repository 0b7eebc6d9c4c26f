"""What the system says of this process, and of one that has ended."""

import os

from server.metrics.process_stats import cpu_seconds, open_files, proportional_bytes

GONE = 2**22 + 1


def test_this_process_has_a_size_a_time_and_files():
    assert proportional_bytes("self") > 1_000_000
    assert 0 < cpu_seconds(os.getpid()) <= os.times().user + os.times().system + 1
    assert open_files("self") >= 3


def test_a_process_that_has_ended_has_none():
    assert proportional_bytes(GONE) is None
    assert cpu_seconds(GONE) is None
    assert open_files(GONE) is None
