"""What chains do to pixels, against numpy: sides of the sampler, halos, several samplings, one map.

Covers engine.item_process, engine.process_steps, engine.process_sources, engine.region_sampling,
engine.layer_sources, engine.staged_item and engine.geometry.plane_locator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation, MosaicOperator
from engine.budget import UNLIMITED
from engine.chain import Process, RasterFunctionProcess, Sampler2D
from engine.explain import explain
from engine.extent import Extent
from engine.function_rules import ArithmeticRule, ConvolutionRule, RemapRule
from engine.functions.convolution import convolve
from engine.functions.convolution_kernels import KERNELS
from engine.geometry.projection import operation, transform
from engine.geotransforms import Affine, DisplacementGrid, Polynomial, Projective
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, TileAddress, View
from engine.service import open_service
from tests.engine.chain_services import bilinear, centres, chain_service, pixels_of, view_of
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

UTM = "EPSG:32632"
# The rasters of tests.engine.rasters: 10 m pixels from (500000, 5200000).
LEFT, TOP = 500_000.0, 5_200_000.0

REMAP = RasterFunctionProcess(
    function="Remap",
    arguments=RemapRule(
        input_ranges=(0, 20000, 20000, 40000, 40000, 65536), output_values=(1000, 9000, 60000)
    ),
)
SMOOTH = RasterFunctionProcess(function="Convolution", arguments=ConvolutionRule(kind=12))
TWICE = RasterFunctionProcess(
    function="Arithmetic",
    arguments=ArithmeticRule(operation=3, constants=(0.5,)),
    output_pixel_type=PixelType.U16,
)


def texture(rows: int, cols: int, bands: int = 1) -> np.ndarray:
    """Smooth hills with some noise, uint16."""
    r, c = np.mgrid[0:rows, 0:cols]
    hills = 30000 + 14000 * np.sin(c / 17.0) * np.cos(r / 11.0)
    noise = np.random.default_rng(5).integers(0, 9000, (bands, rows, cols))
    return np.asarray((hills + noise).astype(np.uint16))


def image(folder: Path, data: np.ndarray) -> Path:
    """Write a tiled file of small blocks, so that windows cross them."""
    return write_raster(folder / "i.tif", data, tiled=True, blockxsize=128, blockysize=128)


def remapped(samples: np.ndarray) -> np.ndarray:
    """What REMAP does."""
    return np.select([samples < 20000, samples < 40000], [1000.0, 9000.0], 60000.0)


def smoothed(samples: np.ndarray) -> np.ndarray:
    """What SMOOTH does to whole numbers."""
    sums = convolve(samples, np.ones(samples.shape, np.bool_), KERNELS[12])
    return np.rint(sums)


# Half a pixel off, so that bilinear weights are not 0 or 1.
BOX = Extent(LEFT + 203, TOP - 1807, LEFT + 1803, TOP - 207)
SIZE = 230


def source_positions(box: Extent = BOX, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """Column and row positions of a view's pixels in the file."""
    x, y = centres(box, size, size)
    return (x - LEFT) / 10, (TOP - y) / 10


def test_a_remap_before_a_bilinear_sampler_is_not_one_after_it(tmp_path: Path) -> None:
    data = texture(300, 300)
    path = image(tmp_path, data)
    (tmp_path / "before").mkdir()
    (tmp_path / "after").mkdir()
    before = chain_service(tmp_path / "before", path, [REMAP])
    after = chain_service(tmp_path / "after", path, [Sampler2D(), REMAP])
    col, row = source_positions()
    found_before = pixels_of(before, view_of(BOX, SIZE, SIZE)).data[0].astype(float)
    found_after = pixels_of(after, view_of(BOX, SIZE, SIZE)).data[0].astype(float)
    expected = bilinear(remapped(data[0]), col, row)
    assert np.abs(found_before - expected).max() <= 8  # weights of 14 bits an axis
    assert np.abs(found_before - found_after).max() > 1000
    assert set(np.unique(found_after)) == {1000.0, 9000.0, 60000.0}
    # Where rounding of the interpolated value does not decide.
    value = bilinear(data[0], col, row)
    clear = (np.abs(value - 20000) > 8) & (np.abs(value - 40000) > 8)
    assert np.array_equal(found_after[clear], remapped(value)[clear])


