"""Where there are no dimensions their resources are empty, not errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.request import SlicesRequest
from engine.results import SliceInfo, SlicesResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import multidimensional_info, slices
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question


def test_there_are_no_variables(ask: Callable[..., Question]) -> None:
    assert multidimensional_info.describe(ask({})) == {"multidimensionalInfo": {"variables": []}}


def test_the_root_says_that_there_are_none(mosaic: ServiceSummary) -> None:
    root = service_json("demo/hills", mosaic)
    assert root["hasMultidimensions"] is False
    assert "defaultVariable" not in root


def test_there_are_no_slices(client: httpx.Client) -> None:
    for service in ("demo/hills", "plain"):
        answer = client.get(f"{service}/ImageServer/slices", params={"f": "json"})
        assert answer.json() == {"slices": []}


def test_slices_of_what_has_none_are_refused(client: httpx.Client) -> None:
    for name, value in (("sliceId", "0"), ("variable", "salt")):
        parameters = {"f": "json", name: value, "bbox": "0,0,1,1"}
        error = client.get("demo/hills/ImageServer/exportImage", params=parameters).json()["error"]
        assert error["code"] == 400
        assert "this service has no dimensions" in " ".join([error["message"], *error["details"]])


def test_a_variable_without_dimensions_is_one_slice(mosaic: ServiceSummary) -> None:
    context = AnswerContext(
        service="demo/hills", summary=mosaic, request=SlicesRequest(), options={}
    )
    found = SlicesResult(slices=(SliceInfo(number=0, variable="height"),))
    (only,) = json.loads(slices.answer(found, context)[1])["slices"]
    assert only["multidimensionalDefinition"] == [
        {"variableName": "height", "dimensionName": "", "values": []}
    ]
