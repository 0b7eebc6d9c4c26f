"""tileInfo and what belongs to it, against the standard schemes and what clients read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from config.definition import TileFormat, TileSchemeName
from engine.extent import Extent
from server.protocols.arcgis.tile_info import (
    deepest_level,
    scale_limits,
    served_tiles,
    stated_extent,
    tile_facts,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.summary import ServiceSummary


def _with(summary: ServiceSummary, **properties: object) -> ServiceSummary:
    changed = msgspec.structs.replace(summary.properties, **properties)
    return msgspec.structs.replace(summary, properties=changed)


def test_levels_are_those_of_a_real_service(shared_data: Path, mosaic: ServiceSummary) -> None:
    file = shared_data / "09_esri/service_json/tile/imageserver.json"
    real = json.loads(file.read_text())["tileInfo"]
    ours = tile_facts(mosaic)["tileInfo"]
    assert list(ours) == list(real)
    assert ours["format"] == real["format"] == "MIXED"
    assert ours["origin"] == real["origin"]
    for lod in real["lods"]:
        same = ours["lods"][lod["level"]]
        assert same["resolution"] == pytest.approx(lod["resolution"], rel=1e-7)
        assert same["scale"] == pytest.approx(lod["scale"], rel=1e-7)


def test_the_geographic_scheme_is_esris(mosaic: ServiceSummary) -> None:
    facts = tile_facts(_with(mosaic, tile_scheme=TileSchemeName.GEOGRAPHIC))
    info = facts["tileInfo"]
    assert info["spatialReference"] == {"wkid": 4326, "latestWkid": 4326}
    assert info["origin"] == {"x": -180.0, "y": 90.0}
    assert info["lods"][0]["resolution"] == 0.703125
    assert info["lods"][0]["scale"] == pytest.approx(295497598.570834, rel=1e-9)
    assert not facts["singleFusedMapCache"]


def test_own_tiles_are_the_services_pixels(mosaic: ServiceSummary) -> None:
    facts = tile_facts(_with(mosaic, tile_scheme=TileSchemeName.OWN))
    info = facts["tileInfo"]
    assert facts["singleFusedMapCache"]
    assert info["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    assert info["origin"] == {"x": 500000.0, "y": 5508000.0}
    # The JavaScript SDK looks for the level whose resolution is the pixel size, to the last bit.
    assert info["lods"][-1]["resolution"] == mosaic.pixel_size_x
    assert [lod["level"] for lod in info["lods"]] == list(range(facts["maxLOD"] + 1))
    scale = info["lods"][-1]["scale"]
    assert scale == pytest.approx(10 * 96 * 39.37)


def test_large_tiles_are_the_same_at_twice_the_resolution(mosaic: ServiceSummary) -> None:
    small = tile_facts(mosaic)["tileInfo"]
    large = tile_facts(_with(mosaic, tile_size=512))["tileInfo"]
    assert (large["rows"], large["cols"]) == (512, 512)
    for one, two in zip(small["lods"], large["lods"], strict=True):
        assert one["resolution"] == 2 * two["resolution"]
    own = _with(mosaic, tile_size=512, tile_scheme=TileSchemeName.OWN)
    assert tile_facts(own)["tileInfo"]["lods"][-1]["resolution"] == mosaic.pixel_size_x


def test_stated_resolutions_are_those_of_large_tiles_too(mosaic: ServiceSummary) -> None:
    stated = (400.0, 90.0, 33.3)
    for size in (256, 512):
        properties = {"tile_scheme": TileSchemeName.OWN, "tile_resolutions": stated}
        info = tile_facts(_with(mosaic, tile_size=size, **properties))["tileInfo"]
        assert tuple(lod["resolution"] for lod in info["lods"]) == stated


@pytest.mark.parametrize(
    ("kind", "word", "cache"),
    [
        (TileFormat.MIXED, "MIXED", "Map"),
        (TileFormat.JPG, "JPEG", "Map"),
        (TileFormat.PNG, "PNG32", "Map"),
        (TileFormat.LERC, "LERC", "Elevation"),
        (TileFormat.LERC2D, "LERC2D", "Raster"),
    ],
)
def test_the_kind_of_cache_follows_the_format(
    kind: TileFormat, word: str, cache: str, raster: ServiceSummary
) -> None:
    facts = tile_facts(_with(raster, tile_format=kind))
    assert (facts["tileInfo"]["format"], facts["cacheType"]) == (word, cache)
    # QGIS would take tiles of values for pictures.
    assert facts["singleFusedMapCache"] == (cache == "Map")


def test_values_end_with_the_services_pixels(raster: ServiceSummary) -> None:
    heights = _with(raster, tile_format=TileFormat.LERC)
    # 10 m are coarser than level 14 (9.55 m) and finer than level 13.
    assert served_tiles(heights).last == 14
    assert served_tiles(_with(heights, tile_size=512)).last == 13
    assert served_tiles(raster).last == 23
    assert deepest_level(raster, served_tiles(raster).scheme) == 14


def test_stated_levels_limit_what_is_served_and_drawn(mosaic: ServiceSummary) -> None:
    free = {**tile_facts(mosaic), **scale_limits(mosaic)}
    assert (free["minLOD"], free["maxLOD"]) == (0, 23)
    assert (free["minScale"], free["maxScale"]) == (0, 0)
    limited = _with(mosaic, tile_levels=(8, 17))
    facts = {**tile_facts(limited), **scale_limits(limited)}
    lods = facts["tileInfo"]["lods"]
    assert (facts["minLOD"], facts["maxLOD"]) == (8, 17)
    # GDAL looks for level 0 whatever is served.
    assert [lod["level"] for lod in lods] == list(range(18))
    assert (facts["minScale"], facts["maxScale"]) == (lods[8]["scale"], lods[17]["scale"])
    beyond = served_tiles(_with(mosaic, tile_levels=(2, 24), tile_scheme=TileSchemeName.OWN))
    assert beyond.last == len(beyond.scheme.resolutions) - 1


def test_cesium_divides_the_extent_of_terrain_into_tiles(
    raster: ServiceSummary, mosaic: ServiceSummary
) -> None:
    half = 20037508.342789244
    heights = _with(raster, tile_format=TileFormat.LERC)
    world = {"xmin": -half, "ymin": -half, "xmax": half, "ymax": half}
    assert {key: stated_extent(heights)[key] for key in world} == world
    degrees = msgspec.structs.replace(
        _with(heights, tile_scheme=TileSchemeName.GEOGRAPHIC),
        crs="EPSG:4326",
        is_geographic=True,
        extent=Extent(1, 2, 3, 4),
    )
    found = stated_extent(degrees)
    assert [found[key] for key in world] == [-180, -90, 180, 90]
    for other in (raster, _with(mosaic, tile_format=TileFormat.LERC)):
        assert stated_extent(other)["xmin"] == other.extent.xmin
