"""Every mosaic operator against a loop over single samples, for every pixel type."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from config.definition import MosaicOperator
from engine.mosaic.operators import OPERATORS
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPES = [(1, 1, 1), (2, 1, 7), (3, 9, 5)]
# Only faded edges: the shares must be right there, too (see the least weight of Blend).
FAINT = 1e-6


def layers(kind: PixelType, shape: tuple[int, int, int], *, per_band: bool) -> list[PixelBlock]:
    """Four rasters over the whole range of a type, a third of each invalid."""
    random = np.random.default_rng(11)
    dtype = np.dtype(kind.dtype_name)
    made = []
    for _ in range(4):
        if kind.is_float:
            data = random.normal(0, 1000, shape).astype(dtype)
        else:
            low, high = (int(limit) for limit in kind.limits)
            data = random.integers(low, high, shape, dtype, endpoint=True)
        valid = random.random(shape if per_band else (1, *shape[1:])) > 0.33
        made.append(PixelBlock(data, valid))
    return made


def weights_of(blocks: list[PixelBlock]) -> list[NDArray[np.float64]]:
    """Weights from 0, at an edge, to 1."""
    random = np.random.default_rng(5)
    shape = (blocks[0].rows, blocks[0].cols)
    return [np.where(random.random(shape) < 0.2, 0.0, random.random(shape)) for _ in blocks]


def merged(name: str, blocks: list[PixelBlock], kind: PixelType) -> PixelBlock:
    operator = OPERATORS[name]
    accumulator = operator.start(blocks[0].data.shape, np.dtype(kind.dtype_name))
    for block, weights in zip(blocks, weights_of(blocks), strict=True):
        accumulator.merge(block, weights if operator.wants_weights else None)
    return accumulator.finish(kind)


def expected_sample(name: str, samples: list[tuple[float, float]]) -> float:
    """What an operator makes of (value, weight) of the valid samples at one place."""
    values = [value for value, _ in samples]
    if name == MosaicOperator.MIN:
        return min(values)
    if name == MosaicOperator.MAX:
        return max(values)
    if name == MosaicOperator.SUM:
        return math.fsum(values)
    shares = [max(w, FAINT) if name == MosaicOperator.BLEND else 1.0 for _, w in samples]
    return math.fsum(v * s for v, s in zip(values, shares, strict=True)) / math.fsum(shares)


def is_close(got: Any, want: float, kind: PixelType) -> bool:
    if kind.is_float:
        return math.isclose(got, want, rel_tol=1e-5, abs_tol=1e-6)
    low, high = kind.limits
    # Sums in another order may fall on the other side of a half.
    return bool(abs(float(got) - min(max(want, low), high)) <= 0.5 + 1e-6)


def test_every_operator_but_the_orders_is_registered() -> None:
    orders = {MosaicOperator.FIRST, MosaicOperator.LAST}
    assert set(OPERATORS) == {str(each) for each in MosaicOperator if each not in orders}


@pytest.mark.parametrize("per_band", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", PixelType)
@pytest.mark.parametrize("name", OPERATORS)
def test_the_result_equals_a_loop_over_samples(
    name: str, kind: PixelType, shape: tuple[int, int, int], per_band: bool
) -> None:
    blocks = layers(kind, shape, per_band=per_band)
    weights = weights_of(blocks)
    answer = merged(name, blocks, kind)
    assert answer.data.dtype == kind.dtype_name
    assert answer.data.shape == shape
    valid = np.broadcast_to(answer.valid, shape)
    for place in product(*map(range, shape)):
        samples = [
            (float(block.data[place]), float(weight[place[1:]]))
            for block, weight in zip(blocks, weights, strict=True)
            if np.broadcast_to(block.valid, shape)[place]
        ]
        assert bool(valid[place]) is bool(samples)
        if samples:
            assert is_close(answer.data[place], expected_sample(name, samples), kind)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", PixelType)
@pytest.mark.parametrize("name", OPERATORS)
def test_without_a_valid_sample_nothing_is_valid(
    name: str, kind: PixelType, shape: tuple[int, int, int]
) -> None:
    blocks = [
        PixelBlock(block.data, np.zeros_like(block.valid))
        for block in layers(kind, shape, per_band=False)
    ]
    assert not merged(name, blocks, kind).valid.any()
    empty = OPERATORS[name].start(shape, np.dtype(kind.dtype_name)).finish(kind)
    assert not empty.valid.any()


@pytest.mark.parametrize("kind", [PixelType.F32, PixelType.F64])
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("filler", [np.nan, np.inf, -np.inf])
def test_what_invalid_samples_hold_does_not_count(
    name: str, kind: PixelType, filler: float
) -> None:
    blocks = layers(kind, (2, 6, 5), per_band=True)
    filled = [
        PixelBlock(np.where(block.valid, block.data, block.data.dtype.type(filler)), block.valid)
        for block in blocks
    ]
    want, got = merged(name, blocks, kind), merged(name, filled, kind)
    valid = np.broadcast_to(want.valid, want.data.shape)
    assert (np.broadcast_to(got.valid, got.data.shape) == valid).all()
    assert (got.data[valid] == want.data[valid]).all()


@pytest.mark.parametrize("kind", PixelType)
@pytest.mark.parametrize("name", OPERATORS)
def test_one_raster_alone_comes_back_as_it_is(name: str, kind: PixelType) -> None:
    block = layers(kind, (2, 5, 4), per_band=True)[0]
    answer = merged(name, [block], kind)
    assert (answer.valid == block.valid).all()
    got, want = answer.data[block.valid], block.data[block.valid]
    if name == MosaicOperator.BLEND and kind.is_float:
        # Multiplied by its weight and divided by it again.
        assert np.allclose(got, want, rtol=1e-6)
    else:
        assert (got == want).all()


@pytest.mark.parametrize("kind", [kind for kind in PixelType if not kind.is_float])
def test_sums_beyond_the_type_are_clamped(kind: PixelType) -> None:
    low, high = kind.limits
    for limit in (low, high):
        full = np.full((1, 2, 2), int(limit), kind.dtype_name)
        block = PixelBlock(full, np.ones((1, 2, 2), np.bool_))
        assert (merged("Sum", [block] * 3, kind).data == int(limit)).all()


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != MosaicOperator.BLEND])
def test_the_order_of_items_does_not_matter_to_whole_numbers(name: str) -> None:
    blocks = layers(PixelType.S16, (2, 7, 8), per_band=True)
    there, back = (merged(name, each, PixelType.S16) for each in (blocks, blocks[::-1]))
    assert (there.valid == back.valid).all()
    assert (there.data[there.valid] == back.data[back.valid]).all()
