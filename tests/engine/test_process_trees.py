"""Functions of several inputs, and of functions, in the chains of services, groups and rasters.

What a chain makes equals what the same rendering rule makes of the service without it. Covers
engine.process_steps and engine.process_plain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.chain_files import import_definitions, set_service_chain
from engine.build.compile import compile_definition
from engine.chain import RasterFunctionProcess, padding_of
from engine.chain_words import describe_chain
from engine.errors import ConfigError
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.process_definition import (
    RasterEntry,
    RasterProcessDefinition,
    check_service_chain,
    processes_of,
    read_definition,
    write_chain,
    write_definition,
)
from engine.process_plain import with_tags
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import open_service
from tests.engine.chain_services import chain_service, definition_with, pixels_of, view_of
from tests.engine.rasters import write_raster
from tests.engine.test_mosaic_process import WHOLE, nearest, noise, service_with

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

NDVI = {
    "function": "NDVI",
    "arguments": {"visible_band": 2, "infrared_band": 3},
    "inputs": ["$$"],
}
COLOURS = {"function": "Colormap", "arguments": {"colormap_name": "NDVI"}, "inputs": [NDVI]}
SMOOTH = {"function": "Convolution", "arguments": {"kind": 12}, "inputs": ["$$"]}
# How far each sample is from what is around it.
ROUGH = {
    "function": "Abs",
    "inputs": [{"function": "Minus", "inputs": ["$$", SMOOTH], "output_pixel_type": "S32"}],
    "output_pixel_type": "U16",
}
SHADE = {
    "function": "CompositeBand",
    "inputs": [
        {"function": "Hillshade", "arguments": {"z_factor": 0.01}},
        {"function": "Times", "inputs": [{"function": "Aspect"}, 0.5]},
    ],
}
TREES: dict[str, dict[str, Any]] = {"colours": COLOURS, "rough": ROUGH, "shade": SHADE}


def process(plain: dict[str, Any]) -> dict[str, Any]:
    """The process as it is written in a chain."""
    return {"process": "RasterFunction", **plain}


def record(plain: dict[str, Any]) -> RasterFunctionProcess:
    """The process as a record."""
    found = processes_of([process(plain)], "item", "chain")[0]
    assert isinstance(found, RasterFunctionProcess)
    return found


def same(one: PixelBlock, other: PixelBlock) -> None:
    valid = np.broadcast_to(one.valid, one.data.shape)
    np.testing.assert_array_equal(valid, np.broadcast_to(other.valid, other.data.shape))
    np.testing.assert_array_equal(one.data[valid], other.data[valid])
    assert one.data.dtype == other.data.dtype
    assert valid.any()


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands side by side, no chain."""
    return service_with(tmp_path_factory.mktemp("raw"), [], bands=4)


@pytest.fixture(scope="module", params=TREES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ImageService, dict[str, Any]]:
    """A service under a chain, and the chain's tree."""
    plain = TREES[request.param]
    return service_with(tmp_path_factory.mktemp("s"), [process(plain)], bands=4), plain


def test_a_service_chain_equals_the_rule_on_the_service_without_it(
    raw: ImageService, pair: tuple[ImageService, dict[str, Any]]
) -> None:
    service, plain = pair
    rule = record(plain).rule()
    output = raw.function_tree(rule, (0, 1, 2, 3)).output
    summary = service.summary
    assert (len(summary.bands), summary.pixel_type) == (output.bands, output.pixel_type)
    assert summary.colormap == output.colormap
    same(pixels_of(service, nearest()), pixels_of(raw, nearest(rendering=rule)))
    # A part in the middle, by itself.
    part = Extent(WHOLE.xmin + 700, WHOLE.ymax - 900, WHOLE.xmin + 1300, WHOLE.ymax - 300)
    same(pixels_of(service, nearest(part, 60)), pixels_of(raw, nearest(part, 60, rendering=rule)))


def test_colours_of_a_chain_are_those_of_the_rule(raw: ImageService, tmp_path: Path) -> None:
    service = service_with(tmp_path, [process(COLOURS)], bands=4)
    png = Encoding(format="png")
    made = pixels_of(service, nearest(encoding=png))
    rule = record(COLOURS).rule()
    same(made, pixels_of(raw, nearest(rendering=rule, encoding=png)))
    assert made.data.shape[0] == 3
    assert np.ptp(made.data[0]) > 50


