"""Questions that took instances down."""

import logging

import msgspec
import pytest

from engine.errors import Quarantined
from server.instances.frames import Task, encode_task
from server.instances.quarantine import Quarantine

HOLD_S = 600.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def question(version="v1", request="tile 1"):
    task = Task(
        service="folder/name",
        version=version,
        path="/none",
        renderer="",
        options={},
        request=msgspec.Raw(msgspec.msgpack.encode(request)),
    )
    return encode_task(task)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def quarantine(clock):
    return Quarantine(HOLD_S, clock)


def test_the_second_loss_has_a_question_refused_and_logged_once(quarantine, caplog):
    with caplog.at_level(logging.ERROR):
        assert quarantine.blame(question()) == ""
        assert quarantine.check(question()) == 1
        reference = quarantine.blame(question())
        for _ in range(3):
            with pytest.raises(Quarantined, match=reference):
                quarantine.check(question())
        assert quarantine.blame(question()) == reference
    assert (quarantine.quarantined, quarantine.refused) == (1, 3)
    (record,) = caplog.records
    assert reference in record.getMessage()
    assert "folder/name" in record.getMessage()
    assert "tile 1" in record.getMessage()


def test_other_questions_and_other_versions_pass(quarantine):
    quarantine.blame(question())
    quarantine.blame(question())
    assert quarantine.check(question(request="tile 2")) == 0
    assert quarantine.check(question(version="v2")) == 0


def test_it_ends_by_itself(quarantine, clock):
    quarantine.blame(question())
    quarantine.blame(question())
    clock.now += HOLD_S - 1
    with pytest.raises(Quarantined):
        quarantine.check(question())
    clock.now += 1
    assert quarantine.check(question()) == 0
    assert len(quarantine) == 0


def test_losses_long_ago_do_not_count(quarantine, clock):
    quarantine.blame(question())
    clock.now += HOLD_S
    assert quarantine.blame(question()) == ""


def test_an_answered_question_is_forgiven(quarantine):
    quarantine.blame(question())
    quarantine.forgive(question())
    assert quarantine.check(question()) == 0
    assert quarantine.blame(question()) == ""


def test_nothing_is_refused_where_it_is_switched_off(clock):
    off = Quarantine(0.0, clock)
    assert [off.blame(question()) for _ in range(5)] == [""] * 5
    assert off.check(question()) == 0


def test_memory_is_bounded_whatever_is_asked(quarantine):
    for number in range(10_000):
        quarantine.blame(question(request=number))
    assert len(quarantine) < 5000
    assert quarantine.check(question(request=9_999)) == 1


def test_a_question_of_megabytes_is_told_by_its_size(quarantine, caplog):
    large = question(request="x" * 1_000_000)
    quarantine.blame(large)
    quarantine.blame(large)
    assert len(caplog.records[-1].getMessage()) < 300
