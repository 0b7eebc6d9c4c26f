"""Expressions of users: what they mean, and that no text does harm."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.expressions.evaluate import expression_pass
from engine.expressions.grammar import FUNCTIONS, MOST_DEPTH, expression_of
from engine.expressions.operations import OPERATIONS
from engine.expressions.tree import Expression, Sample
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

BANDS = {"b1": 3.0, "b2": 4.0, "b3": 0.0}


def _name(name: str) -> Expression | None:
    found = list(BANDS).index(name.casefold()) if name.casefold() in BANDS else None
    return None if found is None else Sample(0, found)


def _value(text: str) -> float:
    data = np.array(list(BANDS.values())).reshape(-1, 1, 1)
    block = PixelBlock(data, np.ones((1, 1, 1), np.bool_))
    got = expression_pass([expression_of(text, _name)], PixelType.F64).run([block])
    return float(got.data[0, 0, 0]) if got.valid[0, 0, 0] else math.nan


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 ** -1", 0.5),
        ("10 - 4 - 3", 3),
        ("7 // 2 + 7 % 4", 6),
        ("(B2 - b1) / (B2 + b1)", 1 / 7),
        ("b1 < b2 && b2 < 5", 1),
        ("b1 > b2 || not b3", 1),
        ("!b3", 1),
        ("!!b2", 1),
        ("not not b3", 0),
        ("b1 == 3 and b2 <> 3", 1),
        ("b1 >= 3 or b1 <= 3", 1),
        ("sqrt(b1 * b1 + b2 * b2)", 5),
        ("MIN(b1, b2, 2.5) + max(1e1, .5)", 12.5),
        ("con(b3, 1, 2)", 2),
        ("where(b1 > 2, b2, 0)", 4),
        ("int(-2.7) + floor(2.7) + round(2.5)", 2),
        ("log(exp(2)) + ln(1) + log10(100)", 4),
        ("clip(b2, 0, 1)", 1),
        ("Float(b1 + 1) / 2", 2),
        ("isnull(setnull(1, b1))", 1),
        ("+-+3", -3),
        ("pick(2, b1, b2)", 4),
        ("b1 / b3", math.nan),
        ("sqrt(-1)", math.nan),
    ],
)
def test_an_expression_means_what_mathematics_says(text: str, value: float) -> None:
    assert _value(text) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a number, a name"),
        ("b1 +", "a number, a name or a parenthesis at character 5"),
        ("b1 b2", "an operator or the end at character 4"),
        ("(b1", r"'\)' at character 4"),
        ("b9", "the name of a band or raster at character 1"),
        ("eval(1)", "one of the functions abs"),
        ("__import__('os')", "number, a name"),
        ("b1.real", "an operator|number, a name"),
        ("sqrt()", "a number, a name"),
        ("sqrt(1, 2)", "sqrt with 1 arguments at character 1"),
        ("pick(1)", "pick with at least 2 arguments"),
        ("1;2", "number, a name"),
        ("1e", "number, a name"),
        ("b1 = 2", "number, a name"),
        ("(" * 100 + "1" + ")" * 100, "at most 60 deep"),
        ("1" * 5000, "at most 4000"),
        ("+".join(["b1"] * 1300), "at most 1000 operations"),
    ],
)
def test_what_is_no_expression_is_shown_where_it_ends(text: str, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        expression_of(text, _name)


def test_every_function_is_an_operation() -> None:
    assert set(FUNCTIONS.values()) <= set(OPERATIONS)


def test_signs_in_a_row_are_as_deep_as_one() -> None:
    assert _value("-" * 3001 + "1") == -1
    assert _value("!" * 3000 + "b1") == 1
    assert _value("(" * (MOST_DEPTH - 1) + "1" + ")" * (MOST_DEPTH - 1)) == 1


@given(st.text(alphabet="b123+-*/^%()<>=!&|., eEsqrtmincon'\"\\\x00é", max_size=60))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    with contextlib.suppress(InvalidParameter):
        expression_of(text, _name)
