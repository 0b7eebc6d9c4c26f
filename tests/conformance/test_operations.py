"""Every ArcGIS operation keeps the contract of operations/base.py."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import ServiceProperties
from engine.errors import NotFound, RequestError
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.request import (
    ImageRequest,
    Request,
    ThumbnailRequest,
)
from engine.summary import BandInfo, FieldInfo, ServiceSummary
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.operations.base import (
    AnsweringOperation,
    AskedOperation,
    DescribedOperation,
    LookingOperation,
    Question,
)
from server.protocols.arcgis.parameters import Parameters
from tests.conformance.hollow_results import hollow_result

_SUMMARY = ServiceSummary(
    properties=ServiceProperties(),
    crs="EPSG:3857",
    wkid=102100,
    latest_wkid=3857,
    extent=Extent(-2e7, -2e7, 2e7, 2e7),
    extent_mercator=Extent(-2e7, -2e7, 2e7, 2e7),
    pixel_size_x=10.0,
    pixel_size_y=10.0,
    pixel_type=PixelType.U8,
    bands=(BandInfo(name="Band_1"),),
    fields=(FieldInfo(name="OBJECTID", type="oid"),),
)


def _question(parameters: dict[str, str], f: str = "json") -> Question:
    return Question(
        service="s",
        url="http://h/arcgis/rest/services/s/ImageServer",
        f=f,
        summary=_SUMMARY,
        parameters=Parameters.from_mapping(parameters),
        query=tuple(parameters.items()),
    )


# What an operation cannot do without.
_NEEDED = {
    "level": "0",
    "row": "0",
    "col": "0",
    "width": "1",
    "height": "1",
    "geometry": "1,2",
    "rasterId": "1",
    "rasterIds": "1,2",
    "geometries": "1,2,3,4",
    "measureOperation": "esriMensurationPoint",
    "fromGeometry": "1,2",
    "classDescriptions": '{"classes":[{"id":1,"name":"a","geometry":{"x":1,"y":2}}]}',
}


_CAPABILITIES = ("Image", "Metadata", "Catalog", "Mensuration", "Tilemap", "Download")
# Clients that edit are told that authors do.
_REFUSED = "Edit"


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_describes_or_asks_and_answers(name: str) -> None:
    operation = OPERATIONS[name]
    if isinstance(operation, AskedOperation):
        asked = operation.parse(_question(_NEEDED))
        packed = msgspec.msgpack.encode(asked.request)
        assert msgspec.msgpack.decode(packed, type=Request) == asked.request
        assert asked.is_final or isinstance(operation, AnsweringOperation)
        assert all(isinstance(value, str) for value in asked.options.values())
    elif operation.INFO.capability == _REFUSED:
        assert isinstance(operation, DescribedOperation)
        with pytest.raises(RequestError):
            operation.describe(_question(_NEEDED))
    elif isinstance(operation, DescribedOperation):
        assert msgspec.json.encode(operation.describe(_question(_NEEDED)))
    else:
        # It looks at files, which tests of its own have.
        assert isinstance(operation, LookingOperation)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is(name: str) -> None:
    info = OPERATIONS[name].INFO
    assert info.title
    assert info.hint.endswith(".")
    assert info.capability in ("", *_CAPABILITIES, _REFUSED)
    names = [field.name for field in info.fields]
    assert len(set(names)) == len(names)


_VALUES = st.text(max_size=15) | st.sampled_from(
    ["NaN", "1e400", "{", "[[[[", "-1", "1,2", "null", "*", "0,0,1,1", '{"x":1}', "\x00"]
)


_WITH_INPUTS = [
    name
    for name, operation in OPERATIONS.items()
    if isinstance(operation, AskedOperation) and (operation.INFO.fields or operation.INFO.arguments)
]


@pytest.mark.parametrize("name", _WITH_INPUTS)
@given(data=st.data())
def test_hostile_values_end_in_an_error_of_the_caller(name: str, data: Any) -> None:
    operation = OPERATIONS[name]
    assert isinstance(operation, AskedOperation)
    names = [*operation.INFO.arguments, *(field.name for field in operation.INFO.fields)]
    values = data.draw(st.dictionaries(st.sampled_from(names), _VALUES))
    with contextlib.suppress(RequestError, NotFound):
        operation.parse(_question({**_NEEDED, **values}))


@pytest.mark.parametrize("name", OPERATIONS)
def test_empty_parameters_are_accepted_or_named_in_an_error(name: str) -> None:
    operation = OPERATIONS[name]
    if isinstance(operation, DescribedOperation) and not isinstance(operation, AskedOperation):
        assert operation.INFO.capability == _REFUSED or operation.describe(_question({}))
        return
    begin = operation.parse if isinstance(operation, AskedOperation) else operation.look
    # The router gives no operation fewer path segments than it names.
    path = {argument: _NEEDED[argument] for argument in operation.INFO.arguments}
    names = [field.name for field in operation.INFO.fields]
    for parameters in ({}, dict.fromkeys(names, "")):
        named = ""
        try:
            begin(_question({**path, **parameters}))
        except RequestError as error:
            named = str(error.fields[0])
        assert named in ("", *names)


def _no_constant(token: str) -> Any:
    pytest.fail(f"{token} is no JSON")


@pytest.mark.parametrize("form", ["json", "pjson"])
@pytest.mark.parametrize(
    "name", [n for n, o in OPERATIONS.items() if isinstance(o, AskedOperation)]
)
def test_answers_are_json_whatever_numbers_are_in_them(name: str, form: str) -> None:
    operation = OPERATIONS[name]
    assert isinstance(operation, AskedOperation)
    asked = operation.parse(_question({**_NEEDED, "bbox": "0,0,1,1"}, form))
    if asked.is_final:
        assert isinstance(asked.request, ImageRequest | ThumbnailRequest)
        return
    assert isinstance(operation, AnsweringOperation)
    context = AnswerContext(
        service="s", summary=_SUMMARY, request=asked.request, options={**asked.options, "f": form}
    )
    media_type, body = operation.answer(hollow_result(asked.request), context)
    if media_type.startswith("text/xml"):
        assert ElementTree.fromstring(body).tag
        return
    assert media_type.startswith("application/json")
    assert json.loads(body.decode("utf-8"), parse_constant=_no_constant)


def test_the_front_imports_no_heavy_library_with_the_operations() -> None:
    heavy = ("numba", "rasterio", "shapely", "PIL", "pyproj")
    code = (
        "import sys, server.protocols.arcgis.operations\n"
        f"sys.exit(','.join(m for m in {heavy} if m in sys.modules))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert made.stderr.strip() == ""
