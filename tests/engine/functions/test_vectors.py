"""Vector fields: turned between their forms, and drawn, against numpy and what a picture must show.

Covers engine.functions.vector_field, engine.functions.vector_field_renderer and
engine.functions.vector_symbols and engine.function_rules.vectors.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import FunctionArguments, VectorFieldRendererRule, VectorFieldRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, CombiningFunction, GroundFunction, taps_of
from engine.functions.vector_symbols import BEAUFORT_KNOTS, barbs, beaufort_colours
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics

RNG = np.random.default_rng(3)
SHAPE = (9, 12)
ONE = np.ones((1, 1))


def _block(*bands: np.ndarray) -> PixelBlock:
    data = np.stack(bands).astype(np.float32)
    return PixelBlock(data, RNG.random((1, *data.shape[1:])) > 0.1)


def _rule(arguments: FunctionArguments) -> RenderingRule:
    return RenderingRule(function=str(arguments.__struct_config__.tag), arguments=arguments)


def _turned(arguments: VectorFieldRule, *blocks: PixelBlock) -> PixelBlock:
    function = FUNCTIONS["VectorField"]
    assert isinstance(function, CombiningFunction)
    infos = [BandsInfo(PixelType.F32, block.bands) for block in blocks]
    return function.bind_inputs(infos, _rule(arguments)).combine(blocks)


@pytest.mark.parametrize("is_one", [True, False])
@pytest.mark.parametrize(("reference", "east_deg"), [(0, 90.0), (1, 0.0)])
def test_parts_and_directions_are_those_of_complex_numbers(
    reference: int, east_deg: float, *, is_one: bool
) -> None:
    u, v = RNG.normal(0, 5, (2, *SHAPE))
    blocks = [_block(u, v)] if is_one else [_block(u), _block(v)]
    good = np.logical_and.reduce([block.valid[0] for block in blocks])
    got = _turned(
        VectorFieldRule(angle_reference_system=reference, output_data_type="Vector-MagDir"), *blocks
    )
    numbers = u + 1j * v
    angle = np.degrees(np.angle(numbers))
    angle = east_deg - angle if reference == 0 else angle
    assert (np.broadcast_to(got.valid, got.data.shape) == good).all()
    np.testing.assert_allclose(got.data[0][good], np.abs(numbers)[good], rtol=1e-5)
    np.testing.assert_allclose(got.data[1][good], (angle % 360)[good], rtol=1e-4, atol=1e-3)
    back = VectorFieldRule(angle_reference_system=reference, input_data_type="vector_magdir")
    again = _turned(back, got)
    np.testing.assert_allclose(again.data[:, good], np.stack([u, v])[:, good], atol=1e-3)


@pytest.mark.parametrize("is_one", [True, False])
def test_parts_that_stay_keep_their_statistics(*, is_one: bool) -> None:
    one, other = (BandStatistics(min=-n, max=n, mean=0, std=1, count=9) for n in (3.0, 4.0))
    both = [BandsInfo(PixelType.F32, 2, (one, other))]
    apart = [BandsInfo(PixelType.F32, 1, (each,)) for each in (one, other)]
    function = FUNCTIONS["VectorField"]
    assert isinstance(function, CombiningFunction)
    infos = both if is_one else apart
    assert function.bind_inputs(infos, _rule(VectorFieldRule())).output.statistics == (one, other)
    turned = VectorFieldRule(output_data_type="Vector-MagDir")
    assert function.bind_inputs(infos, _rule(turned)).output.statistics == ()


def test_a_wind_to_the_south_west_points_to_225_degrees() -> None:
    block = PixelBlock(np.full((2, 1, 1), -3.0, np.float32), np.ones((1, 1, 1), np.bool_))
    got = _turned(VectorFieldRule(output_data_type="Vector-MagDir"), block)
    np.testing.assert_allclose(got.data.ravel(), [np.hypot(3, 3), 225.0], rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (VectorFieldRule(angle_reference_system=2), "AngleReferenceSystem"),
        (VectorFieldRule(input_data_type="polar"), "InputDataType"),
        (VectorFieldRule(output_data_type="polar"), "OutputDataType"),
        (VectorFieldRule(), "Raster2"),
    ],
)
def test_bad_fields_are_named(arguments: VectorFieldRule, named: str) -> None:
    zero = np.zeros(SHAPE)
    with pytest.raises(InvalidParameter, match=named):
        _turned(arguments, _block(zero) if named == "Raster2" else _block(zero, zero))


SYMBOLS = (
    "Single Arrow",
    "Simple Scalar",
    "Wind Barb",
    "Classified Arrow",
    "Beaufort Wind (Knots)",
    "Beaufort Wind (Meters)",
)


def _drawn(
    arguments: VectorFieldRendererRule,
    block: PixelBlock,
    place: tuple[int, int] = (0, 0),
    info: BandsInfo | None = None,
) -> PixelBlock:
    known = info or BandsInfo(PixelType.F32, block.bands)
    bound = FUNCTIONS["VectorFieldRenderer"].bind(known, _rule(arguments))
    assert isinstance(bound, GroundFunction)
    return bound.apply_on(block, GroundCells(ONE, ONE, row=place[0], col=place[1]))


def _uniform(u: float, v: float, side: int = 120) -> PixelBlock:
    data = np.empty((2, side, side), np.float32)
    data[0], data[1] = u, v
    return PixelBlock(data, np.ones((1, side, side), np.bool_))


def _heads(drawn: PixelBlock, size: int, *, row: int = 1, col: int = 1) -> tuple[float, float]:
    """Return where the ink of a tile lies more: x and y of its middle from that of the tile."""
    tile = (slice(row * size, (row + 1) * size), slice(col * size, (col + 1) * size))
    ink = np.where(drawn.valid[0][tile], 255.0 - drawn.data[0][tile], 0.0)
    at = np.arange(size) + 0.5 - size / 2
    return float((ink.sum(0) * at).sum() / ink.sum()), float((ink.sum(1) * at).sum() / ink.sum())


@pytest.mark.parametrize(("u", "v"), [(5, 0), (-5, 0), (0, 5), (0, -5), (4, 4), (-3, -3)])
def test_arrows_point_where_the_field_flows(u: float, v: float) -> None:
    got = _drawn(
        VectorFieldRendererRule(is_uv_components=True, symbol_tile_size=40), _uniform(u, v)
    )
    # The head is the heavier end; y goes down.
    x, y = _heads(got, 40)
    length = np.hypot(u, v)
    along = (x * u - y * v) / length
    across = (x * v + y * u) / length
    assert along > 0.4
    assert abs(across) < 0.05


@pytest.mark.parametrize(
    ("reference", "comes", "direction", "heading"),
    [(1, 1, 90, (1, 0)), (1, 0, 90, (-1, 0)), (2, 1, 90, (0, 1)), (2, 0, 90, (0, -1)), (1, 1, 180, (0, -1))],
)  # fmt: skip
def test_directions_are_read_as_they_are_meant(
    reference: int, comes: int, direction: float, heading: tuple[int, int]
) -> None:
    arguments = VectorFieldRendererRule(
        reference_system=reference, mass_flow_angle_representation=comes, symbol_tile_size=40
    )
    x, y = _heads(_drawn(arguments, _uniform(8.0, direction)), 40)
    assert x * heading[0] - y * heading[1] > 0.4


def test_the_result_of_a_vector_field_says_what_it_is() -> None:
    east = _uniform(5.0, 0.0)
    made = FUNCTIONS["VectorField"].bind(BandsInfo(PixelType.F32, 2), _rule(VectorFieldRule()))
    arguments = VectorFieldRendererRule(symbol_tile_size=40)
    x, _ = _heads(_drawn(arguments, made.apply(east), info=made.output), 40)
    assert x > 0.4


@pytest.mark.parametrize("name", SYMBOLS)
def test_parts_of_a_picture_are_those_of_the_whole(name: str) -> None:
    side, size = 150, 24
    data = RNG.normal(0, 9, (2, side, side)).astype(np.float32)
    block = PixelBlock(data, RNG.random((1, side, side)) > 0.2)
    arguments = VectorFieldRendererRule(
        is_uv_components=True, symbology_name=name, symbol_tile_size=size
    )
    whole = _drawn(arguments, block, (-70, 1000))
    pad = FUNCTIONS["VectorFieldRenderer"].padding(_rule(arguments))
    for top, left in ((pad, pad), (60, 41), (side - 30 - pad, 77)):
        rows, cols = (slice(start - pad, start + 30 + pad) for start in (top, left))
        part = PixelBlock(data[:, rows, cols], block.valid[:, rows, cols])
        got = _drawn(arguments, part, (-70 + top - pad, 1000 + left - pad))
        for mine, theirs in ((got.data, whole.data), (got.valid, whole.valid)):
            np.testing.assert_array_equal(
                mine[:, pad : pad + 30, pad : pad + 30],
                theirs[:, top : top + 30, left : left + 30],
            )


def test_edges_are_soft_and_symbols_stay_within_their_tiles() -> None:
    arguments = VectorFieldRendererRule(is_uv_components=True, symbol_tile_size=40)
    got = _drawn(arguments, _uniform(30.0, 17.0))
    shades = np.unique(got.data[0][got.valid[0]])
    assert shades[0] == 38
    assert shades[-1] == 255
    assert shades.size > 20
    edge = np.arange(120) % 40 == 0
    assert not got.valid[0][edge].any()
    assert not got.valid[0][:, edge].any()


def test_dots_grow_with_one_band_alone() -> None:
    ramp = np.repeat([0.0, 5.0, 10.0], 40)[np.newaxis].repeat(40, axis=0)
    block = PixelBlock(ramp[np.newaxis].astype(np.float32), np.ones((1, 40, 120), np.bool_))
    statistics = (BandStatistics(min=0, max=10, mean=5, std=3),)
    info = BandsInfo(PixelType.F32, 1, statistics=statistics)
    arguments = VectorFieldRendererRule(symbology_name="Simple Scalar", symbol_tile_size=40)
    got = _drawn(arguments, block, info=info)
    areas = [float((got.data[0, :, n : n + 40] == 38).sum()) for n in (0, 40, 80)]
    np.testing.assert_allclose(
        areas, np.pi * (40 * np.array([0.06, 0.21, 0.36]) - 0.5) ** 2, rtol=0.15
    )


def test_the_middle_pixel_alone_may_count() -> None:
    data = RNG.normal(0, 5, (2, 80, 80)).astype(np.float32)
    data[:, 20::40, 20::40] = np.array([6.0, 0.0], np.float32)[:, np.newaxis, np.newaxis]
    block = PixelBlock(data, np.ones((1, 80, 80), np.bool_))
    arguments = VectorFieldRendererRule(
        is_uv_components=True, calculation_method="Center", symbol_tile_size=40
    )
    want = _drawn(
        VectorFieldRendererRule(is_uv_components=True, symbol_tile_size=40), _uniform(6.0, 0.0, 80)
    )
    np.testing.assert_array_equal(_drawn(arguments, block).data, want.data)


@pytest.mark.parametrize(
    ("knots", "flags", "full", "half"), [(2, 0, 0, 0), (5, 0, 0, 1), (65, 1, 1, 1), (48, 1, 0, 0)]
)
def test_barbs_stand_for_fifty_ten_and_five_knots(
    knots: float, flags: int, full: int, half: int
) -> None:
    shapes = barbs(np.zeros(1), np.array([float(knots)]), 50)[0]
    kinds, ends = shapes[:, 0], np.hypot(shapes[:, 3] - shapes[:, 1], shapes[:, 4] - shapes[:, 2])
    strokes = ends[2:][kinds[2:] == 0.0]
    assert (kinds == 1.0).sum() == flags
    assert (strokes > 8).sum() == full
    assert (strokes <= 8).sum() == half
    # A calm is a dot without a staff.
    assert (kinds[:2] == ([2.0, 0.0] if knots < 2.5 else [0.0, 2.0])).all()


def test_beaufort_classes_begin_where_the_scale_says() -> None:
    colours = [beaufort_colours(np.array([knots - 0.1, knots])) for knots in BEAUFORT_KNOTS]
    assert all((below != at).any() for below, at in colours)


def test_pictures_cost_little_however_large_the_symbols_are() -> None:
    rule = _rule(VectorFieldRendererRule(symbol_tile_size=100))
    function = FUNCTIONS["VectorFieldRenderer"]
    assert function.padding(rule) == 99
    assert taps_of(function, rule) < 100


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (VectorFieldRendererRule(symbology_name="Dart"), "SymbologyName"),
        (VectorFieldRendererRule(reference_system=3), "ReferenceSystem"),
        (VectorFieldRendererRule(mass_flow_angle_representation=2), "MassFlowAngleRepresentation"),
        (VectorFieldRendererRule(calculation_method="Mode"), "CalculationMethod"),
        (VectorFieldRendererRule(symbol_tile_size=5000), "SymbolTileSize"),
    ],
)
def test_bad_renderers_are_named(arguments: VectorFieldRendererRule, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _drawn(arguments, _uniform(1.0, 1.0))


def test_arrows_need_two_bands() -> None:
    with pytest.raises(InvalidParameter, match="Raster"):
        FUNCTIONS["VectorFieldRenderer"].bind(
            BandsInfo(PixelType.F32, 1), _rule(VectorFieldRendererRule())
        )
