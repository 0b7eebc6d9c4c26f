"""Requests made up from the OpenAPI description, sent to a live server: whatever comes, it keeps its word."""

from __future__ import annotations

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# Some hundreds of requests in all.
EXAMPLES = 5
_X, _Y = 485_000, 5_540_000
_PLACES = {"service": "test/picture", "name": "test/picture", "rasterId": 1}
# Values that are right, so that not every request ends at its first parameter.
_RIGHT = {
    "bbox": "480000,5535000,490000,5545000",
    "size": "64,48",
    "geometry": f"{_X},{_Y}",
    "geometries": f"{_X},{_Y}",
    "point": f"{_X},{_Y}",
    "rasterId": "1",
    "renderingRule": '{"rasterFunction":"Stretch","rasterFunctionArguments":{"StretchType":5}}',
    "mosaicRule": '{"mosaicMethod":"esriMosaicCenter"}',
    "where": "1=1",
    "outSR": "4326",
    "imageSR": "3857",
    "BBOX": "480000,5535000,490000,5545000",
    "CRS": "EPSG:32633",
    "SRS": "EPSG:32633",
    "FORMAT": "image/png",
    "HEIGHT": "48",
    "LAYERS": "picture",
    "QUERY_LAYERS": "picture",
    "SERVICE": "WMS",
    "STYLES": "",
    "WIDTH": "64",
}
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def schema(live_server):
    return schemathesis.openapi.from_url(live_server.url + "/openapi.json")


def _try_out(operation, session):
    # 503 is a promise kept, and SOAP 1.1 wants 500 for its faults.
    promised = {int(status) for status in operation.definition.raw["responses"] if status.isdigit()}
    checks = [check for check in _CHECKS if check is not not_a_server_error or 500 not in promised]
    known = {name: value for name, value in _PLACES.items() if f"{{{name}}}" in operation.path}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(path_parameters=known),
        is_right=st.sets(st.sampled_from(sorted(_RIGHT)), min_size=4),
        form=st.sampled_from(["", "json", "html"]),
    )
    def check(case, is_right, form):
        sent = case.body if isinstance(case.body, dict) else case.query
        if isinstance(sent, dict):
            sent.update({name: _RIGHT[name] for name in is_right if name in sent})
            if form:
                sent["f"] = form
        response = case.call(session=session)
        assert response.status_code < 500 or response.status_code in promised
        case.validate_response(response, checks=checks)

    check()


def test_every_operation_keeps_its_word(schema):
    with requests.Session() as session:
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) > 80
        for operation in operations:
            try:
                _try_out(operation, session)
            except Exception as error:
                raise AssertionError(f"{operation.label}: {error}") from error
