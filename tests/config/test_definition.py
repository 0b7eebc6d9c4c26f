"""What a person may write about a service, and what is in force when nothing is written."""

from __future__ import annotations

import msgspec
import pytest

from config.definition import MosaicMethod, MosaicOperator, ServiceProperties


def _read(written: dict[str, object]) -> ServiceProperties:
    return msgspec.convert(written, ServiceProperties)


def test_defaults_are_those_that_the_documents_state() -> None:
    properties = _read({})
    assert (properties.max_image_width, properties.max_image_height) == (15000, 4100)
    assert (properties.max_record_count, properties.jpeg_quality) == (1000, 75)
    assert properties.mosaic_method is MosaicMethod.NORTH_WEST
    assert properties.mosaic_operator is MosaicOperator.FIRST
    assert properties.percent_clip == (2.0, 98.0)
    assert properties.capabilities == ("Image", "Metadata", "Catalog", "Mensuration")
    timeouts = (properties.usage_timeout_s, properties.wait_timeout_s, properties.idle_timeout_s)
    assert timeouts == (600, 60, 1800)
    assert not properties.wms
    assert not properties.wcs


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"mosaic_methode": "None"}, "mosaic_methode"),
        ({"mosaic_method": "Newest"}, "Newest"),
        ({"jpeg_quality": "high"}, "jpeg_quality"),
        ({"percent_clip": [2.0]}, "percent_clip"),
        ({"bands": 3.5}, "bands"),
    ],
)
def test_what_is_not_understood_is_named(written: dict[str, object], said: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=said):
        _read(written)


def test_what_is_written_comes_back() -> None:
    properties = _read({"title": "Hills", "picture_bands": [3, 2, 1], "thematic": False})
    assert _read(msgspec.to_builtins(properties)) == properties
    assert properties.picture_bands == (3, 2, 1)
    assert properties.thematic is False
