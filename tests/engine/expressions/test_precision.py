"""Single precision is used where it does, and is as near as it says; covers engine.expressions.arctangent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.expressions.evaluate import expression_pass
from engine.expressions.precision import fits_single
from engine.expressions.program import listing_of
from engine.expressions.tree import Call, Expression, Number, Sample, Table, call, samples_of
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from tests.engine.expressions.numpy_oracle import evaluated

RNG = np.random.default_rng(61)
VALID = RNG.random((1, 20, 53)) > 0.1
FLOATS = PixelBlock(RNG.normal(0, 30, (2, 20, 53)).astype(np.float32), VALID)
BYTES = PixelBlock(RNG.integers(1, 255, (1, 20, 53)).astype(np.uint8), VALID)
INPUTS = [FLOATS, BYTES]
A, B, C = Sample(0, 0), Sample(0, 1), Sample(1, 0)
# The bound of `precision`, 10 units of 2^-24.
NEAR = 10 * 2.0**-24


def _fits(expression: Expression, result: str = "float32") -> bool:
    listing = listing_of([expression])
    names = [INPUTS[each.source].data.dtype.name for each in listing.samples]
    return fits_single(listing, names, result)


def _errors(expression: Expression) -> np.ndarray:
    """Return how far off results are, as shares of what doubles give."""
    got = expression_pass([expression], PixelType.F32).run(INPUTS)
    with np.errstate(all="ignore"):
        want, good = evaluated(expression, INPUTS)
    good = good & np.isfinite(want)
    np.testing.assert_array_equal(got.valid[0], good)
    off = np.abs(got.data[0].astype(np.float64) - want)[good]
    return np.asarray(off / np.maximum(np.abs(want[good]), 1e-30))


def test_products_quotients_and_sums_of_one_sign_are_single() -> None:
    for expression in (
        call("div", call("sub", A, B), call("add", A, B)),
        call("sqrt", call("add", call("square", A), call("square", B))),
        call("mul", call("atan", call("sqrt", call("mul", C, 0.1))), 57.29577951),
        call("mul", call("atan2", A, B), 57.29577951),
        call("con", call("gt", A, 2.0), call("div", B, 3.0), call("abs", A)),
        call("add", call("mul", C, 0.1), 7.25),
    ):
        assert _fits(expression)
        assert _errors(expression).max() <= NEAR


def test_differences_of_what_is_rounded_stay_doubles() -> None:
    for expression in (
        call("sub", call("square", A), call("square", B)),
        call("add", call("div", A, B), 1.0),
        call("floor", call("div", A, B)),
        call("gt", call("mul", A, 0.1), 1.0),
        call("sum", A, B, C),
        call("exp", call("mul", C, 0.1)),
        call("mul", A, 1e-300),
        Table(C, np.arange(256.0), np.ones(256, np.bool_)),
    ):
        assert not _fits(expression)
        assert _errors(expression).max() <= 2.0**-24


def test_where_functions_meet_a_block_of_single_precision_counts() -> None:
    inner = call("div", call("sub", A, B), call("add", A, B))
    assert not _fits(call("add", inner, 1.0))
    assert _fits(call("add", call("single", inner), 1.0))
    assert not _fits(call("single", call("sub", call("square", A), call("square", B))))


def test_whole_results_and_wide_samples_stay_doubles() -> None:
    assert _fits(call("max", C, 3.0), "uint8")
    assert not _fits(call("mul", C, 0.1), "uint8")
    assert _fits(call("single", call("mul", C, 0.1)), "uint8")
    assert not _fits(call("max", C, 3.0), "int32")
    assert not fits_single(listing_of([A]), ["float64"], "float32")
    assert not fits_single(listing_of([A]), ["int32"], "float32")


def _calls(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    ones = st.sampled_from(["neg", "abs", "square", "sqrt", "atan", "single"])
    pairs = st.sampled_from(["add", "sub", "mul", "div", "min", "max", "mean", "sum"])
    return st.one_of(
        st.builds(lambda name, x: Call(name, (x,)), ones, inner),
        st.builds(lambda name, x, y: Call(name, (x, y)), pairs, inner, inner),
        st.builds(
            lambda x, y, yes, no: call("con", call("lt", x, y), yes, no), inner, inner, inner, inner
        ),
    )


_leaves = st.sampled_from([A, B, C, Number(0.1), Number(2.0), Number(-7.5), Number(0.0)])


@settings(max_examples=120, deadline=None)
@given(st.recursive(_leaves, _calls, max_leaves=6))
def test_whatever_is_single_is_as_near_as_it_says(expression: Expression) -> None:
    # A difference of equal numbers, or 0 · x, has no share to be off by; roots of 0 are told apart below.
    if not samples_of(expression) or not _fits(expression) or _resets(expression):
        return
    assert _errors(expression).max(initial=0.0) <= NEAR


def _resets(expression: Expression) -> bool:
    """Tell whether what is rounded counts as exact inside: there the bound is one of each function."""
    if not isinstance(expression, Call):
        return False
    return expression.operation == "single" or any(map(_resets, expression.arguments))


@pytest.mark.parametrize(("kind", "near"), [("float32", 3e-7), ("float64", 4e-16)])
def test_arctangents_are_those_of_a_library(kind: str, near: float) -> None:
    ends = np.concatenate([10.0 ** np.arange(-8, 9.0), [0.4142, 0.41422, 1.0, 2.4142, 2.41422]])
    x = np.concatenate([ends, -ends, [0.0], RNG.normal(0, 3, 5000)]).astype(kind)
    y = np.roll(x, 7)
    valid = np.ones((1, 1, x.size), np.bool_)
    block = PixelBlock(np.stack([x, y])[:, np.newaxis], valid)
    result = PixelType.F32 if kind == "float32" else PixelType.F64
    expressions = [call("atan", A), call("atan2", B, A)]
    got = expression_pass(expressions, result).run([block]).data[:, 0].astype(np.float64)
    for found, want in (
        (got[0], np.arctan(x.astype(float))),
        (got[1], np.arctan2(y, x, dtype=float)),
    ):
        off = np.abs(found - want) / np.maximum(np.abs(want), 1e-300)
        assert off.max() <= near


def test_the_angle_of_the_origin_is_0() -> None:
    block = PixelBlock(np.zeros((2, 1, 3)), np.ones((1, 1, 3), np.bool_))
    got = expression_pass([call("atan2", A, B)], PixelType.F64).run([block])
    assert got.valid.all()
    assert (got.data == 0).all()


def test_what_is_no_finite_number_is_found_however_late() -> None:
    """Checks that results show anyway are left out: nothing that is not finite may pass for it."""
    data = np.array([[[0.0, 1.0, -1.0, 4.0]], [[0.0, 0.0, 2.0, 2.0]]], np.float32)
    block = PixelBlock(data, np.array([[[True, True, True, True]]]))
    share = call("div", A, B)
    for expressions, want in (
        ([call("sqrt", call("add", share, 1.0))], [[0, 0, 1, 1]]),
        ([call("div", call("neg", share), 2.0)], [[0, 0, 1, 1]]),
        # What comes of 1 / infinite is 0, of the lesser of two a number: these are looked at before.
        ([call("div", 1.0, share)], [[0, 0, 1, 1]]),
        ([call("div", 1.0, call("add", share, share))], [[0, 0, 1, 1]]),
        ([call("min", share, 7.0)], [[0, 0, 1, 1]]),
        ([call("atan", share)], [[0, 0, 1, 1]]),
        ([share, call("sqrt", share)], [[0, 0, 1, 1], [0, 0, 0, 1]]),
        ([call("mul", call("sqrt", share), 0.0), A], [[0, 0, 0, 1], [1, 1, 1, 1]]),
    ):
        for kind in (PixelType.F32, PixelType.F64):
            got = expression_pass(expressions, kind).run([block])
            valid = np.broadcast_to(got.valid, got.data.shape)
            assert valid[:, 0].astype(int).tolist() == want, expressions
            assert np.isfinite(got.data[valid]).all()
