"""Shares of rasters along seamlines against sums by numpy."""

from __future__ import annotations

import numpy as np
import pytest

from engine.mosaic.seam_canvas import SeamCanvas
from engine.mosaic.seam_weight import SeamWeights
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

SHAPE = (2, 9, 7)


@pytest.mark.parametrize("pixel_type", [PixelType.U8, PixelType.S16, PixelType.F32])
def test_shares_are_summed_and_what_they_leave_goes_by_claims(pixel_type: PixelType) -> None:
    rng = np.random.default_rng(5)
    canvas = SeamCanvas(SHAPE)
    stack = []
    for _ in range(3):
        data = rng.integers(0, 250, SHAPE).astype(pixel_type.dtype_name)
        valid = rng.random(SHAPE) > 0.3
        share, claim = rng.random(SHAPE[1:]) * 0.6, rng.random(SHAPE[1:])
        share[rng.random(SHAPE[1:]) > 0.7] = 0.0
        claim[rng.random(SHAPE[1:]) > 0.7] = 0.0
        canvas.add(PixelBlock(data, valid), SeamWeights(share, claim))
        stack.append((data.astype(np.float64), valid, share, claim))
    got = canvas.finish(pixel_type)
    data = np.array([each[0] for each in stack])
    counts = np.array([each[1] & ((each[2] > 0) | (each[3] > 0)) for each in stack])
    share = np.where(counts, np.array([each[2] for each in stack])[:, np.newaxis], 0.0)
    claim = np.where(counts, np.array([each[3] for each in stack])[:, np.newaxis], 0.0)
    rest = np.maximum(0.0, 1.0 - share.sum(axis=0))
    with np.errstate(invalid="ignore"):
        part = np.where(claim.sum(axis=0) > 0, claim / claim.sum(axis=0), 0.0)
    weight = share + rest * part
    with np.errstate(invalid="ignore"):
        want = (weight * data).sum(axis=0) / weight.sum(axis=0)
    np.testing.assert_array_equal(got.valid, counts.any(axis=0))
    some = got.valid
    tolerance = 1e-4 if pixel_type.is_float else 0.5 + 1e-9
    assert np.abs(got.data[some] - want[some]).max() <= tolerance


def test_one_raster_alone_is_itself_whatever_its_weight() -> None:
    data = np.random.default_rng(1).random(SHAPE)
    canvas = SeamCanvas(SHAPE)
    weights = SeamWeights(np.full(SHAPE[1:], 0.1), np.full(SHAPE[1:], 0.3))
    canvas.add(PixelBlock(data, np.ones((1, *SHAPE[1:]), np.bool_)), weights)
    np.testing.assert_array_equal(canvas.finish(PixelType.F64).data, data)


def test_without_weights_nothing_is_valid() -> None:
    canvas = SeamCanvas(SHAPE)
    none = SeamWeights(np.zeros(SHAPE[1:]), np.zeros(SHAPE[1:]))
    canvas.add(PixelBlock(np.ones(SHAPE), np.ones((1, *SHAPE[1:]), np.bool_)), none)
    assert not canvas.finish(PixelType.F32).valid.any()
