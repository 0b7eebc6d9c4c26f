"""The OpenAPI description of WMS names what is read."""

from __future__ import annotations

import inspect
import re

from server.protocols.wms import (
    coordinate_systems,
    map_formats,
    map_request,
    styles,
    time_dimension,
)
from server.protocols.wms.described_path import wms_item
from server.protocols.wms.operations import get_feature_info, get_legend_graphic

_READERS = (
    *(coordinate_systems, map_formats, map_request, styles, time_dimension),
    *(get_feature_info, get_legend_graphic),
)


def test_every_parameter_that_is_read_is_described() -> None:
    text = "".join(map(inspect.getsource, _READERS))
    read = set(re.findall(r'(?:text|integer|number|flag)\("([A-Z_]+)"', text))
    item = wms_item([])
    described = {each["name"] for each in item["get"]["parameters"]}
    assert read
    # SLD is read in order to refuse it.
    assert read - {"SLD"} <= described
    (form,) = {
        tuple(kind["schema"]["properties"])
        for kind in item["post"]["requestBody"]["content"].values()
    }
    assert set(form) == described
