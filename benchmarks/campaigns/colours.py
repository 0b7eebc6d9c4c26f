"""Versions of a service that tell themselves apart: a raster of one grey value each."""

import io
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import Affine

from engine.build.compile_raster import compile_raster
from engine.summary import ServiceSummary

_WEST, _NORTH, _SIZE, _PIXEL_M = 480_000.0, 5_545_000.0, 1024, 10.0
_BOX = f"{_WEST},{_NORTH - _SIZE * _PIXEL_M},{_WEST + _SIZE * _PIXEL_M},{_NORTH}"
_FIRST_VALUE, _STEP = 10, 4
# Inside the raster.
_LEVEL, _COLS, _ROWS = 14, range(8864, 8868), range(5554, 5557)


def value_of(version: int) -> int:
    """Return the grey value of a version."""
    return _FIRST_VALUE + _STEP * version


def compile_version(folder: Path, version: int, **properties: object) -> Path:
    """Return the compiled definition of a version, with service properties."""
    source, compiled = folder / f"version{version}.tif", folder / f"version{version}.zmd"
    if not source.exists():
        _write(source, value_of(version))
    compile_raster(source, compiled)
    with closing(sqlite3.connect(compiled)) as handle, handle:
        (found,) = handle.execute("SELECT value FROM meta WHERE key = 'summary'").fetchone()
        summary = msgspec.msgpack.decode(found, type=ServiceSummary)
        changed = msgspec.structs.replace(summary.properties, **properties)
        text = msgspec.msgpack.encode(msgspec.structs.replace(summary, properties=changed))
        handle.execute("UPDATE meta SET value = ? WHERE key = 'summary'", (text,))
    return compiled


def _write(source: Path, value: int) -> None:
    profile = {
        "driver": "GTiff",
        "width": _SIZE,
        "height": _SIZE,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:32633",
        "transform": Affine(_PIXEL_M, 0.0, _WEST, 0.0, -_PIXEL_M, _NORTH),
        "tiled": True,
        "photometric": "rgb",
    }
    with rasterio.open(source, "w", **profile) as out:
        out.write(np.full((3, _SIZE, _SIZE), value, np.uint8))


def tile_urls(base: str, service: str) -> list[str]:
    """Return the addresses of tiles inside the raster."""
    return [f"{base}/tiles/{service}/{_LEVEL}/{col}/{row}.png" for row in _ROWS for col in _COLS]


def export_url(base: str, service: str, ending: str, size: int = _SIZE) -> str:
    """Return the address of a picture of the whole raster."""
    query = f"bbox={_BOX}&bboxSR=32633&imageSR=32633&size={size},{size}&format={ending}&f=image"
    return f"{base}/arcgis/rest/services/{service}/ImageServer/exportImage?{query}"


def version_in(picture: bytes) -> int | None:
    """Return the version that all pixels of a picture are of; None = not of one."""
    values = np.unique(np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")))
    if values.size != 1:
        return None
    version, rest = divmod(int(values[0]) - _FIRST_VALUE, _STEP)
    return version if rest == 0 and version >= 0 else None
