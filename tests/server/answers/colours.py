"""Versions of a service that tell themselves apart: each is of one colour."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing

import msgspec
import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import Affine

from engine.build.compile_raster import compile_raster
from engine.summary import ServiceSummary
from server.site.publishing import Publisher

WEST, NORTH, SIZE = 480_000.0, 5_545_000.0, 1024
BOX = f"{WEST},{NORTH - 10 * SIZE},{WEST + 10 * SIZE},{NORTH}"


def write_colour(file, value):
    """Write a raster of one grey value."""
    profile = {
        "driver": "GTiff",
        "width": SIZE,
        "height": SIZE,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:32633",
        "transform": Affine(10.0, 0.0, WEST, 0.0, -10.0, NORTH),
        "tiled": True,
        "photometric": "rgb",
    }
    with rasterio.open(file, "w", **profile) as out:
        out.write(np.full((3, SIZE, SIZE), value, np.uint8))


def compile_colour(folder, value, **properties):
    """Return the compiled definition of a raster of one colour, with service properties."""
    source, compiled = folder / f"colour{value}.tif", folder / f"colour{value}.zmd"
    write_colour(source, value)
    compile_raster(source, compiled)
    with closing(sqlite3.connect(compiled)) as handle, handle:
        (found,) = handle.execute("SELECT value FROM meta WHERE key = 'summary'").fetchone()
        summary = msgspec.msgpack.decode(found, type=ServiceSummary)
        changed = msgspec.structs.replace(
            summary, properties=msgspec.structs.replace(summary.properties, **properties)
        )
        text = msgspec.msgpack.encode(changed)
        handle.execute("UPDATE meta SET value = ? WHERE key = 'summary'", (text,))
    return compiled


def publish_colour(data, folder, value, name="colour", **properties):
    """Publish a new version of one colour; return it."""
    return Publisher(data).publish(compile_colour(folder, value, **properties), name)


def colour_of(answer):
    """Return the one colour of a picture; an error where it has several."""
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
    (found,) = np.unique(pixels).tolist()
    return found