def test_tiles_equal_one_export_under_a_tree(pair: tuple[ImageService, dict[str, Any]]) -> None:
    service, _ = pair
    half = 20037508.342789244
    size = 2 * half / 2**15
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.center_x + half) // size), int((half - box.center_y) // size)
    tiles = [
        pixels_of(
            service,
            ImageRequest(
                view=View(tile=TileAddress(level=15, row=row, col=number)),
                encoding=Encoding(format="bsq"),
            ),
        )
        for number in (col, col + 1)
    ]
    xmin, ymax = col * size - half, half - row * size
    both = Extent(xmin, ymax - size, xmin + 2 * size, ymax)
    export = pixels_of(service, view_of(both, 512, 256, "EPSG:3857"))
    joined = np.concatenate([np.where(t.valid, t.data, 0) for t in tiles], axis=2)
    np.testing.assert_array_equal(joined, np.where(export.valid, export.data, 0))


def test_rules_of_clients_work_on_what_the_chain_gives(tmp_path: Path, raw: ImageService) -> None:
    service = service_with(tmp_path, [process(NDVI)], bands=4)
    twice = record({"function": "Plus", "inputs": ["$$", 7]}).rule()
    whole = record({"function": "Plus", "inputs": [NDVI, 7]}).rule()
    same(pixels_of(service, nearest(rendering=twice)), pixels_of(raw, nearest(rendering=whole)))
    assert [band.name for band in service.summary.bands] == ["NDVI"] or len(
        service.summary.bands
    ) == 1
    # Histograms of the bands say nothing of an index of two: it is counted.
    data = noise(4).astype(float)
    index = np.floor(100 * (data[3] - data[2]) / (data[3] + data[2]) + 100.5)
    found = service.summary.statistics[0]
    assert (found.min, found.max) == (index.min(), index.max())
    assert found.mean == pytest.approx(index.mean(), rel=1e-6)
    assert sum(service.histograms[0].counts) == index.size


@pytest.mark.parametrize("place", ["raster", "group"])
def test_trees_of_items_equal_the_rule_on_the_service_without_them(
    tmp_path: Path, place: str
) -> None:
    raster = tmp_path / "one.tif"
    write_raster(raster, noise(4))
    plain = chain_service(_made(tmp_path / "plain"), raster, [])
    rule = record(ROUGH).rule()
    if place == "raster":
        service = chain_service(_made(tmp_path / "own"), raster, [record(ROUGH)])
    else:
        service = chain_service(_made(tmp_path / "own"), raster, [], process_chain=(record(ROUGH),))
    same(pixels_of(service, nearest()), pixels_of(plain, nearest(rendering=rule)))
    assert service.summary.pixel_type is PixelType.U16


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_index_of_an_item_is_its_only_band(tmp_path: Path) -> None:
    raster = tmp_path / "one.tif"
    write_raster(raster, noise(4))
    plain = chain_service(_made(tmp_path / "plain"), raster, [])
    service = chain_service(_made(tmp_path / "own"), raster, [record(NDVI)])
    assert len(service.summary.bands) == 1
    rule = record(NDVI).rule()
    same(pixels_of(service, nearest()), pixels_of(plain, nearest(rendering=rule)))


def test_a_chain_keeps_its_trees_in_files() -> None:
    chain = tuple(record(plain) for plain in TREES.values())
    text = write_chain(chain)
    assert processes_of(json.loads(text), "item", "chain") == chain
    inner = json.loads(text)[0]["inputs"][0]
    assert inner == {"function": "NDVI", "arguments": NDVI["arguments"], "inputs": ["$$"]}
    definition = RasterProcessDefinition(
        name="x", process_chain=chain, rasters=(RasterEntry(source="a.tif"),)
    )
    assert read_definition(write_definition(definition), "x") == definition
    packed = msgspec.msgpack.encode(chain)
    assert msgspec.msgpack.decode(packed, type=tuple[RasterFunctionProcess, ...]) == chain


def test_neighbours_of_nested_functions_add_up() -> None:
    assert padding_of(record(SMOOTH)) == 2
    assert padding_of(record(ROUGH)) == 2
    assert padding_of(record({**SMOOTH, "inputs": [ROUGH]})) == 4


