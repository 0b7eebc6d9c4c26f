"""Services say what their data are, in the root and in the key properties."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from config.definition import VectorField
from engine.dimensions import Variable
from engine.request import KeyPropertiesRequest
from engine.results import KeyPropertiesResult
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.data_types import key_data_type, service_data_type
from server.protocols.arcgis.operations import key_properties

if TYPE_CHECKING:
    from engine.summary import ServiceSummary


@pytest.mark.parametrize(
    ("field", "root", "key"),
    [
        (VectorField.NONE, "esriImageServiceDataTypeRGB", "Generic"),
        (VectorField.UV, "esriImageServiceDataTypeVector-UV", "Vector-UV"),
        (VectorField.MAGNITUDE, "esriImageServiceDataTypeVector-MagDir", "Vector-MagDir"),
    ],
)
def test_vectors_are_told(mosaic: ServiceSummary, field: VectorField, root: str, key: str) -> None:
    properties = msgspec.structs.replace(mosaic.properties, vector_field=field)
    summary = msgspec.structs.replace(mosaic, properties=properties)
    assert service_data_type(summary) == root
    assert key_data_type(summary) == key


def test_other_data_are_told(raster: ServiceSummary) -> None:
    assert service_data_type(raster) == "esriImageServiceDataTypeElevation"
    assert key_data_type(raster) == "Elevation"


def _key_properties(summary: ServiceSummary) -> dict[str, Any]:
    context = AnswerContext(
        service="demo/hills", summary=summary, request=KeyPropertiesRequest(), options={}
    )
    body = key_properties.answer(KeyPropertiesResult(properties={}), context)[1]
    return dict(json.loads(body))


def test_the_default_variable_is_a_key_property(mosaic: ServiceSummary) -> None:
    assert "DefaultVariable" not in _key_properties(mosaic)
    salty = msgspec.structs.replace(
        mosaic, variables=(Variable(name="salt"),), default_variable="salt"
    )
    assert _key_properties(salty)["DefaultVariable"] == "salt"
