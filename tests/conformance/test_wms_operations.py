"""Every request of WMS keeps the contract of operations/base.py."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.definition import ServiceProperties
from engine.errors import RequestError
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.request import Request
from engine.results import IdentifyResult, LegendResult
from engine.summary import BandInfo, ServiceSummary
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.parameters import Parameters
from server.protocols.wms.operations import OPERATIONS
from server.protocols.wms.operations.base import (
    AnsweringOperation,
    AskedOperation,
    DescribedOperation,
    Question,
)
from server.protocols.wms.versions import version_in

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUMMARY = ServiceSummary(
    properties=ServiceProperties(wms=True),
    crs="EPSG:3857",
    wkid=102100,
    latest_wkid=3857,
    extent=Extent(-2e7, -2e7, 2e7, 2e7),
    extent_mercator=Extent(-2e7, -2e7, 2e7, 2e7),
    pixel_size_x=10.0,
    pixel_size_y=10.0,
    pixel_type=PixelType.U8,
    bands=(BandInfo(name="Band_1"),),
)
_GOOD = {
    "LAYERS": "hills",
    "LAYER": "hills",
    "QUERY_LAYERS": "hills",
    "CRS": "EPSG:3857",
    "BBOX": "0,0,1,1",
    "WIDTH": "10",
    "HEIGHT": "10",
    "FORMAT": "image/png",
    "I": "1",
    "J": "1",
}
_RESULTS = {
    "GetFeatureInfo": IdentifyResult(x=0.0, y=0.0, values=(1.0,)),
    "GetLegendGraphic": LegendResult(bands=(0,), names=("Band_1",), greys=(255, 128, 0)),
}


def _question(given: Mapping[str, str]) -> Question:
    parameters = Parameters.from_mapping(given)
    return Question(
        version=version_in(parameters),
        service="demo/hills",
        sequence="ab" * 16,
        url="http://host/wms/demo/hills",
        summary=_SUMMARY,
        parameters=parameters,
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_request_is_described_or_asked(name: str) -> None:
    operation, question = OPERATIONS[name], _question(_GOOD)
    if isinstance(operation, DescribedOperation):
        media_type, body = operation.describe(question)
    else:
        assert isinstance(operation, AskedOperation)
        asked = operation.parse(question)
        assert isinstance(asked.request, Request)
        assert asked.is_final != isinstance(operation, AnsweringOperation)
        if asked.is_final:
            return
        assert isinstance(operation, AnsweringOperation)
        context = AnswerContext(
            service="demo/hills", summary=_SUMMARY, request=asked.request, options=asked.options
        )
        media_type, body = operation.answer(_RESULTS[name], context)
    assert "/" in media_type
    assert body


_WORDS = st.text(max_size=20) | st.sampled_from(
    ["", "nan", "1e999", "-1", "0x12", "<a>", "{}", "[1,2]", "\x00", "2020/2019", "EPSG:1", "a,b"]
)
_NAMES = [
    *_GOOD,
    *("STYLES", "STYLE", "TIME", "BGCOLOR", "TRANSPARENT", "INFO_FORMAT", "FEATURE_COUNT"),
    *("MOSAICRULE", "RENDERINGRULE", "BANDIDS", "INTERPOLATION", "SLD", "SLD_BODY", "VERSION"),
    "UPDATESEQUENCE",
]


@pytest.mark.parametrize("name", OPERATIONS)
@given(changes=st.dictionaries(st.sampled_from(_NAMES), _WORDS, max_size=3))
def test_whatever_comes_in_is_answered_or_refused(name: str, changes: dict[str, str]) -> None:
    operation = OPERATIONS[name]
    with contextlib.suppress(RequestError):
        question = _question(_GOOD | changes)
        if isinstance(operation, DescribedOperation):
            operation.describe(question)
        elif isinstance(operation, AskedOperation):
            operation.parse(question)


def test_requests_are_imported_without_pixels_and_projections() -> None:
    heavy = ("numba", "rasterio", "numpy", "pyproj", "PIL")
    program = (
        "import sys; import server.protocols.wms.operations; "
        f"sys.exit(','.join(m for m in {heavy} if m in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.stderr.strip() == ""
