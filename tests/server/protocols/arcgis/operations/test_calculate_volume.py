"""calculateVolume: questions, answers, and rounds through a server."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import shapely
from rasterio import Affine

from engine.errors import InvalidParameter, RequestTooLarge
from engine.measure_requests import VolumeRequest
from engine.measurements import Volume, VolumesResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import calculate_volume
from server.site.publishing import Publisher
from tests.engine.height_services import height_service
from tests.server.live_sources import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from server.protocols.arcgis.operations.base import Question
    from tests.server.conftest import LiveServer

RING = '{"rings":[[[0,0],[0,9],[9,9],[9,0],[0,0]]],"spatialReference":{"wkid":102100}}'
KEYS = ["area", "cut", "fill", "minz", "maxz", "meanZ", "meanz", "cutCellCount", "fillCellCount"]


def _parsed(question: Question) -> VolumeRequest:
    request = calculate_volume.parse(question).request
    assert isinstance(request, VolumeRequest)
    return request


def test_the_javascript_sdk_asks_for_the_best_plane(ask: Callable[..., Question]) -> None:
    request = _parsed(
        ask(f"f=json&geometryType=esriGeometryPolygon&geometries=[{RING},{RING}]&baseType=1")
    )
    assert [crs for _, crs in request.areas] == ["EPSG:3857"] * 2
    assert shapely.from_wkb(request.areas[0][0]).area == 81
    assert request.base == "plane"
    assert _parsed(ask(f"geometries=[{RING}]&baseType=")) == _parsed(ask(f"geometries=[{RING}]"))


@pytest.mark.parametrize("form", ["{}", "[{}]", '{{"geometries":[{}]}}'])
def test_areas_come_in_several_forms(ask: Callable[..., Question], form: str) -> None:
    assert len(_parsed(ask({"geometries": form.format(RING)})).areas) == 1


@pytest.mark.parametrize(
    ("base", "name"), list(enumerate(["constant", "plane", "lowest", "highest", "average"]))
)
def test_bases_are_numbers(ask: Callable[..., Question], base: int, name: str) -> None:
    request = _parsed(ask({"geometries": "0,0,9,9", "baseType": str(base), "constantZ": "-2.5"}))
    assert (request.base, request.constant_z) == (name, -2.5)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"geometries": ""}, "geometries"),
        ({"geometries": "[]"}, "geometries"),
        ({"geometries": "1,2"}, "geometries"),
        ({"geometries": "[5]"}, "geometries"),
        ({"geometries": '[{"paths":[[[0,0],[1,1]]]}]'}, "geometries"),
        ({"geometries": '[{"rings":[[[0,0],[1,"NaN"],[1,1]]]}]'}, "geometries"),
        ({"baseType": "5"}, "baseType"),
        ({"baseType": "plane"}, "baseType"),
        ({"baseType": "0"}, "constantZ"),
        ({"constantZ": "Infinity"}, "constantZ"),
        ({"pixelSize": "-1"}, "pixelSize"),
        ({"mosaicRule": "7"}, "mosaicRule"),
    ],
)
def test_what_cannot_be_is_named(
    ask: Callable[..., Question], values: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        calculate_volume.parse(ask({"geometries": RING, **values}))
    assert str(caught.value.fields[0]).startswith(name)


def test_very_many_areas_are_refused(ask: Callable[..., Question]) -> None:
    many = json.dumps([{"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1}] * 101)
    with pytest.raises(RequestTooLarge):
        calculate_volume.parse(ask({"geometries": many}))


def test_answers_have_the_keys_that_clients_read(ask: Callable[..., Question]) -> None:
    question = ask({"geometries": RING})
    request = calculate_volume.parse(question).request
    context = AnswerContext(service="s", summary=question.summary, request=request, options={})
    volume = Volume(
        area_m2=1.0,
        cut_m3=2.0,
        fill_m3=-3.5,
        min_z=4.0,
        max_z=5.0,
        mean_z=math.nan,
        cut_cells=6,
        fill_cells=7,
    )
    body = json.loads(calculate_volume.answer(VolumesResult(volumes=(volume,)), context)[1])
    (found,) = body["results"]
    assert list(found) == KEYS
    assert list(found.values()) == [1, 2, -3.5, 4, 5, "NaN", "NaN", 6, 7]


@pytest.fixture(scope="module")
def heap(
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[..., AbstractContextManager[LiveServer]],
) -> Iterator[httpx.Client]:
    """A client at a service of a box of 10 m on a plain at 100 m."""
    folder: Path = tmp_path_factory.mktemp("heap")
    z = np.full((100, 100), 100.0)
    z[30:70, 40:60] = 110
    place = Affine(2, 0, 500000, 0, -2, 5200200)
    height_service(folder, z, "EPSG:32632", place).close()
    Publisher(folder / "data").publish(folder / "d.zmd", "heap")
    with serve(folder / "data", **OWN) as live:
        base = f"{live.url}/arcgis/rest/services/heap/ImageServer"
        with httpx.Client(base_url=base, timeout=60) as client:
            yield client


def _ask(client: httpx.Client, operation: str, **parameters: Any) -> dict[str, Any]:
    answer = client.post("/" + operation, data={"f": "json", **parameters})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("base", range(5))
def test_a_server_measures_a_heap(heap: httpx.Client, base: int) -> None:
    box = '[{"xmin":500050,"ymin":5200030,"xmax":500150,"ymax":5200170}]'
    found = _ask(heap, "calculateVolume", geometries=box, baseType=str(base), constantZ="100")
    (volume,) = found["results"]
    ground = 1 / 0.9996**2
    assert volume["cut"] == pytest.approx(40 * 20 * 4 * 10 * ground, rel=1e-4)
    assert volume["fill"] == pytest.approx(0, abs=1e-6)
    assert volume["area"] == pytest.approx(100 * 140 * ground, rel=1e-4)
    assert (volume["cutCellCount"], volume["minz"], volume["maxz"]) == (800, 100, 100)


def test_a_service_of_heights_measures_in_space(heap: httpx.Client) -> None:
    root = heap.get("", params={"f": "json"}).json()
    assert root["serviceDataType"] == "esriImageServiceDataTypeElevation"
    assert root["mensurationCapabilities"] == "Basic,3D"
    found = _ask(
        heap,
        "measure",
        fromGeometry="500020,5200100",
        toGeometry="500100,5200100",
        measureOperation="esriMensurationDistanceAndAngle3D",
        linearUnit="esriKilometers",
    )
    level = 80 / 0.9996
    assert found["distance"]["value"] == pytest.approx(math.hypot(level, 10) / 1000, rel=1e-4)
    assert found["elevationAngle"]["value"] == pytest.approx(
        math.degrees(math.atan(10 / level)), rel=1e-3
    )


def test_other_services_are_told_to_have_no_heights(client: httpx.Client) -> None:
    found = client.get(
        "demo/hills/ImageServer/calculateVolume",
        params={"f": "json", "geometries": "500100,5500100,500300,5500200"},
    ).json()
    assert found["error"]["code"] == 400
    assert "heights" in json.dumps(found)
