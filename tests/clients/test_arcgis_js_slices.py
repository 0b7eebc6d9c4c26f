"""The ArcGIS Maps SDK for JavaScript shows slices of a cube and asks for profiles along its time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.clients.asked import asked
from tests.clients.engine_pictures import assert_alike
from tests.clients.services import SEA
from tests.engine.sea_cube import DEPTHS, TIMES, sea_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (512, 384)
_WATER = (1_130_000.0, 6_500_000.0, 1_530_000.0, 6_800_000.0)
_PLACE = {"type": "point", "x": 11.25, "y": 50.75, "spatialReference": {"wkid": 4326}}


@pytest.fixture
def arcgis(client_page: Callable[[str], Page]) -> Page:
    """The page of the SDK, loaded once for all its tests."""
    return client_page("arcgis")


def _slice(variable: str, dimension: str, value: float) -> dict[str, Any]:
    return {
        "variableName": variable,
        "dimensionName": dimension,
        "values": [value],
        "isSlice": True,
    }


def _show(page: Page, server: RunningServer, **options: Any) -> tuple[float, ...]:
    """Show the sea as ImageryLayer; return the box that is really shown."""
    xmin, ymin, xmax, ymax = _WATER
    sides = {"xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}
    box = json.dumps({**sides, "spatialReference": {"wkid": 102100}})
    stated = json.dumps({"url": server.rest(SEA), "format": "png32", **options})
    made = f"window.layer = new client.ImageryLayer({stated})"
    return tuple(page.evaluate(f"client.show({made}, {box})"))


@pytest.mark.drives("arcgis", "ImageryLayer, slices of a cube")
@pytest.mark.parametrize(
    "definition",
    [
        [_slice("temp", "StdTime", TIMES[1])],
        [_slice("salt", "StdTime", TIMES[3]), _slice("salt", "StdZ", DEPTHS[0])],
    ],
    ids=["temperature", "salt in the depth"],
)
def test_imagery_layer_draws_a_slice(
    arcgis: Page, server: RunningServer, engine: EngineRoom, definition: list[dict[str, Any]]
) -> None:
    shown = _show(arcgis, server, mosaicRule={"multidimensionalDefinition": definition})
    (query,) = asked(arcgis.requests, "/exportImage")
    rule = query["mosaicRule"]
    assert len(json.loads(rule)["multidimensionalDefinition"]) == len(definition)
    made = engine.picture(SEA, shown, _SIZE, mosaicRule=rule)
    assert_alike(arcgis.picture("#map"), made, mean=0.5)
    assert not np.array_equal(made, engine.picture(SEA, shown, _SIZE))


@pytest.mark.drives("arcgis", "ImageryLayer, slices of a cube")
def test_imagery_layer_takes_the_slice_that_shows_by_itself(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    shown = _show(arcgis, server)
    (query,) = asked(arcgis.requests, "/exportImage")
    # It works out the same first slice: the first time, and the surface.
    sent = {
        each["dimensionName"]: each["values"]
        for each in json.loads(query["mosaicRule"])["multidimensionalDefinition"]
    }
    assert sent == {"StdTime": [TIMES[0]], "StdZ": [0]}
    assert_alike(arcgis.picture("#map"), engine.picture(SEA, shown, _SIZE), mean=0.5)


@pytest.mark.drives("arcgis", "ImageryLayer, slices of a cube")
def test_imagery_layer_draws_a_slice_by_time(
    arcgis: Page, server: RunningServer, engine: EngineRoom
) -> None:
    extent = {"start": TIMES[2], "end": TIMES[2]}
    shown = _show(arcgis, server, useViewTime=False, timeExtent=extent)
    (query,) = asked(arcgis.requests, "/exportImage")
    assert query["time"] == f"{TIMES[2]}"
    definition = [_slice("salt", "StdTime", TIMES[2]), _slice("salt", "StdZ", 0)]
    rule = json.dumps({"multidimensionalDefinition": definition})
    made = engine.picture(SEA, shown, _SIZE, mosaicRule=rule)
    assert_alike(arcgis.picture("#map"), made, mean=0.5)


@pytest.mark.drives("arcgis", "ImageryLayer, slices of a cube")
def test_imagery_layer_knows_variables_and_dimensions(arcgis: Page, server: RunningServer) -> None:
    _show(arcgis, server)
    found = arcgis.evaluate(
        "(info => ({ names: info.variables.map(v => v.name),"
        " sizes: info.variables.map(v => v.dimensions.map(d => d.values.length)),"
        " highest: info.variables.map(v => v.statistics[0].max) }))"
        "(layer.serviceRasterInfo.multidimensionalInfo)"
    )
    assert found["names"] == ["salt", "temp"]
    assert found["sizes"] == [[4, 3], [4]]
    data = sea_data()
    assert found["highest"] == pytest.approx([float(np.nanmax(data[n])) for n in ("salt", "temp")])


@pytest.mark.drives("arcgis", "time profiles of a cube")
def test_imagery_layer_samples_a_profile(arcgis: Page, server: RunningServer) -> None:
    _show(arcgis, server)
    rule = {"multidimensionalDefinition": [_slice("salt", "StdZ", DEPTHS[1])]}
    samples = arcgis.evaluate(
        f"layer.getSamples({{ geometry: {json.dumps(_PLACE)}, returnFirstValueOnly: false,"
        f" mosaicRule: {json.dumps(rule)} }}).then(found =>"
        " found.samples.map(s => [s.attributes.StdTime, s.pixelValue[0]]))"
    )
    assert [time for time, _ in samples] == list(TIMES)
    values = [value for _, value in samples]
    np.testing.assert_allclose(values, sea_data()["salt"][:, 1, 1, 2], rtol=1e-6)


@pytest.mark.drives("arcgis", "time profiles of a cube")
def test_imagery_layer_identifies_all_slices(arcgis: Page, server: RunningServer) -> None:
    _show(arcgis, server)
    rule = {"multidimensionalDefinition": [{"variableName": "temp"}]}
    values = arcgis.evaluate(
        f"layer.identify({{ geometry: {json.dumps(_PLACE)}, processAsMultidimensional: true,"
        f" mosaicRule: {json.dumps(rule)} }}).then(found => found.properties.Values)"
    )
    found = sorted(float(value) for value in values)
    np.testing.assert_allclose(found, np.sort(sea_data()["temp"][:, 1, 2]), rtol=1e-6)