def test_a_prefix_runs_once_a_block_and_is_kept_with_it(tmp_path: Path) -> None:
    service = chain_service(tmp_path, image(tmp_path, texture(300, 300)), [REMAP])
    blocks = service.memory.blocks
    first = pixels_of(service, view_of(BOX, SIZE, SIZE))
    misses = blocks.misses
    again = pixels_of(service, view_of(BOX, SIZE, SIZE))
    assert blocks.misses == misses
    assert np.array_equal(first.data, again.data)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_convolution_has_no_seams_at_blocks_cells_or_cuts(tmp_path: Path, where: str) -> None:
    data = texture(520, 520)
    chain: list[Process] = [SMOOTH] if where == "before" else [Sampler2D(), SMOOTH]
    service = chain_service(tmp_path, image(tmp_path, data), chain)
    box = Extent(LEFT + 3, TOP - 5003, LEFT + 5003, TOP - 3)
    whole = pixels_of(service, view_of(box, 500, 500)).data[0]
    col, row = source_positions(box, 500)
    if where == "before":
        expected = bilinear(smoothed(data[0]), col, row)
    else:
        # What lies around the view is part of it too.
        wide = Extent(box.xmin - 20, box.ymin - 20, box.xmax + 20, box.ymax + 20)
        sampled = np.rint(bilinear(data[0], *source_positions(wide, 504)))
        expected = smoothed(sampled.astype(np.uint16))[2:-2, 2:-2]
    inner = np.s_[3:-3, 3:-3]
    assert np.abs(whole[inner].astype(float) - expected[inner]).max() <= 3
    middle = box.xmin + box.width / 2
    left = pixels_of(service, view_of(Extent(box.xmin, box.ymin, middle, box.ymax), 250, 500))
    right = pixels_of(service, view_of(Extent(middle, box.ymin, box.xmax, box.ymax), 250, 500))
    assert np.array_equal(np.concatenate([left.data[0], right.data[0]], axis=1), whole)


def test_functions_with_neighbours_keep_the_outline_of_no_data(tmp_path: Path) -> None:
    data = texture(200, 200)
    data[0, 60:90, 70:100] = 0
    path = write_raster(tmp_path / "i.tif", data, nodata=0)
    service = chain_service(tmp_path, path, [SMOOTH])
    whole = Extent(LEFT, TOP - 2000, LEFT + 2000, TOP)
    made = pixels_of(service, view_of(whole, 200, 200, interpolation=Interpolation.NEAREST))
    assert np.array_equal(made.valid_any(), data[0] != 0)
    valid = data[0] != 0
    expected = np.rint(convolve(data[0], valid, KERNELS[12]))
    assert np.array_equal(made.data[0][valid], expected[valid])


def two_samplings(pixel_size: float = 2.0) -> list[Process]:
    """Shift by a third of a pixel and average to larger pixels, smooth these, then stretch them."""
    return [
        Affine(source_to_output=(1 / 3, 1.0, 0.0, -0.25, 0.0, 1.0)),
        Sampler2D(interpolation=Interpolation.BILINEAR, pixel_size=pixel_size),
        SMOOTH,
        Affine(source_to_output=(LEFT, 10.0, 0.0, TOP, 0.0, -10.0)),
    ]


def test_an_explicit_earlier_sampler_equals_two_samplings_by_brute_force(tmp_path: Path) -> None:
    data = texture(260, 280)
    service = chain_service(tmp_path, image(tmp_path, data), two_samplings(), {"crs": UTM}, crs=UTM)
    work = Work(service, UNLIMITED)
    box = Extent(LEFT + 303, TOP - 1904, LEFT + 1903, TOP - 304)
    found = pixels_of(service, view_of(box, 200, 200), work).data[0].astype(float)
    # First sampling: pixels of 2 × 2 from (0, 0) of the plane.
    r, c = np.mgrid[0:131, 0:141]
    plane_x, plane_y = (c + 0.5) * 2, (r + 0.5) * 2
    first = np.rint(bilinear(data[0], plane_x - 1 / 3, plane_y + 0.25)).astype(np.uint16)
    second = smoothed(first)
    x, y = centres(box, 200, 200)
    expected = bilinear(second, (x - LEFT) / 10 / 2, (TOP - y) / 10 / 2)
    # Weights of 14 bits and a rounding more.
    assert np.abs(found - expected).max() <= 6
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999999
    # One for each of the world's cells that the view touches, and one for the window of each.
    cells = len(list(plan(service, view_of(box, 200, 200)).grid.cells()))
    assert work.samplings == 2 * cells


