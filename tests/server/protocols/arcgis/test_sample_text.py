"""Samples as text."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pixel_type import PixelType
from server.protocols.arcgis.sample_text import joined


@pytest.mark.parametrize(
    ("samples", "pixel_type", "text"),
    [
        ((1, 2, 3), PixelType.U8, "1, 2, 3"),
        ((1, None), PixelType.U8, "1, NoData"),
        ((None, None), PixelType.U8, "NoData"),
        (None, PixelType.U8, "NoData"),
        ((float(np.float32(0.1)),), PixelType.F32, "0.1"),
        # What functions make of whole numbers is single precision, too.
        ((float(np.float32(0.1)),), PixelType.U8, "0.1"),
        ((float(np.float32(0.1)),), PixelType.F64, "0.10000000149011612"),
        ((0.1,), PixelType.U8, "0.1"),
        ((float("inf"), 2.0), PixelType.F64, "inf, 2"),
    ],
)
def test_samples_are_as_short_as_they_can_be(
    samples: tuple[float | None, ...] | None, pixel_type: PixelType, text: str
) -> None:
    assert joined(samples, pixel_type, ", ") == text


def test_words_for_no_data_may_be_others() -> None:
    assert joined((1, None, 3), PixelType.U8, " ", "NaN") == "1 NaN 3"
    assert joined(None, PixelType.U8, " ", "NaN") == "NaN"
