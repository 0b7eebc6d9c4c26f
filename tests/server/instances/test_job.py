"""Canonical questions."""

from types import SimpleNamespace

import pytest

from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from server.instances.job import Job


def job(renderer="", options=None, **fields):
    request = ImageRequest(view=View(), encoding=Encoding(format="png"), **fields)
    return Job(
        service=SimpleNamespace(),
        request=request,
        operation="x",
        renderer=renderer,
        options=options or {},
    )


def test_equal_questions_are_equal_bytes():
    first = job("a:b", {"f": "json", "g": "1"}).question()
    assert first == job("a:b", {"g": "1", "f": "json"}).question()


@pytest.mark.parametrize(
    "other",
    [
        job("a:b"),
        job("", {"f": "json"}),
        job(band_ids=(0,)),
        job(mosaic=MosaicRule(where="a = 1")),
    ],
)
def test_whatever_changes_the_answer_changes_the_question(other):
    assert other.question() != job().question()


def test_labels_are_no_part_of_the_question():
    one = job()
    other = Job(service=one.service, request=one.request, operation="y", protocol="z")
    assert one.question() == other.question()
