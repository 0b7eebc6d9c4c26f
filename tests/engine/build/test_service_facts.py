"""Facts of a service are kept as JSON, which has no NaN."""

from __future__ import annotations

import math

import msgspec

from engine.build.service_facts import ServiceFacts
from engine.pixel_type import PixelType
from engine.summary import BandInfo


def test_no_data_that_is_not_a_number_survives_json() -> None:
    bands = tuple(BandInfo(name=name) for name in "abc")
    facts = ServiceFacts(
        crs="EPSG:3857",
        pixel_type=PixelType.F32,
        bands=bands,
        no_data_texts=("nan", "", "-3.4028234663852886e+38"),
    )
    back = msgspec.json.decode(msgspec.json.encode(facts), type=ServiceFacts)
    assert back == facts
    first, second, third = back.no_data
    assert first is not None
    assert math.isnan(first)
    assert second is None
    assert third == -3.4028234663852886e38
