"""Samples times a gain plus an offset: by table and by arithmetic, and in the fast form of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from config.definition import Interpolation
from engine.budget import UNLIMITED
from engine.chain import BY_BALANCE, RasterFunctionProcess
from engine.errors import InvalidParameter
from engine.expressions.evaluate import ExpressionPass
from engine.extent import Extent
from engine.function_rules import GainOffsetRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.functions.gain_offset import GainOffset
from engine.functions.view_statistics import statistics_of
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.process_definition import (
    RasterEntry,
    RasterProcessDefinition,
    read_definition,
    write_definition,
)
from engine.render import render
from engine.render_planes import render_planes
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, View
from tests.engine.chain_services import chain_service, pixels_of, view_of
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

TYPES = (
    PixelType.U8,
    PixelType.S8,
    PixelType.U16,
    PixelType.S16,
    PixelType.U32,
    PixelType.F32,
    PixelType.F64,
)
LEFT, TOP = 500_000.0, 5_200_000.0


def calculate(
    data: np.ndarray, kind: PixelType, rule: GainOffsetRule, out: PixelType | None = None
) -> PixelBlock:
    """Take samples of a type through the function."""
    asked = RenderingRule(function="GainOffset", arguments=rule, output_pixel_type=out)
    bound = GainOffset().bind(BandsInfo(kind, data.shape[0]), asked)
    return bound.apply(PixelBlock(data, np.ones((1, *data.shape[1:]), np.bool_)))


@pytest.mark.parametrize("out", [None, *TYPES])
@pytest.mark.parametrize("kind", TYPES)
def test_results_are_products_and_sums_clamped_and_rounded(
    kind: PixelType, out: PixelType | None
) -> None:
    low, high = (-1000.0, 1000.0) if kind.is_float else kind.limits
    samples = np.linspace(low, high, 600).reshape(2, 15, 20).astype(kind.dtype_name)
    rule = GainOffsetRule(gains=(1.25, 0.5), offsets=(-3.0, 7.25))
    made = calculate(samples, kind, rule, out)
    expected = samples.astype(np.float64) * [[[1.25]], [[0.5]]] + [[[-3.0]], [[7.25]]]
    given = out or kind
    assert made.data.dtype == given.dtype_name
    if not given.is_float:
        expected = np.clip(np.rint(expected), *given.limits)
    assert (made.data == expected.astype(given.dtype_name)).all()
    assert made.valid.all()


@pytest.mark.parametrize("kind", TYPES)
def test_in_a_tree_it_melts_into_expressions_with_the_same_results(kind: PixelType) -> None:
    low, high = (-1000.0, 1000.0) if kind.is_float else kind.limits
    samples = np.linspace(low, high, 600).reshape(2, 15, 20).astype(kind.dtype_name)
    rule = RenderingRule(
        function="GainOffset", arguments=GainOffsetRule(gains=(1.25, 0.5), offsets=(-3.0, 7.25))
    )
    info = BandsInfo(kind, 2)
    block = PixelBlock(samples, np.ones((1, 15, 20), np.bool_))
    tree = function_tree(rule, lambda _: info)
    assert all(isinstance(node.work, ExpressionPass) for node in tree._nodes)
    got = tree.run([block], lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))
    np.testing.assert_array_equal(got.data, GainOffset().bind(info, rule).apply(block).data)


def test_statistics_go_the_way_of_the_samples() -> None:
    samples = np.random.default_rng(1).normal(50, 9, (1, 30, 30))
    block = PixelBlock(samples, np.ones((1, 30, 30), np.bool_))
    info = BandsInfo(PixelType.F64, 1, statistics_of(block))
    rule = RenderingRule(
        function="GainOffset", arguments=GainOffsetRule(gains=(-2.0,), offsets=(3.0,))
    )
    bound = GainOffset().bind(info, rule)
    (told,), (found,) = bound.output.statistics, statistics_of(bound.apply(block))
    for name in ("min", "max", "mean", "std", "count"):
        assert getattr(told, name) == pytest.approx(getattr(found, name))


def test_one_gain_and_offset_do_for_all_bands() -> None:
    made = calculate(np.full((3, 1, 1), 10, np.uint8), PixelType.U8, GainOffsetRule(gains=(2.0,)))
    assert made.data[:, 0, 0].tolist() == [20, 20, 20]


def test_the_defaults_change_nothing() -> None:
    data = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert (calculate(data, PixelType.U8, GainOffsetRule()).data == data).all()


def test_not_a_number_becomes_no_data() -> None:
    data = np.array([[[np.nan, 2.0, 1e308]]])
    made = calculate(data, PixelType.F64, GainOffsetRule(gains=(10.0,)))
    assert made.valid[0, 0].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (GainOffsetRule(gains=(1.0, 2.0, 3.0)), "gains"),
        (GainOffsetRule(gains=()), "gains"),
        (GainOffsetRule(offsets=(float("nan"),)), "offsets"),
        (GainOffsetRule(offsets=(1.0,) * 5), "1 or 2"),
    ],
)
def test_counts_and_numbers_that_cannot_be_are_refused(rule: GainOffsetRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        calculate(np.zeros((2, 1, 1), np.uint8), PixelType.U8, rule)


def test_who_made_a_process_is_kept_in_files_and_not_written_for_an_author() -> None:
    process = RasterFunctionProcess(
        function="GainOffset", arguments=GainOffsetRule(gains=(1.5,)), made_by=BY_BALANCE
    )
    entry = RasterEntry(source="a.tif", process_chain=(process,))
    definition = RasterProcessDefinition(name="a", rasters=(entry,))
    text = write_definition(definition)
    assert b'"made_by": "colour-balance"' in text
    assert read_definition(text, "a") == definition
    own = msgspec.structs.replace(process, made_by="")
    entry = msgspec.structs.replace(entry, process_chain=(own,))
    assert b"made_by" not in write_definition(msgspec.structs.replace(definition, rasters=(entry,)))


def _colours() -> np.ndarray:
    r, c = np.mgrid[0:300, 0:300]
    bands = [40 + r // 3, 30 + c // 2, 60 + (r + c) // 5]
    return np.stack(bands).astype(np.uint8)


BALANCED = RasterFunctionProcess(
    function="GainOffset",
    arguments=GainOffsetRule(gains=(1.1, 0.9, 1.3), offsets=(-4.0, 6.5, 2.0)),
    made_by=BY_BALANCE,
)


def test_colours_of_eight_bits_stay_in_the_fast_form_with_the_pixels_of_planes(
    tmp_path: Path,
) -> None:
    path = write_raster(tmp_path / "i.tif", _colours(), tiled=True, blockxsize=128, blockysize=128)
    service = chain_service(tmp_path, path, [BALANCED])
    box = Extent(LEFT + 203, TOP - 1807, LEFT + 1803, TOP - 207)
    request = ImageRequest(
        view=View(extent=box, width=230, height=230),
        encoding=Encoding(format="png"),
        interpolation=Interpolation.BILINEAR,
    )
    planned, work = plan(service, request), Work(service, UNLIMITED)
    fast = render(planned, work, PixelType.U8)
    assert isinstance(fast, Rgbv)
    planes = render_planes(planned, work, PixelType.U8)
    assert (fast.planes().data == planes.data).all()
    assert (fast.planes().valid == planes.valid).all()


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_pixels_of_native_size_are_those_of_the_file_times_gain_plus_offset(
    tmp_path: Path, kind: str
) -> None:
    data = _colours().astype(kind)
    path = write_raster(tmp_path / "i.tif", data, tiled=True, blockxsize=128, blockysize=128)
    service = chain_service(tmp_path, path, [BALANCED])
    box = Extent(LEFT, TOP - 3000, LEFT + 3000, TOP)
    found = pixels_of(service, view_of(box, 300, 300)).data
    expected = data * np.array([1.1, 0.9, 1.3]).reshape(3, 1, 1)
    expected += np.array([-4.0, 6.5, 2.0]).reshape(3, 1, 1)
    if kind != "float32":
        expected = np.clip(np.rint(expected), 0, np.iinfo(kind).max)
    assert (found == expected.astype(kind)).all()
