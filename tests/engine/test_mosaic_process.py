"""What follows the mosaic: the chain of the service, and functions that rendering rules ask for.

Covers engine.service_picture and engine.build.service_chain too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from config.definition import Interpolation, PictureStretch, ServiceProperties
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import service_chain, set_service_chain
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError, InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.function_rules import ArithmeticRule, ConvolutionRule, RemapRule
from engine.functions.convolution import convolve
from engine.functions.convolution_kernels import KERNELS
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.render import render
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, TileAddress, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
WHOLE = Extent(LEFT, TOP - 2000, LEFT + 2000, TOP)
SMOOTH = {"process": "RasterFunction", "function": "Convolution", "arguments": {"kind": 12}}
CLASSES = {
    "process": "RasterFunction",
    "function": "Remap",
    "arguments": {"input_ranges": [0, 30000, 30000, 65536], "output_values": [10, 200]},
}


def noise(bands: int = 1) -> np.ndarray:
    """The pixels of the raster."""
    return np.random.default_rng(2).integers(1, 60000, (bands, 200, 200)).astype(np.uint16)


def service_with(folder: Path, chain: list[object], bands: int = 1) -> ImageService:
    """Return a service of two rasters side by side under a service chain."""
    data = noise(bands)
    for number, half in enumerate((data[:, :, :100], data[:, :, 100:])):
        place = [10, 0, LEFT + number * 1000, 0, -10, TOP]

        write_raster(folder / f"{number}.tif", half, transform=Affine(*place))
    properties = ServiceProperties(picture_stretch=PictureStretch.AUTO)
    definition = DefinitionFolder.create(folder / "d.isdef", properties)
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[folder]))
    (folder / "chain.json").write_text(json.dumps(chain))
    set_service_chain(definition, folder / "chain.json")
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def nearest(box: Extent = WHOLE, size: int = 200, **changes: object) -> ImageRequest:
    """Ask for the rasters' own pixels."""
    return view_of(box, size, size, interpolation=Interpolation.NEAREST, **changes)


def test_a_service_chain_works_on_the_mosaic_across_its_rasters(tmp_path: Path) -> None:
    service = service_with(tmp_path, [SMOOTH])
    made = pixels_of(service, nearest())
    data = noise()[0]
    expected = np.rint(convolve(data, np.ones(data.shape, np.bool_), KERNELS[12]))
    assert np.array_equal(made.data[0], expected)
    # A view that begins just beside the second raster still sees it.
    left = Extent(WHOLE.xmin, WHOLE.ymax - 1000, WHOLE.xmin + 1000, WHOLE.ymax)
    part = pixels_of(service, nearest(left, 100))
    assert np.array_equal(part.data[0], made.data[0, :100, :100])


def test_the_service_is_what_its_chain_gives(tmp_path: Path) -> None:
    service = service_with(tmp_path, [CLASSES])
    summary = service.summary
    assert summary.pixel_type is PixelType.U8
    assert (summary.statistics[0].min, summary.statistics[0].max) == (10.0, 200.0)
    low = (noise()[0] < 30000).mean()
    assert summary.statistics[0].mean == pytest.approx(low * 10 + (1 - low) * 200, abs=1.5)
    counts = np.array(service.catalog.histograms[0].counts)
    assert np.flatnonzero(counts).tolist() == [10, 200]
    made = pixels_of(service, nearest())
    assert made.data.dtype == np.uint8
    assert np.array_equal(made.data[0], np.where(noise()[0] < 30000, 10, 200))
    picture = pixels_of(service, nearest(encoding=Encoding(format="png")))
    assert np.array_equal(picture.data[0], made.data[0])


def test_tiles_equal_one_export_under_a_service_chain(tmp_path: Path) -> None:
    service = service_with(tmp_path, [SMOOTH, CLASSES, SMOOTH])
    half = 20037508.342789244
    size = 2 * half / 2**15
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.center_x + half) // size), int((half - box.center_y) // size)

    def tile(number: int) -> np.ndarray:
        view = View(tile=TileAddress(level=15, row=row, col=number))
        request = ImageRequest(view=view, encoding=Encoding(format="bsq"))
        return pixels_of(service, request).data

    tiles = np.concatenate([tile(col), tile(col + 1)], axis=2)
    xmin, ymax = col * size - half, half - row * size
    both = Extent(xmin, ymax - size, xmin + 2 * size, ymax)
    export = pixels_of(service, view_of(both, 512, 256, "EPSG:3857"))
    assert np.array_equal(tiles, export.data)
    assert np.ptp(tiles) > 0


def test_strips_of_a_large_export_equal_the_whole(tmp_path: Path) -> None:
    service = service_with(tmp_path, [SMOOTH])

    made = plan(service, nearest())
    whole = pixels_of(service, nearest()).data
    for first in (0, 70, 140):
        part = made.rows_of(first, 60)
        block = render(part, Work(service, UNLIMITED), service.summary.pixel_type)
        assert np.array_equal(block.data, whole[:, first : first + 60])


