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


def kill(quarantine, number, service="folder/name"):
    """Lose instances to a question until it is refused; return how many."""
    losses = 0
    while True:
        try:
            quarantine.check(question(request=number), service)
        except Quarantined:
            return losses
        quarantine.blame(question(request=number), service)
        losses += 1


def test_the_fourth_deadly_question_about_a_service_costs_one_instance(quarantine, clock, caplog):
    assert [kill(quarantine, number) for number in range(6)] == [2, 2, 2, 1, 1, 1]
    assert sum("run alone" in record.getMessage() for record in caplog.records) == 1
    # Not yet asked: it shall run alone. Another service's need not.
    assert quarantine.check(question(request=7), "folder/name") == 1
    assert quarantine.check(question(request=7), "other") == 0
    clock.now += 61
    assert quarantine.check(question(request=7), "folder/name") == 0
    assert kill(quarantine, 8) == 2


def test_deadly_questions_that_are_rare_give_no_ill_fame(quarantine, clock):
    lost = []
    for number in range(5):
        lost.append(kill(quarantine, number))
        clock.now += 61
    assert lost == [2] * 5