def test_an_earlier_sampler_by_nearest_stays_nearest_whatever_the_request_says(
    tmp_path: Path,
) -> None:
    data = texture(120, 120)
    chain: list[Process] = [
        Sampler2D(interpolation=Interpolation.NEAREST, pixel_size=3.0),
        Sampler2D(),
    ]
    service = chain_service(tmp_path, image(tmp_path, data), chain)
    box = Extent(LEFT + 300, TOP - 900, LEFT + 900, TOP - 300)
    request = view_of(box, 20, 20, interpolation=Interpolation.NEAREST)
    found = pixels_of(service, request).data[0]
    # Pixels of three: the middle one of each.
    assert np.array_equal(found, data[0, 31:91:3, 31:91:3])


def test_coarse_views_take_coarser_lattices_and_still_agree_with_tiles(tmp_path: Path) -> None:
    data = texture(512, 512)
    service = chain_service(
        tmp_path, image(tmp_path, data), two_samplings(0.5), {"crs": UTM}, crs=UTM
    )
    box = Extent(LEFT + 320, TOP - 4480, LEFT + 4480, TOP - 320)
    whole = pixels_of(service, view_of(box, 52, 52)).data[0]
    left = Extent(box.xmin, box.ymin, box.xmin + box.width / 2, box.ymax)
    part = pixels_of(service, view_of(left, 26, 52)).data[0]
    assert np.array_equal(part, whole[:, :26])
    plain = bilinear(smoothed(data[0]), *source_positions(box, 52))
    assert np.corrcoef(whole.ravel(), plain.ravel())[0, 1] > 0.9


# A lens, a tilt and a place on the map.
BEND = Polynomial(
    to_source_col=(0.0, 1.0, 0.0, 2e-5, 1e-5, 0.0), to_source_row=(0.0, 0.0, 1.0, 0.0, 1e-5, -2e-5)
)
TILT = Projective(source_to_output=(1.02, 0.01, 3.0, -0.01, 0.99, 2.0, 1e-5, -2e-5, 1.0))
PLACE = Affine(source_to_output=(LEFT, 10.0, 0.4, TOP, 0.3, -10.0))


