"""Whatever a client sends as a rendering rule: an image, or an error that says what is wrong with it.

`SWATH_FUZZ=5000 pytest tests/fuzz` tries more than CI does.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from engine.answer import Answer, answer
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.errors import ImageServerError, RequestError
from engine.extent import Extent
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import ImageService, open_service
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json, rule_scope
from server.protocols.arcgis.sloppy_json import decode_json
from tests.fuzz.rule_strategies import rules

EXAMPLES = int(os.environ.get("SWATH_FUZZ", "150"))
WEST, NORTH, SIZE = 480_000.0, 5_545_000.0, 96
BOXES = {
    "": Extent(WEST + 100, NORTH - 700, WEST + 500, NORTH - 300),
    "EPSG:3857": Extent(1_638_600.0, 6_457_300.0, 1_639_000.0, 6_457_700.0),
    "EPSG:4326": Extent(14.72, 50.0552, 14.7262, 50.059),
}


@dataclass(frozen=True)
class Case:
    """A raster of its own: type, bands, a value that is no data."""

    dtype: str
    bands: int
    no_data: float | None


CASES = {
    "picture": Case("uint8", 3, 0),
    "scene": Case("uint16", 4, None),
    "terrain": Case("float32", 1, -9999.0),
}


@pytest.fixture(scope="module", params=CASES)
def service(request, tmp_path_factory):
    """A small service; part of its edge has no data."""
    case = CASES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    rows, cols = np.mgrid[0:SIZE, 0:SIZE]
    data = np.stack([(rows * (b + 1) + cols * 3) % 250 + 1 for b in range(case.bands)])
    data = data.astype(case.dtype)
    if case.no_data is not None:
        data[:, :20, :30] = case.no_data
    profile = {
        "driver": "GTiff",
        "width": SIZE,
        "height": SIZE,
        "count": case.bands,
        "dtype": case.dtype,
        "crs": "EPSG:32633",
        "transform": Affine(10.0, 0.0, WEST, 0.0, -10.0, NORTH),
        "nodata": case.no_data,
    }
    with rasterio.open(folder / "raster.tif", "w", **profile) as out:
        out.write(data)
    compile_raster(folder / "raster.tif", folder / "raster.zmd")
    opened = open_service(str(folder / "raster.zmd"))
    yield opened
    opened.close()


def outcome(
    service: ImageService, rule: object, view: View, form: str
) -> Answer | ImageServerError:
    """Return what a client gets for a rule, as it comes over the wire."""
    scope = rule_scope("test/raster", service.summary)
    try:
        asked = rendering_rule_of_json(decode_json("renderingRule", json.dumps(rule)), scope)
        request = ImageRequest(view=view, encoding=Encoding(format=form), rendering=asked)
        return answer(service, request, UNLIMITED)
    except ImageServerError as error:
        return error


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rule=rules(),
    form=st.sampled_from(["png", "tiff", "jpg", "lerc"]),
    crs=st.sampled_from(list(BOXES)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_every_rule_gives_an_image_or_an_error_that_names_what_is_wrong(
    service, rule, form, crs, size
):
    found = outcome(
        service,
        rule,
        View(extent=BOXES[crs], extent_crs=crs, out_crs=crs, width=size[0], height=size[1]),
        form,
    )
    if isinstance(found, ImageServerError):
        # The caller's fault, in a sentence that names what it is about.
        assert isinstance(found, RequestError), repr(found)
        assert str(found.fields[0]), repr(found)
        assert len(str(found)) < 4000
    else:
        assert len(found.body) > 0
