"""The notes of one request add up over stages and threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from engine.budget import UNLIMITED
from engine.errors import Cancelled
from engine.render_work import Work

if TYPE_CHECKING:
    from engine.service import ImageService


def test_a_stage_is_noted_even_where_it_fails(pair: ImageService) -> None:
    work = Work(pair, UNLIMITED)
    with pytest.raises(Cancelled), work.stage("plan"):
        raise Cancelled
    assert work.stages["plan"] >= 0


def test_times_of_one_stage_add_up(pair: ImageService) -> None:
    work = Work(pair, UNLIMITED)
    start = time.perf_counter() - 1.0
    work.add("blocks", start)
    work.add("blocks", start)
    assert work.stages["blocks"] >= 2000


def test_what_another_thread_did_is_added(pair: ImageService) -> None:
    one = Work(pair, UNLIMITED, {"grid": 1.0}, ["a"], 10)
    one.take(Work(pair, UNLIMITED, {"grid": 2.0, "sample": 4.0}, ["b"], 5))
    assert one.stages == {"grid": 3.0, "sample": 4.0}
    assert (one.skipped, one.filled) == (["a", "b"], 15)
