"""Requests made up from the OpenAPI description of a server (schemathesis), counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_HALF_M = 5000


@dataclass(slots=True)
class DescribedRequests:
    """A server, one of its services, and what was sent there.

    Attributes
    ----------
    x, y
        A place in the service's data, EPSG:32633.
    examples
        Requests to each operation.
    """

    url: str
    service: str
    x: int
    y: int
    examples: int
    sent: int = 0

    def faults(self) -> Iterator[tuple[str, str]]:
        """Try all operations; yield each with what was wrong with an answer, "" = nothing."""
        schema = schemathesis.openapi.from_url(f"{self.url}/openapi.json")
        with requests.Session() as session:
            for found in schema.get_all_operations():
                operation = found.ok()
                try:
                    self._try_out(operation, session)
                except Exception as error:
                    yield operation.label, str(error) or repr(error)
                else:
                    yield operation.label, ""

    def _right(self) -> dict[str, str]:
        """Return values that are right, so that not every request ends at its first parameter."""
        x, y = self.x, self.y
        box = f"{x - _HALF_M},{y - _HALF_M},{x + _HALF_M},{y + _HALF_M}"
        layer = self.service.rpartition("/")[2]
        return {
            "bbox": box,
            "size": "64,48",
            "geometry": f"{x},{y}",
            "geometries": f"{x},{y}",
            "point": f"{x},{y}",
            "rasterId": "1",
            "renderingRule": '{"rasterFunction":"Stretch","rasterFunctionArguments":{"StretchType":5}}',
            "mosaicRule": '{"mosaicMethod":"esriMosaicCenter"}',
            "where": "1=1",
            "outSR": "4326",
            "imageSR": "3857",
            "BBOX": box,
            "CRS": "EPSG:32633",
            "SRS": "EPSG:32633",
            "FORMAT": "image/png",
            "HEIGHT": "48",
            "LAYERS": layer,
            "QUERY_LAYERS": layer,
            "SERVICE": "WMS",
            "STYLES": "",
            "WIDTH": "64",
        }

    def _try_out(self, operation: Any, session: requests.Session) -> None:
        # 503 is a promise kept, and SOAP 1.1 wants 500 for its faults.
        told = operation.definition.raw["responses"]
        promised = {int(status) for status in told if status.isdigit()}
        checks = [each for each in _CHECKS if each is not not_a_server_error or 500 not in promised]
        places = {"service": self.service, "name": self.service, "rasterId": 1}
        known = {key: value for key, value in places.items() if f"{{{key}}}" in operation.path}
        right = self._right()

        @settings(
            max_examples=self.examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(path_parameters=known),
            is_right=st.sets(st.sampled_from(sorted(right)), min_size=4),
            form=st.sampled_from(["", "json", "html"]),
        )
        def check(case: Any, is_right: set[str], form: str) -> None:
            sent = case.body if isinstance(case.body, dict) else case.query
            if isinstance(sent, dict):
                sent.update({name: right[name] for name in is_right if name in sent})
                if form:
                    sent["f"] = form
            self.sent += 1
            response = case.call(session=session)
            assert response.status_code < 500 or response.status_code in promised
            case.validate_response(response, checks=checks)

        check()