def test_bands_are_chosen_behind_the_service_chain(tmp_path: Path) -> None:
    each = {
        "process": "RasterFunction",
        "function": "Arithmetic",
        "arguments": {"operation": 1, "constants": [1, 2, 3]},
        "output_pixel_type": "U16",
    }
    service = service_with(tmp_path, [each], bands=3)
    made = pixels_of(service, nearest(band_ids=(2, 0)))
    assert np.array_equal(
        made.data, noise(3)[[2, 0]] + np.array([3, 1], np.uint16).reshape(2, 1, 1)
    )


def test_a_service_chain_is_kept_read_again_and_taken_away(tmp_path: Path) -> None:
    definition = DefinitionFolder.create(tmp_path / "d.isdef")
    (tmp_path / "c.json").write_text(json.dumps([SMOOTH, CLASSES]))
    kept = set_service_chain(definition, tmp_path / "c.json")
    assert service_chain(definition) == kept
    assert len(kept) == 2
    (tmp_path / "c.json").write_text("[]")
    set_service_chain(definition, tmp_path / "c.json")
    assert service_chain(definition) == ()


@pytest.mark.parametrize(
    ("process", "told"),
    [
        ({"process": "Sampler2D"}, "process 1 (Sampler2D): a sampler in the chain of a service"),
        (SMOOTH | {"arguments": {"kind": 77}}, "process 1 (RasterFunction)"),
    ],
)
def test_what_no_service_chain_can_hold_is_refused(
    tmp_path: Path, process: dict[str, object], told: str
) -> None:
    definition = DefinitionFolder.create(tmp_path / "d.isdef")
    (tmp_path / "c.json").write_text(json.dumps([process]))
    with pytest.raises(ConfigError, match="service 'd'") as caught:
        set_service_chain(definition, tmp_path / "c.json")
    assert told in str(caught.value)
    assert service_chain(definition) == ()


REMAP_RULE = RenderingRule(
    function="Remap",
    arguments=RemapRule(input_ranges=(0, 30000, 30000, 65536), output_values=(10, 200)),
)


def test_a_rendering_rule_runs_any_function_on_samples_and_pictures(tmp_path: Path) -> None:
    service = service_with(tmp_path, [])
    expected = np.where(noise()[0] < 30000, 10, 200)
    raw = pixels_of(service, nearest(rendering=REMAP_RULE))
    assert raw.data.dtype == np.uint8
    assert np.array_equal(raw.data[0], expected)
    picture = pixels_of(service, nearest(rendering=REMAP_RULE, encoding=Encoding(format="png")))
    assert np.array_equal(picture.data[0], expected)


def test_a_rule_with_neighbours_has_no_seams_at_the_edge_of_a_view(tmp_path: Path) -> None:
    service = service_with(tmp_path, [])
    rule = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=12))
    whole = pixels_of(service, nearest(rendering=rule)).data[0]
    left = Extent(WHOLE.xmin, WHOLE.ymax - 1000, WHOLE.xmin + 1000, WHOLE.ymax)
    part = pixels_of(service, nearest(left, 100, rendering=rule)).data[0]
    assert np.array_equal(part, whole[:100, :100])


def test_a_rule_comes_after_the_service_chain(tmp_path: Path) -> None:
    service = service_with(tmp_path, [CLASSES])
    rule = RenderingRule(
        function="Arithmetic",
        arguments=ArithmeticRule(operation=3, constants=(0.1,)),
        output_pixel_type=PixelType.U8,
    )
    made = pixels_of(service, nearest(rendering=rule))
    assert np.array_equal(made.data[0], np.where(noise()[0] < 30000, 1, 20))


def test_a_rule_with_wrong_arguments_is_refused_before_any_pixel(tmp_path: Path) -> None:
    service = service_with(tmp_path, [])
    rule = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=77))
    for name in ("png", "bsq"):
        with pytest.raises(InvalidParameter, match="Type"):
            plan(service, nearest(rendering=rule, encoding=Encoding(format=name)))


def test_a_kernel_too_large_for_the_picture_is_refused_before_any_pixel(tmp_path: Path) -> None:
    service = service_with(tmp_path, [])
    wide = ConvolutionRule(kind=-1, rows=31, columns=31, kernel=(1.0,) * 961)
    rule = RenderingRule(function="Convolution", arguments=wide)
    assert plan(service, nearest(size=200, rendering=rule)).process is not None
    with pytest.raises(RequestTooLarge, match="pixels times neighbours"):
        plan(service, nearest(size=4000, rendering=rule))


def test_an_empty_answer_counts_no_pixels_of_the_halo(tmp_path: Path) -> None:
    service = service_with(tmp_path, [SMOOTH])

    work = Work(service, UNLIMITED)
    beside = Extent(WHOLE.xmin - 1000, WHOLE.ymin, WHOLE.xmin, WHOLE.ymin + 1000)
    made = pixels_of(service, nearest(beside, 100), work)
    assert not made.valid_any().any()
    assert work.filled == 0
