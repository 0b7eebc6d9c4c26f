"""Clip by polygons, boxes and rasters, alone and through the whole engine; covers engine.function_rules.places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import shapely
from pyproj import Transformer

from config.definition import Interpolation
from engine.chain import RasterFunctionProcess
from engine.chain_rules import service_faults
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ClipRule, ExtractBandRule, MaskRule, Shape, StatisticsRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.process_steps import tree_step
from engine.request_parts import ItemInput, MosaicInput, RenderingRule, View
from engine.rule_places import placed_rule
from engine.target_grid import grid_of_extent
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.test_mosaic_process import LEFT, TOP, WHOLE, nearest, noise, service_with

if TYPE_CHECKING:
    from engine.service import ImageService

CRS = "EPSG:32632"
TRIANGLE = shapely.Polygon(
    [(LEFT + 100, TOP - 100), (LEFT + 1900, TOP - 400), (LEFT + 700, TOP - 1800)]
)


def _shape(geometry: shapely.Geometry, crs: str = CRS) -> Shape:
    return Shape(wkb=shapely.to_wkb(geometry), crs=crs)


def _rule(arguments: ClipRule, *inputs: RenderingRule | MosaicInput | ItemInput) -> RenderingRule:
    return RenderingRule(function="Clip", arguments=arguments, inputs=inputs)


def _run(rule: RenderingRule, bands: int = 1) -> PixelBlock:
    grid = grid_of_extent(CRS, WHOLE, 200, 200, None)
    data = np.random.default_rng(1).integers(1, 99, (bands, 200, 200)).astype(np.uint8)
    block = PixelBlock(data, np.ones((1, 200, 200), np.bool_))
    tree = function_tree(rule, lambda _: BandsInfo(PixelType.U8, bands))
    blocks = [block] * len(tree.leaves)
    return tree.run(blocks, lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))), grid)


def _inside(geometry: shapely.Geometry) -> np.ndarray:
    x, y = np.meshgrid(LEFT + 5 + 10 * np.arange(200), TOP - 5 - 10 * np.arange(200))
    return np.asarray(shapely.intersects_xy(geometry, x, y))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters side by side."""
    return service_with(tmp_path_factory.mktemp("clip"), [], bands=2)


@pytest.mark.parametrize("kind", [1, 2])
def test_what_is_outside_or_inside_becomes_no_data(kind: int) -> None:
    got = _run(_rule(ClipRule(clipping_geometry=_shape(TRIANGLE), clipping_type=kind)), 3)
    inside = _inside(TRIANGLE)
    np.testing.assert_array_equal(got.valid_all(), inside if kind == 1 else ~inside)
    assert got.data.shape == (3, 200, 200)


def test_an_extent_counts_where_there_is_no_geometry() -> None:
    box = shapely.box(LEFT + 500, TOP - 900, LEFT + 800, TOP - 300)
    alone = _run(_rule(ClipRule(extent=_shape(box))))
    np.testing.assert_array_equal(alone.valid[0], _inside(box))
    both = _run(_rule(ClipRule(extent=_shape(box), clipping_geometry=_shape(TRIANGLE))))
    np.testing.assert_array_equal(both.valid[0], _inside(TRIANGLE))


def test_a_polygon_of_another_crs_is_the_same_place() -> None:
    to_lonlat = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    moved = shapely.transform(
        shapely.segmentize(TRIANGLE, 20), to_lonlat.transform, interleaved=False
    )
    got = _run(_rule(ClipRule(clipping_geometry=_shape(moved, "EPSG:4326"))))
    assert (got.valid[0] != _inside(TRIANGLE)).sum() <= 3


@pytest.mark.parametrize("kind", [1, 2])
def test_another_rasters_data_clip(kind: int) -> None:
    masked = RenderingRule(function="Mask", arguments=MaskRule(included_ranges=(20, 60)))
    got = _run(_rule(ClipRule(clipping_type=kind), MosaicInput(), masked))
    data = np.random.default_rng(1).integers(1, 99, (1, 200, 200))[0]
    has_data = (data >= 20) & (data <= 60)
    np.testing.assert_array_equal(got.valid[0], has_data if kind == 1 else ~has_data)
    np.testing.assert_array_equal(got.data[0][got.valid[0]], data[got.valid[0]])


def test_a_raster_clips_where_any_of_its_bands_has_data(service: ImageService) -> None:
    got = pixels_of(service, nearest(rendering=_rule(ClipRule(), MosaicInput(), ItemInput(item=2))))
    valid = got.valid_all()
    assert valid[:, 100:].all()
    assert not valid[:, :100].any()


