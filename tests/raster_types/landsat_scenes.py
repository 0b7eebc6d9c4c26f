"""Made Landsat scenes: metadata in three forms, and a small GeoTIFF a band."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import rasterio

from engine.readers.header import read_header
from raster_types.base import ItemOptions, Product
from raster_types.landsat import LandsatType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.build.raster_record import NewItem

NAME = "LC09_L1TP_190025_20230610_20230611_02_T1"


def groups(bands: Iterable[str], name: str = NAME) -> dict[str, dict[str, str]]:
    """Return the groups of an MTL file of a level-1 product with the sun at 30 degrees."""
    keys = list(bands)
    return {
        "PRODUCT_CONTENTS": {
            "LANDSAT_PRODUCT_ID": name,
            "PROCESSING_LEVEL": "L1TP",
            "COLLECTION_NUMBER": "02",
            "COLLECTION_CATEGORY": "T1",
            **{f"FILE_NAME_BAND_{key}": f"{name}_B{key}.TIF" for key in keys},
            "FILE_NAME_QUALITY_L1_PIXEL": f"{name}_QA_PIXEL.TIF",
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": "LANDSAT_9",
            "SENSOR_ID": "OLI_TIRS",
            "WRS_PATH": "190",
            "WRS_ROW": "025",
            "DATE_ACQUIRED": "2023-06-10",
            "SCENE_CENTER_TIME": "10:01:02.3456789Z",
            "CLOUD_COVER": "12.50",
            "SUN_AZIMUTH": "150.0",
            "SUN_ELEVATION": "30.0",
        },
        "LEVEL1_RADIOMETRIC_RESCALING": {
            **{f"RADIANCE_MULT_BAND_{key}": "1.0E-02" for key in keys},
            **{f"RADIANCE_ADD_BAND_{key}": "-50.0" for key in keys},
            **{
                f"REFLECTANCE_MULT_BAND_{key}": "2.0E-05" for key in keys if key not in ("10", "11")
            },
            **{f"REFLECTANCE_ADD_BAND_{key}": "-0.1" for key in keys if key not in ("10", "11")},
        },
        "LEVEL1_THERMAL_CONSTANTS": {
            "K1_CONSTANT_BAND_10": "799.0",
            "K2_CONSTANT_BAND_10": "1329.2",
        },
    }


def as_text(found: dict[str, dict[str, str]]) -> str:
    """Return groups as ODL."""
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for name, texts in found.items():
        lines += [f"  GROUP = {name}", *(f'    {k} = "{v}"' for k, v in texts.items())]
        lines.append(f"  END_GROUP = {name}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END"])


def as_json(found: dict[str, dict[str, str]]) -> str:
    """Return groups as JSON."""
    return json.dumps({"LANDSAT_METADATA_FILE": found})


def as_xml(found: dict[str, dict[str, str]]) -> str:
    """Return groups as XML."""
    inner = "".join(
        f"<{name}>" + "".join(f"<{k}>{v}</{k}>" for k, v in texts.items()) + f"</{name}>"
        for name, texts in found.items()
    )
    return f'<?xml version="1.0"?><LANDSAT_METADATA_FILE>{inner}</LANDSAT_METADATA_FILE>'


def write_band(path: Path, value: int, size: int = 20, dtype: str = "uint16") -> Path:
    """Write a band of one value, its upper left pixel 0."""
    data = np.full((1, size, size), value, dtype)
    data[0, 0, 0] = 0
    step = 600.0 / size
    transform = rasterio.Affine(step, 0.0, 5e5, 0.0, -step, 5e6)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=size,
        height=size,
        count=1,
        dtype=dtype,
        crs="EPSG:32633",
        transform=transform,
    ) as file:
        file.write(data)
    return path


def write_scene(folder: Path, bands: Iterable[str], lacking: Iterable[str] = ()) -> Path:
    """Write a scene with its quality band and return the metadata's path."""
    keys = list(bands)
    folder.mkdir(exist_ok=True)
    for key in keys:
        if key not in lacking:
            # The panchromatic band has half the pixel size.
            size = 40 if key == "8" else 20
            write_band(folder / f"{NAME}_B{key}.TIF", 10_000 + int(key) * 1000, size)
    write_band(folder / f"{NAME}_QA_PIXEL.TIF", 21_824)
    main = folder / f"{NAME}_MTL.txt"
    main.write_text(as_text(groups(keys)))
    return main


def read_items(folder: Path, options: ItemOptions | None = None) -> list[NewItem]:
    """Return the items of the only scene of a folder."""
    (paths,) = LandsatType().match([str(each) for each in sorted(folder.iterdir())])
    return list(LandsatType().items(Product(paths, read_header), options or ItemOptions()))
