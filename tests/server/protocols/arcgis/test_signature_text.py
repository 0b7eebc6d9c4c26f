"""Signature files read back line by line."""

from __future__ import annotations

import pytest

from engine.measurements import ClassStatistics, ClassStatisticsResult
from server.protocols.arcgis.signature_text import signature_text

WATER = ClassStatistics(
    id=3, name="Deep water", count=120, means=(10.5, 20.25), covariances=((4.0, -1.5), (-1.5, 9.0))
)
EMPTY = ClassStatistics(
    id=4, name="Nothing", count=0, means=(0.0, 0.0), covariances=((0.0, 0.0), (0.0, 0.0))
)


def _numbers(text: str) -> list[list[str]]:
    """Return the words of lines that are no remark."""
    return [line.split() for line in text.splitlines() if line and not line.startswith(("#", "/*"))]


def test_classes_layers_means_and_covariances_stand_where_readers_look() -> None:
    head, named, means, *rows = _numbers(
        signature_text(ClassStatisticsResult(classes=(WATER,)), "s")
    )
    assert head == ["1", "1", "2", "2"]
    assert named == ["3", "120", "Deep", "water"]
    assert [float(word) for word in means] == [10.5, 20.25]
    assert [[float(word) for word in row] for row in rows] == [[1, 4.0, -1.5], [2, -1.5, 9.0]]


def test_classes_without_a_pixel_are_left_out() -> None:
    lines = _numbers(signature_text(ClassStatisticsResult(classes=(EMPTY, WATER)), "s"))
    assert lines[0] == ["1", "1", "2", "2"]
    assert [line[0] for line in lines].count("4") == 0


def test_layers_are_named_and_counted() -> None:
    text = signature_text(ClassStatisticsResult(classes=(WATER,)), "demo/hills")
    assert "demo/hills" in text.splitlines()[0]
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("/*")] == [
        "2",
        "Band_1",
        "Band_2",
    ]
    assert _numbers(signature_text(ClassStatisticsResult(classes=()), "s")) == [
        ["1", "0", "0", "0"]
    ]


@pytest.mark.parametrize("value", [1e300, -1e-300, float("nan")])
def test_numbers_of_any_size_are_one_word_each(value: float) -> None:
    odd = ClassStatistics(id=1, name="a", count=2, means=(value,), covariances=((value,),))
    lines = _numbers(signature_text(ClassStatisticsResult(classes=(odd,)), "s"))
    assert [len(line) for line in lines] == [4, 3, 1, 2]
