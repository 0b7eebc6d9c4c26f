"""The ArcGIS Maps SDK for JavaScript draws, identifies and queries an image service with ImageryLayer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.clients.asked import asked, numbers, paths
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import HEIGHTS, HEIGHTS_LEFT, HEIGHTS_TOP, MARBLE, PICTURE, TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (512, 384)
# Land only: a picture without a transparent pixel, and a coast with collars of scenes beside it.
_INLAND = (1_400_000.0, -1_800_000.0, 3_448_000.0, -264_000.0)
_COAST = (0.0, -2_000_000.0, 4_000_000.0, 1_000_000.0)
_HILLS = (1_008_000.0, 5_845_000.0, 1_056_000.0, 5_881_000.0)


@pytest.fixture
def arcgis(client_page: Callable[[str], Page]) -> Page:
    """The page of the SDK, loaded once for all its tests."""
    return client_page("arcgis")


def _options(server: RunningServer, service: str, options: dict[str, Any]) -> str:
    return json.dumps({"url": server.rest(service), **options})


def _box(box: tuple[float, ...]) -> str:
    xmin, ymin, xmax, ymax = box
    sides = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    return json.dumps({**sides, "spatialReference": {"wkid": 102100}})


def _show(
    page: Page, server: RunningServer, service: str, box: tuple[float, ...], **options: Any
) -> tuple[float, ...]:
    """Show a service as ImageryLayer; return the box that is really shown."""
    made = f"window.layer = new client.ImageryLayer({_options(server, service, options)})"
    return tuple(page.evaluate(f"client.show({made}, {_box(box)})"))


@pytest.mark.drives("arcgis", "ImageryLayer, jpgpng")
@pytest.mark.parametrize("box", [_INLAND, _COAST], ids=["as JPEG", "as PNG"])
def test_imagery_layer_draws_jpgpng(
    arcgis: Page, server: RunningServer, engine: EngineRoom, box: tuple[float, ...]
) -> None:
    shown = _show(arcgis, server, MARBLE, box, format="jpgpng")
    made = engine.picture(MARBLE, shown, _SIZE, format="jpgpng")
    assert_alike(arcgis.picture("#map"), made, mean=1.0)
    (query,) = asked(arcgis.requests, "/exportImage")
    assert query["f"] == "image"
    assert query["format"] == "jpgpng"
    assert (query["bboxSR"], query["imageSR"], query["size"]) == ("102100", "102100", "512,384")
    assert numbers(query["bbox"]) == pytest.approx(box, abs=1)


@pytest.mark.drives("arcgis", "ImageryLayer, jpgpng")
def test_imagery_layer_asks_for_what_the_root_announces(
    arcgis: Page, server: RunningServer
) -> None:
    _show(arcgis, server, TEMPLATED, _INLAND)
    wanted = {"", "/histograms", "/keyProperties", "/statistics", "/rasterFunctionInfos"}
    assert {*paths(arcgis.requests, TEMPLATED)} == {*wanted, "/exportImage"}


@pytest.mark.drives("arcgis", "ImageryLayer, LERC")
def test_imagery_layer_draws_lerc(arcgis: Page, server: RunningServer, engine: EngineRoom) -> None:
    shown = _show(arcgis, server, MARBLE, _COAST, format="lerc")
    # It stretches in the browser, from the least to the greatest value of each band.
    assert_alike(arcgis.picture("#map"), engine.picture(MARBLE, shown, _SIZE), mean=2.0)
    (query,) = asked(arcgis.requests, "/exportImage")
    assert (query["format"], query["lercVersion"]) == ("lerc", "2")
    assert float(query["compressionTolerance"]) == 0.01


@pytest.mark.drives("arcgis", "ImageryLayer, LERC")
def test_imagery_layer_reads_heights_of_lerc(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    _show(arcgis, server, HEIGHTS, _HILLS, format="lerc")
    block = arcgis.evaluate(
        "client.pixels(layer).then(({ pixelBlock: block, extent: box }) => ({"
        " box: [box.xmin, box.ymin, box.xmax, box.ymax], size: [block.width, block.height],"
        " type: block.pixelType, values: [...block.pixels[0]], mask: block.mask && [...block.mask] }))"
    )
    size = tuple(block["size"])
    made = engine.samples(HEIGHTS, block["box"], size)
    valid = made.valid[0]
    mask = np.reshape(block["mask"], valid.shape).astype(bool)
    assert block["type"] == "f32"
    assert 0.5 < valid.mean() < 1, "the corner without data is in the view"
    assert (mask == valid).all()
    values = np.reshape(block["values"], valid.shape)
    assert np.abs(values - made.data[0])[valid].max() <= 0.0101


@pytest.mark.drives("arcgis", "ImageryLayer, rendering rule")
@pytest.mark.parametrize("service", [TEMPLATED, HEIGHTS])
def test_imagery_layer_draws_a_rendering_rule(
    arcgis: Page, server: RunningServer, engine: EngineRoom, service: str
) -> None:
    name, box = ("Negative", _INLAND) if service == TEMPLATED else ("Hillshade", _HILLS)
    rule = {"functionName": name}
    shown = _show(arcgis, server, service, box, format="png32", rasterFunction=rule)
    made = engine.picture(service, shown, _SIZE, renderingRule=json.dumps({"rasterFunction": name}))
    assert_alike(arcgis.picture("#map"), made, mean=0.5)
    (query,) = asked(arcgis.requests, "/exportImage")
    assert json.loads(query["renderingRule"])["rasterFunction"] == name


@pytest.mark.drives("arcgis", "ImageryLayer, mosaic rule")
def test_imagery_layer_draws_a_mosaic_rule(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    rule = {
        "method": "attribute",
        "sortField": "AcqDate",
        "sortValue": "2004/09/01",
        "operation": "max",
        "where": "Name LIKE '%S%'",
    }
    shown = _show(arcgis, server, MARBLE, _COAST, format="png32", mosaicRule=rule)
    (query,) = asked(arcgis.requests, "/exportImage")
    sent = json.loads(query["mosaicRule"])
    assert sent["mosaicMethod"] == "esriMosaicAttribute"
    assert sent["mosaicOperation"] == "MT_MAX"
    made = engine.picture(MARBLE, shown, _SIZE, mosaicRule=query["mosaicRule"])
    assert_alike(arcgis.picture("#map"), made, mean=0.5)
    assert not np.array_equal(made, engine.picture(MARBLE, shown, _SIZE))


@pytest.mark.drives("arcgis", "ImageryLayer, mosaic rule")
def test_imagery_layer_locks_a_raster(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    rule = {"method": "lock-raster", "lockRasterIds": [37]}
    shown = _show(arcgis, server, MARBLE, _COAST, format="png32", mosaicRule=rule)
    locked = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[37]}'
    made = engine.picture(MARBLE, shown, _SIZE, mosaicRule=locked)
    assert_alike(arcgis.picture("#map"), made, mean=0.5)


@pytest.mark.drives("arcgis", "ImageryLayer, time extent")
def test_imagery_layer_draws_a_time_extent(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    first, last = 1_083_369_600_000, 1_088_369_600_000
    extent = {"start": first, "end": last}
    options = {"format": "png32", "useViewTime": False, "timeExtent": extent}
    shown = _show(arcgis, server, MARBLE, _COAST, **options)
    made = engine.picture(MARBLE, shown, _SIZE, time=f"{first},{last}")
    assert_alike(arcgis.picture("#map"), made, mean=0.5)
    assert asked(arcgis.requests, "/exportImage")[0]["time"] == f"{first},{last}"


@pytest.mark.drives("arcgis", "ImageryLayer, single raster")
def test_imagery_layer_draws_a_single_raster_of_another_projection(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    extent = engine.service(PICTURE).summary.extent_mercator
    assert extent is not None
    x, y = (extent.xmin + extent.xmax) / 2, (extent.ymin + extent.ymax) / 2
    box = (x - 1_024_000, y - 768_000, x + 1_024_000, y + 768_000)
    shown = _show(arcgis, server, PICTURE, box, format="png32")
    assert_alike(arcgis.picture("#map"), engine.picture(PICTURE, shown, _SIZE), mean=0.5)
    assert not arcgis.evaluate("layer.capabilities.operations.supportsQuery")


@pytest.mark.drives("arcgis", "identify")
def test_imagery_layer_identifies(arcgis: Page, server: RunningServer, engine: EngineRoom) -> None:
    _show(arcgis, server, MARBLE, _INLAND)
    x, y = 2_671_668.0, -893_464.0
    point = {"type": "point", "x": x, "y": y, "spatialReference": {"wkid": 102100}}
    more = {"returnCatalogItems": True, "returnGeometry": True, "returnPixelValues": True}
    found = arcgis.evaluate(
        f"layer.identify({json.dumps({'geometry': point, **more})}).then(found => ({{"
        " value: found.value, names: found.catalogItems.features.map(f => f.attributes.Name),"
        " rings: found.catalogItems.features[0].geometry.rings[0].length,"
        " shown: found.catalogItemVisibilities }))"
    )
    resolution = engine.service(MARBLE).summary.pixel_size_x / 2
    around = (x - resolution, y - resolution, x + resolution, y + resolution)
    nearest = {"interpolation": "RSP_NearestNeighbor"}
    samples = engine.samples(MARBLE, around, (1, 1), **nearest).data[:, 0, 0]
    assert [int(part) for part in found["value"].split(",")] == samples.tolist()
    assert found["names"][0].startswith("BM_2004")
    assert found["rings"] > 4
    assert sum(found["shown"]) == pytest.approx(1)


@pytest.mark.drives("arcgis", "query of the catalog")
def test_imagery_layer_queries_its_catalog(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    _show(arcgis, server, MARBLE, _INLAND)
    items = engine.service(MARBLE).summary.item_count
    assert arcgis.evaluate("layer.queryRasterCount({ where: '1=1' })") == items
    assert arcgis.evaluate("layer.queryObjectIds({ where: 'OBJECTID < 4' })") == [1, 2, 3]
    found = arcgis.evaluate(
        "layer.queryRasters({ where: '1=1', outFields: ['*'], returnGeometry: true, num: 5,"
        " start: 2, orderByFields: ['Name DESC'] }).then(found => ({"
        " names: found.features.map(f => f.attributes.Name),"
        " parts: found.features.map(f => f.geometry.rings.length),"
        " fields: found.fields.map(f => f.name), more: found.exceededTransferLimit }))"
    )
    assert len(found["names"]) == 5
    assert found["names"] == sorted(found["names"], reverse=True)
    assert {"OBJECTID", "Name", "AcqDate"} <= set(found["fields"])
    assert min(found["parts"]) >= 1
    assert found["more"]


@pytest.mark.drives("arcgis", "statistics, histograms and samples of an area")
def test_imagery_layer_computes_of_an_area(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    _show(arcgis, server, HEIGHTS, _HILLS)
    left, top = HEIGHTS_LEFT + 10_000, HEIGHTS_TOP - 10_000
    box = (left, top - 20_000, left + 20_000, top)
    area = f"{{ type: 'extent', ...{_box(box)} }}"
    found = arcgis.evaluate(f"layer.computeStatisticsHistograms({{ geometry: {area} }})")
    whole = engine.samples(HEIGHTS, box, (200, 200)).data[0]
    told = found["statistics"][0]
    assert told["min"] == pytest.approx(whole.min(), abs=1)
    assert told["max"] == pytest.approx(whole.max(), abs=1)
    assert told["avg"] == pytest.approx(whole.mean(), abs=1)
    counts = arcgis.evaluate(f"layer.computeHistograms({{ geometry: {area} }})")
    assert sum(counts["histograms"][0]["counts"]) == pytest.approx(whole.size, rel=0.02)
    samples = arcgis.evaluate(
        f"layer.getSamples({{ geometry: {area}, sampleCount: 9 }}).then(found =>"
        " found.samples.map(s => [s.location.x, s.location.y, s.pixelValue[0]]))"
    )
    assert len(samples) >= 9
    for x, y, value in samples:
        near = engine.samples(HEIGHTS, (x - 50, y - 50, x + 50, y + 50), (1, 1))
        assert value == pytest.approx(float(near.data[0, 0, 0]), abs=15)


@pytest.mark.drives("arcgis", "long requests by POST, errors")
def test_imagery_layer_posts_what_is_too_long_for_an_address(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    ids = [37, *range(1000, 1500)]
    rule = {"method": "lock-raster", "lockRasterIds": ids}
    shown = _show(arcgis, server, MARBLE, _COAST, format="png32", mosaicRule=rule)
    assert asked(arcgis.requests, "/exportImage") == [{}], "nothing stands in the address"
    locked = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[37]}'
    made = engine.picture(MARBLE, shown, _SIZE, mosaicRule=locked)
    assert_alike(arcgis.picture("#map"), made, mean=0.5)


@pytest.mark.drives("arcgis", "long requests by POST, errors")
def test_imagery_layer_tells_what_the_server_says_of_an_error(
    arcgis: Page, server: RunningServer
) -> None:
    _show(arcgis, server, MARBLE, _INLAND)
    failed = "error => error.name + ': ' + error.message"
    rule = "layer.rasterFunction = { functionName: 'NoSuch' }"
    pixels = "layer.fetchPixels(client.view().extent, 100, 75)"
    told = arcgis.evaluate(f"({rule}, {pixels}).then(() => '', {failed})")
    assert told.startswith("request:server: ")
    assert "NoSuch" in told
    arcgis.evaluate("void (layer.rasterFunction = null)")
    assert arcgis.evaluate(f"{pixels}.then(found => found.pixelBlock.width)") == 100


@pytest.mark.drives("arcgis", "ImageryLayer, bands")
def test_imagery_layer_draws_chosen_bands(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    shown = _show(arcgis, server, MARBLE, _COAST, format="png32", bandIds=[2, 1, 0])
    made = engine.picture(MARBLE, shown, _SIZE, bandIds="2,1,0")
    assert_alike(arcgis.picture("#map"), made, mean=0.5)
