"""Compiled expressions give what numpy does, for any tree; covers engine.expressions.emission,
engine.expressions.native, engine.expressions.operations, engine.expressions.program and
engine.expressions.tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.expressions.evaluate import expression_pass
from engine.expressions.native import native_program
from engine.expressions.operations import OPERATIONS
from engine.expressions.tree import (
    Call,
    Expression,
    Number,
    Sample,
    Table,
    call,
    count_nodes,
    effort_of,
    replaced,
    samples_of,
)
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from tests.engine.expressions.numpy_oracle import evaluated

ROWS, COLS = 5, 37


def _block(dtype: str, bands: int, seed: int, *, own_validity: bool = False) -> PixelBlock:
    rng = np.random.default_rng(seed)
    if dtype.startswith("f"):
        data = rng.normal(0, 3, (bands, ROWS, COLS)).astype(dtype)
        data[:, 0, :3] = 0, 1, -1
    else:
        limits = np.iinfo(dtype)
        low, high = max(int(limits.min), -9), min(int(limits.max), 12)
        data = rng.integers(low, high, (bands, ROWS, COLS)).astype(dtype)
    valid = rng.random((bands if own_validity else 1, ROWS, COLS)) > 0.2
    return PixelBlock(data, valid)


INPUTS = [_block("int16", 3, 1), _block("float32", 2, 2, own_validity=True), _block("uint8", 1, 3)]
LEAVES: list[Expression] = [
    *(Sample(source, band) for source, block in enumerate(INPUTS) for band in range(block.bands)),
    *map(Number, (0.0, 1.0, 2.0, -3.5, 0.25)),
]


def _check(expressions: list[Expression], pixel_type: PixelType = PixelType.F64) -> None:
    got = expression_pass(expressions, pixel_type).run(INPUTS)
    assert got.data.shape == (len(expressions), ROWS, COLS)
    valid = np.broadcast_to(got.valid, got.data.shape)
    for band, each in enumerate(expressions):
        with np.errstate(all="ignore"):
            want, good = evaluated(each, INPUTS)
        good = good & np.isfinite(want)
        np.testing.assert_array_equal(valid[band], good)
        np.testing.assert_allclose(got.data[band][good], want[good], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_gives_what_numpy_gives(name: str) -> None:
    operation = OPERATIONS[name]
    for count in sorted({operation.least, min(operation.most, operation.least + 2)}):
        for turn in range(6):
            arguments = tuple(LEAVES[(turn + 2 * n) % len(LEAVES)] for n in range(count))
            _check([Call(name, arguments)])


_leaves = st.sampled_from(LEAVES)
_smooth = sorted(set(OPERATIONS) - {"pow", "exp", "exp2", "exp10", "sinh", "cosh", "mod"})


@st.composite
def _calls(draw: st.DrawFn, inner: st.SearchStrategy[Expression]) -> Expression:
    name = draw(st.sampled_from(_smooth))
    operation = OPERATIONS[name]
    count = draw(st.integers(operation.least, min(operation.most, operation.least + 3)))
    return Call(name, tuple(draw(inner) for _ in range(count)))


def _has_edges(expression: Expression) -> bool:
    """Tell whether a rounding error inside may change a result by a whole step."""
    steps = {"floor", "ceil", "trunc", "round", "floor_div", "eq", "ne", "lt", "le", "gt", "ge"}
    steps |= {"and", "or", "xor", "not", "con", "set_null", "pick", "sign"}
    steps |= {"bit_and", "bit_or", "bit_xor", "bit_not", "shift_left", "shift_right"}
    if not isinstance(expression, Call):
        return False
    rough = {"std", "std_valid", "mean", "mean_valid", "sum", "sum_valid", "atan2"}
    rough |= {"tan", "sin", "cos", "tanh", "asinh", "atan", "ln", "log2", "log10", "asin"}
    rough |= {"acos", "acosh", "atanh"}
    inner = any(map(_has_edges, expression.arguments))
    if expression.operation in steps:
        return inner or any(_uses(each, rough) for each in expression.arguments)
    return inner


def _uses(expression: Expression, names: set[str]) -> bool:
    if not isinstance(expression, Call):
        return False
    return expression.operation in names or any(_uses(e, names) for e in expression.arguments)


@example([Call("is_null", (Call("acos", (Sample(0, 0),)),))])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.recursive(_leaves, _calls, max_leaves=8), min_size=1, max_size=3))
def test_any_tree_gives_what_numpy_gives(expressions: list[Expression]) -> None:
    calm = [each for each in expressions if not _has_edges(each)]
    got = expression_pass(expressions, PixelType.F64).run(INPUTS)
    assert got.data.shape == (len(expressions), ROWS, COLS)
    for each in calm:
        one = expression_pass([each], PixelType.F64).run(INPUTS)
        with np.errstate(all="ignore"):
            want, good = evaluated(each, INPUTS)
        good = good & np.isfinite(want)
        np.testing.assert_array_equal(one.valid[0], good)
        np.testing.assert_allclose(one.data[0][good], want[good], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("pixel_type", PixelType)
def test_results_are_rounded_and_cut_off_as_casts_are(pixel_type: PixelType) -> None:
    expression = call("mul", Sample(0, 0), 1e3 + 0.5)
    got = expression_pass([expression, Sample(1, 0)], pixel_type).run(INPUTS)
    low, high = pixel_type.limits
    for band, each in enumerate((expression, Sample(1, 0))):
        want, good = evaluated(each, INPUTS)
        want = want if pixel_type.is_float else np.clip(np.rint(want), low, high)
        np.testing.assert_array_equal(
            got.data[band][good], want[good].astype(pixel_type.dtype_name)
        )
    assert got.data.dtype.name == pixel_type.dtype_name


def test_a_number_that_no_type_holds_is_cut_off_and_none_at_all_is_invalid() -> None:
    block = PixelBlock(np.array([[[-1e300, 1e300, 0.0, np.nan]]]), np.ones((1, 1, 4), np.bool_))
    for pixel_type, low, high in (
        (PixelType.S32, -(2**31), 2**31 - 1),
        (PixelType.U32, 0, 2**32 - 1),
    ):
        got = expression_pass([Sample(0, 0)], pixel_type).run([block])
        assert got.data[0, 0, :3].tolist() == [low, high, 0]
        assert got.valid[0, 0].tolist() == [True, True, True, False]
    got = expression_pass([call("div", 1.0, Sample(0, 0))], PixelType.F32).run([block])
    assert got.valid[0, 0].tolist() == [True, True, False, False]


def test_results_of_small_whole_numbers_come_from_a_table_that_gives_the_same() -> None:
    rng = np.random.default_rng(5)
    for dtype in ("uint8", "int8", "uint16", "int16"):
        limits = np.iinfo(dtype)
        data = rng.integers(limits.min, limits.max, (2, 40, 50), endpoint=True).astype(dtype)
        block = PixelBlock(data, rng.random((2, 40, 50)) > 0.1)
        expressions = [call("sqrt", Sample(0, 1)), call("neg", Sample(0, 1))]
        made = expression_pass(expressions, PixelType.F32)
        got = made.run([block])
        for band, each in enumerate(expressions):
            with np.errstate(all="ignore"):
                want, good = evaluated(each, [block])
            good = good & np.isfinite(want)
            np.testing.assert_array_equal(np.broadcast_to(got.valid, got.data.shape)[band], good)
            np.testing.assert_array_equal(got.data[band][good], want[good].astype("f4"))


def test_a_table_gives_its_entries_and_nothing_beyond_them() -> None:
    values, valid = np.array([10.0, 20.0, 30.0]), np.array([True, False, True])
    _check([Table(Sample(0, 0), values, valid, first=-1), Table(Sample(1, 1), values, valid)])


def test_rules_that_differ_in_numbers_alone_share_their_machine_code() -> None:
    one = expression_pass([call("add", call("mul", Sample(0, 0), 2.0), 3.0)], PixelType.F32)
    two = expression_pass([call("add", call("mul", Sample(0, 0), 5.0), 7.0)], PixelType.F32)
    assert one.listing.program == two.listing.program
    got = two.run(INPUTS)
    np.testing.assert_array_equal(got.data[0], INPUTS[0].data[0].astype("f4") * 5 + 7)
    assert native_program.__name__ == "native_program"


def test_shared_parts_are_worked_out_once() -> None:
    shared = call("sqrt", Sample(1, 0))
    tree: Expression = shared
    for _ in range(40):
        # A tree of 2^40 leaves, were they not shared.
        tree = call("add", tree, tree)
    assert count_nodes(tree) == 42
    made = expression_pass([tree], PixelType.F64)
    assert len(made.listing.program.instructions) == 42
    assert samples_of(tree) == {Sample(1, 0)}
    other = replaced(tree, {Sample(1, 0): Sample(0, 2)})
    assert count_nodes(other) == 42
    assert samples_of(other) == {Sample(0, 2)}


def test_trees_may_be_deeper_than_pythons_stack() -> None:
    def deep(last: float) -> Expression:
        tree: Expression = call("add", Sample(0, 0), last)
        for _ in range(3000):
            tree = call("min", call("neg", tree), 5.0)
        return tree

    assert deep(1.0) == deep(1.0)
    assert hash(deep(1.0)) == hash(deep(1.0))
    assert deep(1.0) != deep(2.0)
    moved = replaced(deep(1.0), {Sample(0, 0): Sample(2, 1)})
    assert samples_of(moved) == {Sample(2, 1)}
    assert count_nodes(moved) == count_nodes(deep(1.0))


def test_effort_counts_shared_parts_once_and_slow_ones_several_times() -> None:
    shared = call("div", Sample(0, 0), 3.0)
    one = call("add", shared, shared)
    assert effort_of([one]) == 5
    assert effort_of([one, call("neg", shared)]) == 6
    assert effort_of([Sample(0, 0), Number(4.0)]) == 0


def test_an_operation_refuses_another_count_of_arguments() -> None:
    with pytest.raises(ValueError, match="sub takes 2 arguments, not 1"):
        Call("sub", (Number(1.0),))
    with pytest.raises(ValueError, match="pick takes at least 2"):
        Call("pick", (Number(1.0),))


def test_no_pixels_give_none() -> None:
    block = PixelBlock(np.zeros((1, 0, 7), np.float32), np.ones((1, 0, 7), np.bool_))
    assert expression_pass([call("neg", Sample(0, 0))], PixelType.F32).run([block]).data.size == 0