def test_it_knows_the_view_below_and_above_other_functions(service: ImageService) -> None:
    clip = ClipRule(clipping_geometry=_shape(TRIANGLE))
    below = RenderingRule(
        function="ExtractBand", arguments=ExtractBandRule(band_ids=(1,)), inputs=(_rule(clip),)
    )
    got = pixels_of(service, nearest(rendering=below))
    np.testing.assert_array_equal(got.valid[0], _inside(TRIANGLE))
    np.testing.assert_array_equal(got.data[0][got.valid[0]], noise(2)[1][got.valid[0]])
    focal = RenderingRule(function="Statistics", arguments=StatisticsRule(kind=2))
    above = pixels_of(service, nearest(rendering=_rule(clip, focal)))
    np.testing.assert_array_equal(above.valid_all(), _inside(TRIANGLE))


def test_tiles_put_side_by_side_are_one_export(service: ImageService) -> None:
    focal = RenderingRule(
        function="Statistics",
        arguments=StatisticsRule(kind=3),
        inputs=(_rule(ClipRule(clipping_geometry=_shape(TRIANGLE))),),
    )
    whole = pixels_of(service, nearest(rendering=focal))
    parts = []
    for left in (0, 700, 1400):
        box = Extent(LEFT + left, TOP - 2000, LEFT + min(left + 700, 2000), TOP)
        request = view_of(
            box, round(box.width / 10), 200, interpolation=Interpolation.NEAREST, rendering=focal
        )
        parts.append(pixels_of(service, request).valid_all())
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole.valid_all())


def test_a_geometry_without_a_crs_is_in_that_of_the_service(service: ImageService) -> None:
    rule = _rule(ClipRule(clipping_geometry=_shape(TRIANGLE, "")))
    got = pixels_of(service, nearest(rendering=RenderingRule(inputs=(rule,))))
    np.testing.assert_array_equal(got.valid_all(), _inside(TRIANGLE))
    with pytest.raises(InvalidParameter, match="spatial reference"):
        _run(rule)


def test_rules_without_places_stay() -> None:
    rule = _rule(ClipRule(clipping_geometry=_shape(TRIANGLE)), MosaicInput())
    assert placed_rule(rule, "EPSG:3857") is rule


def test_image_space_has_no_place_for_it(service: ImageService) -> None:
    rule = _rule(ClipRule(clipping_geometry=_shape(TRIANGLE)))
    request = nearest(Extent(0, -100, 100, 0), 100, rendering=rule)
    view = View(
        extent=request.view.extent, extent_crs="ICS:1", out_crs="ICS:1", width=100, height=100
    )
    with pytest.raises(InvalidParameter, match="a view on a map"):
        pixels_of(service, msgspec.structs.replace(request, view=view))


def test_chains_of_services_know_no_places() -> None:
    process = RasterFunctionProcess(function="Clip", arguments=ClipRule(extent=_shape(TRIANGLE)))
    (fault,) = service_faults([process], BandsInfo(PixelType.U8, 1))
    assert "rendering rules" in fault.why
    above = RenderingRule(
        function="Statistics",
        arguments=StatisticsRule(kind=2),
        inputs=(_rule(ClipRule(extent=_shape(TRIANGLE)), MosaicInput()),),
    )
    with pytest.raises(InvalidParameter, match="Clip"):
        tree_step(above, BandsInfo(PixelType.U8, 1))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (ClipRule(), "ClippingGeometry"),
        (ClipRule(clipping_type=3, extent=_shape(TRIANGLE)), "ClippingType"),
        (ClipRule(clipping_geometry=_shape(shapely.Point(1, 2))), "with an area"),
        (ClipRule(clipping_geometry=Shape(wkb=b"no", crs=CRS)), "ClippingGeometry"),
        (ClipRule(extent=_shape(shapely.LineString([(1, 2), (3, 4)]))), "Extent"),
        (ClipRule(extent=_shape(TRIANGLE, "EPSG:99999999")), "Extent"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments: ClipRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _run(_rule(arguments))


def test_a_raster_and_a_geometry_are_one_too_many() -> None:
    with pytest.raises(InvalidParameter, match="ClippingRaster"):
        _run(_rule(ClipRule(clipping_geometry=_shape(TRIANGLE)), MosaicInput(), ItemInput(item=2)))


def test_a_polygon_that_crosses_itself_is_made_of_its_parts() -> None:
    bow = shapely.Polygon(
        [(LEFT, TOP), (LEFT + 2000, TOP - 2000), (LEFT + 2000, TOP), (LEFT, TOP - 2000)]
    )
    got = _run(_rule(ClipRule(clipping_geometry=_shape(bow))))
    assert got.valid.mean() == pytest.approx(0.5, abs=0.01)
