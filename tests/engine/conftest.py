"""Two small scenes that overlap by half, as a service in their own CRS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.service import open_service
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.service import ImageService

WEST, EAST = 50, 200


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[ImageService]:
    """West (OBJECTID 1, bands 50, 51, 52) from x = 500000, east (2: 200, 201, 202) 320 m beside it.

    Both are 64 × 64 pixels of 10 m and end at y = 5200000 in the north; west lies on top by NorthWest.
    """
    paths = []
    for name, value, x in (("west", WEST, 500000), ("east", EAST, 500320)):
        data = np.empty((3, 64, 64), np.uint8)
        data[:] = (np.arange(3) + value)[:, None, None]
        place = Affine(10, 0, x, 0, -10, 5200000)
        paths.append(write_raster(tmp_path / f"{name}.tif", data, transform=place))
    compile_mosaic(paths, tmp_path / "pair.zmd", crs="EPSG:32632")
    service = open_service(str(tmp_path / "pair.zmd"))
    yield service
    service.close()
