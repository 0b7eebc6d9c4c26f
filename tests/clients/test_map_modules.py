"""The map page's modules, one by one, in the browser that runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer


@pytest.fixture
def modules(page: Page, server: RunningServer) -> Page:
    """A page from which the modules can be imported."""
    page.go(f"{server.base}/map/{server.mosaic}")
    return page


def _call(modules: Page, module: str, function: str, *arguments: Any) -> Any:
    words = ", ".join(json.dumps(argument) for argument in arguments)
    return modules.evaluate(f"import('/static/map/{module}.js').then(m => m.{function}({words}))")


@pytest.mark.parametrize(
    "text",
    ["", "#", "#nonsense", "#1/2", "#4/95/10", "#a/b/c", "#NaN/NaN/NaN", "#&&&=&", "#4/Infinity/3"],
)
def test_odd_addresses_fall_back_to_the_whole_service(modules: Page, text: str) -> None:
    assert _call(modules, "view_state", "readHash", text)["view"] is None


def test_address_gives_settings_back(modules: Page) -> None:
    found = _call(
        modules,
        "view_state",
        "readHash",
        "#5/1.5/-2&method=LockRaster&lock=3,x,-1,7&opacity=900&time=5,9&format=exe&grid=1",
    )
    assert found["view"] == {"zoom": 5, "lat": 1.5, "lon": -2}
    settings = found["settings"]
    assert settings["lockIds"] == [3, 7]
    assert settings["opacity"] == 100
    assert settings["time"] == {"start": 5, "end": 9}
    assert settings["format"] == "png"
    assert settings["grid"] is True


def test_defaults_ask_for_nothing(modules: Page) -> None:
    defaults = modules.evaluate("import('/static/map/view_state.js').then(m => m.DEFAULTS)")
    assert _call(modules, "service", "pictureParameters", defaults) == {}


def test_a_product_is_a_template_of_the_service_and_may_be_stretched(modules: Page) -> None:
    defaults = modules.evaluate("import('/static/map/view_state.js').then(m => m.DEFAULTS)")
    chosen = {**defaults, "product": "Slope", "bands": "2"}
    asked = _call(modules, "service", "pictureParameters", chosen)
    assert asked == {"renderingRule": '{"rasterFunction":"Slope"}'}
    asked = _call(modules, "service", "pictureParameters", {**chosen, "stretch": "minmax"})
    rule = json.loads(asked["renderingRule"])
    assert rule["rasterFunction"] == "Stretch"
    assert rule["rasterFunctionArguments"]["Raster"] == {"rasterFunction": "Slope"}
    found = _call(modules, "view_state", "readHash", "#5/1/2&product=Slope")
    assert found["settings"]["product"] == "Slope"


def test_settings_become_the_parameters_of_an_export(modules: Page) -> None:
    defaults = modules.evaluate("import('/static/map/view_state.js').then(m => m.DEFAULTS)")
    chosen = {
        **defaults,
        "method": "ByAttribute",
        "sortField": "AcqDate",
        "sortValue": "2004/06/01",
        "ascending": False,
        "operator": "Blend",
        "bands": "3,2,1",
        "interpolation": "RSP_NearestNeighbor",
        "time": {"start": 1, "end": 2},
    }
    found = _call(modules, "service", "pictureParameters", chosen)
    assert json.loads(found.pop("mosaicRule")) == {
        "mosaicMethod": "esriMosaicAttribute",
        "mosaicOperation": "MT_BLEND",
        "sortField": "AcqDate",
        "sortValue": "2004/06/01",
        "ascending": False,
    }
    assert found == {"time": "1,2", "interpolation": "RSP_NearestNeighbor", "bandIds": "3,2,1"}


def test_false_colours_are_offered_where_infrared_is_known(modules: Page) -> None:
    choices = dict(_call(modules, "controls", "bandChoices", ["Blue", "Green", "Red", "NIR"]))
    assert choices["3,2,1"] == "Infrared: vegetation red"
    assert choices["0"] == "Blue alone"
    plain = dict(_call(modules, "controls", "bandChoices", ["Band_1", "Band_2"]))
    assert set(plain) == {"", "0", "1"}


def test_land_follows_its_rings_over_the_antimeridian(modules: Page) -> None:
    address = "/static/vendor/natural-earth/land-110m.json"
    widest = modules.evaluate(
        f"""Promise.all([import('/static/map/base_map.js'), fetch('{address}').then(r => r.json())])
        .then(([m, land]) => Math.max(...m.landPolygons(land).flat().map(ring =>
            Math.max(...ring.slice(1).map(([x, y], i) =>
                Math.abs(y) > 89 || Math.abs(ring[i][1]) > 89 ? 0 : Math.abs(x - ring[i][0]))))))"""
    )
    assert widest < 30


def test_the_way_over_terrain_is_told_in_words(modules: Page) -> None:
    operation = "proj=pipeline step inv proj=utm → terrain (ellipsoid), 500 m everywhere → RpcModel"
    steps = _call(modules, "operation", "stepsOf", operation)
    assert steps == {"terrain": "terrain (ellipsoid), 500 m everywhere", "sensor": "RPC"}
    assert _call(modules, "operation", "heightsText", steps["terrain"]) == "none: 500 m everywhere"
    assert _call(modules, "operation", "heightsText", "terrain (egm96)") == "terrain model"
    assert _call(modules, "operation", "stepsOf", f"{operation}; stretch") == steps
    assert _call(modules, "operation", "stepsOf", "proj=pipeline step proj=utm") is None


def test_errors_of_grids_are_rounded_for_readers(modules: Page) -> None:
    assert _call(modules, "operation", "errorText", 0.0002) == "< 0.001 px"
    assert _call(modules, "operation", "errorText", 0.11374) == "≤ 0.11 px"