def exact_positions(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The composition of the three, backwards."""
    at = x.ravel().astype(float), y.ravel().astype(float)
    for record in (PLACE, TILT, BEND):
        at = record.bind().to_source(*at)
    return at[0].reshape(x.shape), at[1].reshape(x.shape)


def positions_image(folder: Path) -> Path:
    """Two bands of 100 times where a pixel is."""
    rows, cols = np.mgrid[0:300, 0:320]
    return image(folder, np.stack([cols * 100 + 50, rows * 100 + 50]).astype(np.uint16))


def test_three_geotransforms_and_a_projection_are_one_map_sampled_once(tmp_path: Path) -> None:
    chain: list[Process] = [BEND, TILT, PLACE]
    service = chain_service(
        tmp_path, positions_image(tmp_path), chain, {"crs": "EPSG:3857"}, crs=UTM
    )
    middle = service.summary.extent
    half = 512.0
    box = Extent(
        middle.center_x - half,
        middle.center_y - half,
        middle.center_x + half,
        middle.center_y + half,
    )
    work = Work(service, UNLIMITED)
    made = pixels_of(service, view_of(box, 100, 100), work)
    cells = len(list(plan(service, view_of(box, 100, 100)).grid.cells()))
    assert work.samplings == cells
    x, y = centres(box, 100, 100)
    pipeline = operation("EPSG:3857", UTM).pipeline
    flat_x, flat_y = transform(pipeline, x.ravel(), y.ravel())
    col, row = exact_positions(flat_x.reshape(x.shape), flat_y.reshape(y.shape))
    assert made.valid_any().all()
    # The stated tolerance is an eighth of an output pixel; a sample rounds to 0.005 pixels.
    per_output = np.hypot(np.diff(col, axis=1).max(), np.diff(row, axis=1).max())
    limit = 0.125 * per_output + 0.02
    assert np.abs(made.data[0] / 100 - col).max() < limit
    assert np.abs(made.data[1] / 100 - row).max() < limit


def test_the_footprint_follows_the_geotransforms(tmp_path: Path) -> None:
    service = chain_service(
        tmp_path, positions_image(tmp_path), [BEND, TILT, PLACE], {"crs": UTM}, crs=UTM
    )
    box = service.summary.extent.expand(100, 100)
    made = pixels_of(service, view_of(box, 300, 300))
    x, y = centres(box, 300, 300)
    col, row = exact_positions(x, y)
    inside = (col > 0.5) & (col < 319.5) & (row > 0.5) & (row < 299.5)
    outside = (col < -0.5) | (col > 320.5) | (row < -0.5) | (row > 300.5)
    assert made.valid_any()[inside].all()
    assert not made.valid_any()[outside].any()
    assert 0 < inside.sum() < inside.size


def tile_samples(service: ImageService, level: int, col: int, row: int) -> np.ndarray:
    """One tile as samples."""
    request = ImageRequest(
        view=View(tile=TileAddress(level=level, row=row, col=col)),
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.BILINEAR,
    )
    return pixels_of(service, request).data


@pytest.mark.parametrize(
    "name", ["prefix", "focal", "after", "staged", "geotransforms", "staged focal after"]
)
def test_tiles_equal_one_export_with_every_kind_of_chain(tmp_path: Path, name: str) -> None:
    place = Affine(source_to_output=(LEFT, 10.0, 0.0, TOP, 0.0, -10.0))
    chains: dict[str, list[Process]] = {
        "prefix": [REMAP, TWICE],
        "focal": [TWICE, SMOOTH, TWICE],
        "after": [Sampler2D(interpolation=Interpolation.CUBIC), REMAP, SMOOTH],
        "staged": two_samplings(),
        "geotransforms": [BEND, TILT, PLACE],
        "staged focal after": [
            SMOOTH,
            BEND,
            Sampler2D(pixel_size=1.5),
            REMAP,
            SMOOTH,
            place,
            Sampler2D(),
            SMOOTH,
        ],
    }
    chain = chains[name]
    has_map = any(isinstance(process, Affine) for process in chain)
    fields = {"crs": UTM} if has_map else {}
    service = chain_service(
        tmp_path, image(tmp_path, texture(400, 400)), chain, {"crs": "EPSG:3857"}, **fields
    )
    box = service.summary.extent
    level = 14
    size = 2 * 20037508.342789244 / 2**level
    col = int((box.center_x + 20037508.342789244) // size)
    row = int((20037508.342789244 - box.center_y) // size)
    tiles = np.concatenate(
        [
            np.concatenate([tile_samples(service, level, c, r) for c in (col, col + 1)], axis=2)
            for r in (row, row + 1)
        ],
        axis=1,
    )
    xmin, ymax = col * size - 20037508.342789244, 20037508.342789244 - row * size
    whole = Extent(xmin, ymax - 2 * size, xmin + 2 * size, ymax)
    export = pixels_of(service, view_of(whole, 512, 512, "EPSG:3857"))
    assert np.array_equal(tiles, export.data)
    assert export.valid_any().any()
    assert np.ptp(export.data) > 0


def test_bands_are_chosen_after_the_chain_has_seen_them_all(tmp_path: Path) -> None:
    data = texture(100, 100, bands=3)
    each = RasterFunctionProcess(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=2, constants=(0.0, 100.0, 200.0)),
        output_pixel_type=PixelType.U16,
    )
    for number, chain in enumerate(([each], [each, SMOOTH], [Sampler2D(), each])):
        (tmp_path / str(number)).mkdir()
        service = chain_service(tmp_path / str(number), image(tmp_path, data), list(chain))
        whole = Extent(LEFT, TOP - 1000, LEFT + 1000, TOP)
        request = view_of(whole, 100, 100, interpolation=Interpolation.NEAREST)
        all_bands = pixels_of(service, request).data
        chosen = pixels_of(
            service, view_of(whole, 100, 100, interpolation=Interpolation.NEAREST, band_ids=(2, 0))
        )
        assert np.array_equal(chosen.data, all_bands[[2, 0]])
        if len(chain) == 1:
            assert np.array_equal(all_bands[1], data[1] - 100)


def test_an_explicit_last_sampler_says_how_the_item_is_interpolated(tmp_path: Path) -> None:
    data = texture(300, 300)
    service = chain_service(
        tmp_path,
        image(tmp_path, data),
        [Sampler2D(interpolation=Interpolation.NEAREST, tolerance_px=0.01)],
    )
    found = pixels_of(service, view_of(BOX, SIZE, SIZE)).data[0]
    col, row = source_positions()
    clear = (np.abs(col - np.rint(col)) > 0.02) & (np.abs(row - np.rint(row)) > 0.02)
    expected = data[0][np.floor(row).astype(int), np.floor(col).astype(int)]
    assert np.array_equal(found[clear], expected[clear])


def test_items_with_chains_mosaic_like_others(tmp_path: Path) -> None:
    data = texture(300, 300)
    service = chain_service(tmp_path, image(tmp_path, data), [Sampler2D(), REMAP])
    plain = pixels_of(service, view_of(BOX, SIZE, SIZE))
    for operator in (MosaicOperator.LAST, MosaicOperator.MEAN, MosaicOperator.BLEND):
        request = view_of(BOX, SIZE, SIZE, mosaic=MosaicRule(operator=operator))
        made = pixels_of(service, request)
        assert np.array_equal(made.data[made.valid], plain.data[plain.valid])


def test_eight_bit_colours_with_a_prefix_take_the_fast_path(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, (3, 300, 300)).astype(np.uint8)
    invert = RasterFunctionProcess(
        function="Remap",
        arguments=RemapRule(
            input_ranges=tuple(v for n in range(256) for v in (n, n)),
            output_values=tuple(float(255 - n) for n in range(256)),
        ),
    )
    service = chain_service(tmp_path, image(tmp_path, data), [invert])
    whole = Extent(LEFT, TOP - 3000, LEFT + 3000, TOP)
    request = view_of(
        whole, 300, 300, interpolation=Interpolation.NEAREST, encoding=Encoding(format="png")
    )
    made = plan(service, request)
    assert all(planned.fits_words for planned in made.items)
    assert np.array_equal(pixels_of(service, request).data, 255 - data)


def test_an_item_without_a_chain_carries_nothing_of_it(tmp_path: Path) -> None:
    path = image(tmp_path, texture(100, 100))
    service = chain_service(tmp_path, path, [])
    (planned,) = plan(service, view_of(BOX, SIZE, SIZE)).items
    assert planned.item.process == b""
    assert planned.placed.staged is None


def test_a_chain_that_does_nothing_to_pixels_is_left_out_of_the_compiled_item(
    tmp_path: Path,
) -> None:
    path = image(tmp_path, texture(100, 100))
    chain_service(
        tmp_path,
        path,
        [Affine(source_to_output=(LEFT, 10.0, 0.0, TOP, 0.0, -10.0)), Sampler2D()],
        {"crs": UTM},
        crs=UTM,
    )
    service = open_service(str(tmp_path / "d.zmd"))
    (planned,) = plan(service, view_of(BOX, SIZE, SIZE)).items
    assert planned.item.process == b""
    assert planned.item.geolocation


def test_blending_weighs_a_staged_item_by_its_own_edges(tmp_path: Path) -> None:
    service = chain_service(
        tmp_path, image(tmp_path, texture(260, 280)), two_samplings(), {"crs": UTM}, crs=UTM
    )
    box = service.summary.extent.expand(200, 200)
    request = view_of(box, 220, 220, mosaic=MosaicRule(operator=MosaicOperator.BLEND))
    made, plain = pixels_of(service, request), pixels_of(service, view_of(box, 220, 220))
    # Alone it is its own mean, wherever it has a weight: everywhere but at the very edge.
    assert made.valid_any().sum() > 0.98 * plain.valid_any().sum()
    both = made.valid_any() & plain.valid_any()
    assert np.array_equal(made.data[0][both], plain.data[0][both])


def test_explain_tells_what_a_chain_does(tmp_path: Path) -> None:
    chain: list[Process] = [REMAP, SMOOTH, Sampler2D(pixel_size=2.0), TWICE, Sampler2D(), TWICE]
    service = chain_service(tmp_path, image(tmp_path, texture(200, 200)), chain)
    (raster,) = explain(view_of(BOX, SIZE, SIZE), Work(service, UNLIMITED)).rasters
    assert "Remap, Convolution before sampling 1" in raster.operation
    assert "Arithmetic before sampling 2" in raster.operation
    assert "functions after sampling" in raster.operation


def test_a_displacement_grid_with_close_posts_keeps_the_stated_error(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    shape = (41, 41)
    ripple = DisplacementGrid(
        origin=(0.0, 0.0),
        step=(8.0, 8.0),
        dx=tuple(map(tuple, rng.uniform(-2, 2, shape).tolist())),
        dy=tuple(map(tuple, rng.uniform(-2, 2, shape).tolist())),
    )
    place = Affine(source_to_output=(LEFT, 10.0, 0.0, TOP, 0.0, -10.0))
    service = chain_service(
        tmp_path, positions_image(tmp_path), [ripple, place], {"crs": UTM}, crs=UTM
    )
    box = Extent(LEFT + 500, TOP - 2500, LEFT + 2500, TOP - 500)
    made = pixels_of(service, view_of(box, 400, 400))
    x, y = centres(box, 400, 400)
    at = ripple.bind().to_source(*place.bind().to_source(x.ravel(), y.ravel()))
    col, row = (each.reshape(x.shape) for each in at)
    # Two output pixels make one of the file: an eighth of one, and what rounding leaves.
    assert np.abs(made.data[0] / 100 - col).max() < 0.0625 + 0.02
    assert np.abs(made.data[1] / 100 - row).max() < 0.0625 + 0.02