def test_trees_are_told_in_words() -> None:
    (line,) = describe_chain((record(ROUGH),))
    assert line.count("Convolution") == 1
    assert "$$; Convolution kind=12 of ($$)" in line


@pytest.mark.parametrize(
    ("plain", "named"),
    [
        ({"function": "NDVI", "inputs": "x"}, "inputs"),
        ({"function": "NDVI", "inputs": ["$7"]}, "inputs"),
        ({"function": "NDVI", "inputs": [{"function": "NDVI", "kind": 3}]}, "kind"),
        ({"function": "NDVI", "inputs": [{"function": "NDVI", "arguments": {"x": 1}}]}, "x"),
        ({"function": "NDVI", "inputs": [{"function": "Vegetation"}]}, "Vegetation"),
        ({"function": "NDVI", "inputs": [{"function": "GainSurface"}]}, "GainSurface"),
        (
            {"function": "NDVI", "inputs": [{"function": "Stretch", "arguments": {"dynamic_range": True}}]},
            "dynamic_range",
        ),
    ],
)  # fmt: skip
def test_bad_trees_are_refused_by_name(plain: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        check_service_chain(processes_of([process(plain)], "service", "chain"), "s")


def test_pictures_of_vectors_are_for_services_alone(tmp_path: Path) -> None:
    drawn = {"function": "VectorFieldRenderer"}
    check_service_chain((record(drawn),), "s")
    raster = tmp_path / "one.tif"
    write_raster(raster, noise(4))
    folder = definition_with(tmp_path / "d.isdef", raster, properties={})
    definition = RasterProcessDefinition(
        name="one",
        rasters=(
            RasterEntry(source=str(raster), process_chain=(record({**NDVI, "inputs": [drawn]}),)),
        ),
    )
    file = tmp_path / "one.rpdef.json"
    file.write_bytes(write_definition(definition))
    with pytest.raises(ConfigError, match="VectorFieldRenderer"):
        import_definitions(folder, [file])


def test_large_pictures_of_vectors_are_not_refused(tmp_path: Path, raw: ImageService) -> None:
    drawn = {"function": "VectorFieldRenderer"}
    service = service_with(tmp_path, [process(drawn)], bands=4)
    large = view_of(WHOLE, 1920, 1080)
    made = plan(service, large)
    assert made.process is not None
    assert made.process.halo_px == 49
    rule = record(drawn).rule()
    same(pixels_of(service, nearest()), pixels_of(raw, nearest(rendering=rule)))
    plan(raw, msgspec.structs.replace(large, rendering=rule))


def test_depth_is_bounded() -> None:
    deep: dict[str, Any] = {"function": "Abs"}
    for _ in range(40):
        deep = {"function": "Abs", "inputs": [deep]}
    with pytest.raises(ConfigError, match="deep"):
        processes_of([process(deep)], "service", "chain")
    assert with_tags({"process": "Sampler2D", "pixel_size": 2}) == {
        "process": "Sampler2D",
        "pixel_size": 2,
    }


def test_overviews_hold_what_the_service_chain_gets(tmp_path: Path) -> None:
    data = noise(4).repeat(6, axis=1).repeat(6, axis=2)
    made = []
    for name, chain in (("own", [process(NDVI)]), ("plain", [])):
        place = _made(tmp_path / name)
        write_raster(place / "one.tif", data)
        folder = definition_with(place / "d.isdef", place / "one.tif", properties={})
        (place / "chain.json").write_text(json.dumps(chain))
        set_service_chain(folder, place / "chain.json")
        build_definition(folder, BuildOptions(overviews="all"))
        compile_definition(folder.path, place / "d.zmd")
        made.append(open_service(str(place / "d.zmd")))
    service, plain = made
    assert service.summary.overview_ps == plain.summary.overview_ps > 0
    assert len(service.summary.bands) == 1
    box = Extent(WHOLE.xmin, WHOLE.ymax - 12_000, WHOLE.xmin + 12_000, WHOLE.ymax)
    rule = record(NDVI).rule()
    same(pixels_of(service, nearest(box, 60)), pixels_of(plain, nearest(box, 60, rendering=rule)))
