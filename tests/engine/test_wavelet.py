"""Levels of wavelets, as the JPEG 2000 library gives them: how far no-data reaches into what lies beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.readers.drivers import open_raster
from engine.wavelet import BLUR_PX, is_wavelet

if TYPE_CHECKING:
    from pathlib import Path

SIZE, VALUE = 512, 2000


def test_only_jpeg_2000_has_them() -> None:
    assert is_wavelet("JP2OpenJPEG")
    assert not is_wavelet("GTiff")


@pytest.mark.parametrize("edge", [200, 201, 203, 207])
def test_beside_an_edge_samples_stray_no_farther_than_is_stated(tmp_path: Path, edge: int) -> None:
    data = np.full((SIZE, SIZE), VALUE, np.uint16)
    data[:, :edge] = 0
    profile = {"width": SIZE, "height": SIZE, "count": 1, "dtype": "uint16", "crs": "EPSG:32634"}
    path = tmp_path / "a.jp2"
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", REVERSIBLE="YES", QUALITY=100, **profile
    ) as file:
        file.write(data, 1)
    with open_raster(str(path), "JP2OpenJPEG", 0) as dataset:
        line = dataset.read(1)[SIZE // 4].astype(int)
    begins = int(np.argmax(line > 0))
    assert abs(begins - edge / 2) <= BLUR_PX
    strays = np.abs(line[begins:] - VALUE) > 0.02 * VALUE
    assert strays.sum() > 0
    assert not strays[BLUR_PX:].any()
