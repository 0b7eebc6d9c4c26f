"""Every request that is not pixels has its answer."""

from __future__ import annotations

from typing import get_args

from engine.record_answers import _ANSWERS
from engine.request import (
    ImageRequest,
    Request,
    StripLayoutRequest,
    StripRequest,
    ThumbnailRequest,
)

_PIXELS = {ImageRequest, StripRequest, StripLayoutRequest, ThumbnailRequest}


def test_every_request_is_pixels_or_has_a_record() -> None:
    assert set(_ANSWERS) == set(get_args(Request)) - _PIXELS
