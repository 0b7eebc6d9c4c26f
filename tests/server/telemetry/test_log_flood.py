"""Warnings that come again and again."""

import logging
import time

from server.telemetry.log_flood import FloodFilter


def record(text, *args, level=logging.WARNING):
    return logging.LogRecord("swath.x", level, "", 0, text, args, None)


def test_a_burst_is_written_and_the_rest_counted():
    flood = FloodFilter(burst=3, window_s=0.2)
    sent = [record("tile %d was truncated", number) for number in range(50)]
    written = [each.getMessage() for each in sent if flood.filter(each)]
    assert written == [
        "tile 0 was truncated",
        "tile 1 was truncated",
        "tile 2 was truncated (more like it are counted for 0.2 s)",
    ]
    time.sleep(0.25)
    later = record("tile %d was truncated", 99)
    assert flood.filter(later)
    assert later.getMessage() == "tile 99 was truncated (and 47 more like it before)"


def test_other_warnings_and_all_errors_pass():
    flood = FloodFilter(burst=1, window_s=60)
    assert flood.filter(record("a"))
    assert not flood.filter(record("a"))
    assert flood.filter(record("b"))
    assert all(flood.filter(record("e", level=logging.ERROR)) for _ in range(5))


def test_its_memory_is_bounded():
    flood = FloodFilter()
    for number in range(2000):
        assert flood.filter(record(f"text {number}"))
    assert len(flood._kinds) <= 500
