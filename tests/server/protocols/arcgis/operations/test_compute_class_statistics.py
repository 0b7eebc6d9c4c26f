"""computeClassStatistics: questions and a round through a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidParameter, RequestTooLarge
from engine.measure_requests import ClassArea, ClassStatisticsRequest
from server.protocols.arcgis.operations import compute_class_statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from server.protocols.arcgis.operations.base import Question

BOX = {"xmin": 0, "ymin": 0, "xmax": 9, "ymax": 9, "spatialReference": {"wkid": 3857}}


def _described(*classes: object) -> dict[str, str]:
    return {"classDescriptions": json.dumps({"classes": classes})}


def test_classes_have_numbers_names_and_areas(ask: Callable[..., Question]) -> None:
    classes = ({"id": 1, "name": "Deep\n water", "geometry": BOX}, {"id": "2", "geometry": BOX})
    request = compute_class_statistics.parse(ask(_described(*classes))).request
    assert isinstance(request, ClassStatisticsRequest)
    geometry = request.classes[0].geometry
    assert request.classes == (
        ClassArea(id=1, name="Deep water", geometry=geometry, crs="EPSG:3857"),
        ClassArea(id=2, name="2", geometry=geometry, crs="EPSG:3857"),
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        "7",
        '{"classes":[]}',
        '{"classes":{"id":1}}',
        '{"classes":[1]}',
        '{"classes":[{"id":1}]}',
        '{"classes":[{"geometry":{"x":1,"y":2}}]}',
        '{"classes":[{"id":1.5,"geometry":{"x":1,"y":2}}]}',
        '{"classes":[{"id":1,"geometry":{"paths":[[[0,0],[1,1]]]}}]}',
        json.dumps({"classes": [{"id": 1, "name": "n" * 101, "geometry": BOX}]}),
        json.dumps({"classes": [{"id": 1, "geometry": BOX}] * 2}),
    ],
)
def test_what_cannot_be_is_named(ask: Callable[..., Question], value: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        compute_class_statistics.parse(ask({"classDescriptions": value}))
    assert str(caught.value.fields[0]).startswith("classDescriptions")


def test_very_many_classes_are_refused(ask: Callable[..., Question]) -> None:
    many = _described(*({"id": number, "geometry": BOX} for number in range(201)))
    with pytest.raises(RequestTooLarge):
        compute_class_statistics.parse(ask(many))


def test_a_server_writes_signatures(client: httpx.Client) -> None:
    west = {"xmin": 500010, "ymin": 5500010, "xmax": 500110, "ymax": 5500110}
    east = {"xmin": 500700, "ymin": 5500010, "xmax": 500800, "ymax": 5500110}
    classes = _described(
        {"id": 1, "name": "west", "geometry": west}, {"id": 5, "name": "east", "geometry": east}
    )
    found = client.post("demo/hills/ImageServer/computeClassStatistics", data=classes).json()
    lines = [line.split() for line in found["gsg"].splitlines() if not line.startswith(("#", "/*"))]
    assert lines[0] == ["1", "2", "3", "3"]
    assert lines[1] == ["1", "100", "west"]
    assert [float(word) for word in lines[2]] == [10, 20, 30]
    assert lines[6] == ["5", "100", "east"]
    assert [float(word) for word in lines[7]] == [110, 120, 130]
