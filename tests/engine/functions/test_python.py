"""The raster function behind registered names: strips, padding, what comes back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.errors import FunctionFailed, InvalidParameter
from engine.function_rules.python import PythonRule
from engine.functions import FUNCTIONS, python
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.python_functions.messages import RasterPlace
from engine.python_functions.runner import runner_of, use_runner
from engine.request_parts import RenderingRule
from engine.target_grid import Lattice, TargetGrid
from tests.engine.hosted_runner import HostedRunner

LATTICE = Lattice("EPSG:3857", 10.0, 10.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def runner(repo_root):
    found = HostedRunner(repo_root / "tests/python_functions")
    use_runner(found)
    yield found
    use_runner(None)


def rule(name, rasters, scalars=None, **more):
    arguments = PythonRule(name=name, rasters=rasters, scalars=json.dumps(scalars or {}))
    return RenderingRule(function="Python", arguments=arguments, **more)


def blocks(count, bands, rows, cols, dtype="uint16"):
    random = np.random.default_rng(5)
    return [
        PixelBlock(
            random.integers(0, 200, (bands, rows, cols)).astype(dtype),
            random.random((1, rows, cols)) > 0.2,
        )
        for _ in range(count)
    ]


def test_an_index_with_a_mask_is_what_numpy_makes_of_it(runner):
    (block,) = blocks(1, 3, 20, 30)
    asked = rule("WaterShare", ("raster",), {"scale": 2, "mode": "Absolute", "invert": False})
    bound = FUNCTIONS["Python"].bind(BandsInfo(PixelType.U16, 3), asked)
    assert (bound.output.pixel_type, bound.output.bands) == (PixelType.F32, 1)
    assert (bound.output.statistics[0].min, bound.output.statistics[0].max) == (-2, 2)
    assert bound.output.names == ("WaterShare",)
    made = bound.apply(block)
    infrared, green = block.data[:2].astype(float)
    with np.errstate(invalid="ignore"):
        expected = np.abs(2 * (green - infrared) / (green + infrared))
    shown = block.valid[0] & np.isfinite(expected)
    np.testing.assert_array_equal(made.valid[0], shown)
    np.testing.assert_allclose(made.data[0][shown], expected[shown], rtol=1e-6)


def test_strips_with_padding_equal_the_whole(runner, monkeypatch):
    (block,) = blocks(1, 1, 40, 30, "float32")
    asked = rule("Ridge", ("dem",), {"radius": 2})
    assert FUNCTIONS["Python"].padding(asked) == 2
    bound = FUNCTIONS["Python"].bind(BandsInfo(PixelType.F32, 1), asked)
    whole = bound.apply(block)
    assert len(runner.computed) == 1
    monkeypatch.setattr(python, "_STRIP_PX", 30 * 7)
    cut = bound.apply(block)
    assert len(runner.computed) == 1 + 6
    np.testing.assert_array_equal(cut.data, whole.data)
    np.testing.assert_array_equal(cut.valid, whole.valid)
    heights = np.where(block.valid, block.data, 0)[0]
    ring = heights[18, 15] + heights[22, 15] + heights[20, 13] + heights[20, 17]
    assert whole.data[0, 20, 15] == pytest.approx(heights[20, 15] - ring / 4)
    # What has no neighbours is no result.
    assert not whole.valid[0, :2].any()
    assert not whole.valid[0, :, 28:].any()


def test_two_rasters_give_a_picture_with_the_colormap_of_the_function(runner):
    before, after = blocks(2, 2, 9, 8)
    asked = rule("Change", ("before", "after"), {"threshold": 10})
    bound = FUNCTIONS["Python"].bind_inputs([BandsInfo(PixelType.U16, 2)] * 2, asked)
    assert bound.output.colormap == ((0, 0, 0, 128), (1, 255, 0, 0))
    made = bound.combine([before, after])
    changed = after.data[0].astype(int) - before.data[0] > 10
    shown = made.valid[0]
    np.testing.assert_array_equal(made.data[0][shown], changed[shown])
    np.testing.assert_array_equal(made.valid[0], before.valid[0] & after.valid[0])


def test_a_list_of_rasters_is_stacked_and_knows_its_place_on_the_map(runner, monkeypatch):
    monkeypatch.setattr(python, "_STRIP_PX", 8 * 4)
    pair = blocks(2, 2, 9, 8)
    asked = rule("Stack", ("rasters", "rasters"))
    place = RasterPlace(extent=(0, 0, 1, 1), wkid=3857, cell_size=(10, 10))
    info = BandsInfo(PixelType.U16, 2, place=place)
    bound = FUNCTIONS["Python"].bind_inputs([info, info], asked)
    grid = TargetGrid(LATTICE, 7, 5, 8, 9)
    made = bound.combine_on_map(pair, grid)
    every = np.concatenate([np.where(each.valid, each.data, 0) for each in pair])
    np.testing.assert_array_equal(made.data[0], every.max(axis=0))
    x = grid.extent.xmin + 10 * (np.arange(8) + 0.5)
    y = grid.extent.ymax - 10 * (np.arange(9) + 0.5)
    np.testing.assert_allclose(made.data[1], np.broadcast_to(x, (9, 8)))
    np.testing.assert_allclose(made.data[2], np.broadcast_to(y[:, None], (9, 8)))
    np.testing.assert_array_equal(made.valid[0], pair[0].valid[0] | pair[1].valid[0])


def test_the_output_type_of_the_rule_rounds_and_clamps(runner):
    (block,) = blocks(1, 1, 12, 12, "float32")
    asked = rule("Ridge", ("dem",), {"radius": 1}, output_pixel_type=PixelType.U8)
    bound = FUNCTIONS["Python"].bind(BandsInfo(PixelType.F32, 1), asked)
    plain = FUNCTIONS["Python"].bind(
        BandsInfo(PixelType.F32, 1), rule("Ridge", ("dem",), {"radius": 1})
    )
    made, raw = bound.apply(block), plain.apply(block)
    assert made.data.dtype == np.uint8
    np.testing.assert_array_equal(made.data, np.clip(np.rint(raw.data), 0, 255))


def test_a_block_smaller_than_the_padding_is_empty(runner):
    (block,) = blocks(1, 1, 4, 4)
    bound = FUNCTIONS["Python"].bind(
        BandsInfo(PixelType.U16, 1), rule("Ridge", ("dem",), {"radius": 2})
    )
    assert not bound.apply(block).valid.any()


def test_pixels_of_another_count_are_refused(runner, monkeypatch):
    (block,) = blocks(1, 1, 6, 6)
    bound = FUNCTIONS["Python"].bind(
        BandsInfo(PixelType.U16, 1), rule("Ridge", ("dem",), {"radius": 1})
    )
    monkeypatch.setattr(runner, "compute", lambda *_: block)
    with pytest.raises(FunctionFailed, match=r"Ridge.*asked for was"):
        bound.apply(block)


def test_without_a_runner_there_are_no_such_functions():
    with pytest.raises(InvalidParameter, match="Ridge"):
        runner_of(PythonRule(name="Ridge"))
