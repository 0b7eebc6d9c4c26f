"""Drive the ArcGIS API for Python against a live server. Run by an environment that has it.

usage: arcgis_python.py SERVER FOLDER

Writes pictures into FOLDER and prints one JSON object with what the library gave back.
"""

import json
import sys
from pathlib import Path

import numpy as np
from arcgis.gis._impl._con import Connection
from arcgis.raster import ImageryLayer
from arcgis.raster.functions import apply, band_arithmetic, clip, composite_band, slope, stretch

MERCATOR = {"wkid": 3857}
PLACE = {"x": 1_500_000, "y": 500_000, "spatialReference": MERCATOR}
BOX = "1500000,-2000000,3500000,-500000"
HILLS = "1000000,5855000,1060000,5900000"
AREA = {
    "rings": [[[2e6, -1e6], [2e6, 0], [3e6, 0], [3e6, -1e6], [2e6, -1e6]]],
    "spatialReference": MERCATOR,
}
VIEW = {"bbox_sr": "3857", "image_sr": "3857", "size": [320, 240], "adjust_aspect_ratio": False}


def main():
    """Do what people do with an imagery layer."""
    server, folder = sys.argv[1], Path(sys.argv[2])
    # Without a portal: a connection of its own to a server that stands alone.
    connection = Connection(baseurl=f"{server}/arcgis/rest/", verify_cert=False, all_ssl=False)

    def layer(name):
        return ImageryLayer(f"{server}/arcgis/rest/services/{name}/ImageServer", gis=connection)

    marble, heights, picture = (layer(f"demo/{name}") for name in ("marble", "heights", "picture"))
    report = {"properties": _properties(marble), "single": _properties(picture)}
    report |= _export(marble, folder)
    _mosaics(lambda: layer("demo/marble"), folder)
    report |= _values(marble)
    report |= _volume(heights)
    _functions(marble, heights, folder)
    sys.stdout.write(json.dumps(report, default=str) + "\n")


def _properties(layer):
    stated = layer.properties
    return {
        "name": stated.name,
        "bandCount": stated.bandCount,
        "extent": dict(layer.extent),
        "rasterFunctions": [each["name"] for each in stated.rasterFunctionInfos],
        "pixel_type": layer.pixel_type,
        "band_count": layer.band_count,
        "columns": layer.columns,
        "rows": layer.rows,
        "catalog": "catalog" in stated.capabilities.lower(),
    }


def _export(marble, folder):
    told = marble.export_image(bbox=BOX, **VIEW, f="json")
    marble.export_image(
        bbox=BOX, **VIEW, f="image", export_format="png32", save_folder=str(folder),
        save_file="image.png",
    )  # fmt: skip
    np.save(folder / "array.npy", marble.export_image(bbox=BOX, **VIEW, f="numpy_array"))
    marble.export_image(
        bbox=BOX, **VIEW, f="image", export_format="tiff", save_folder=str(folder),
        save_file="image.tif",
    )  # fmt: skip
    return {"exported": told}


def _mosaics(layer, folder):
    """Order rasters; the library changes the layer itself."""
    newest, locked = layer(), layer()
    newest.mosaic_by(sort_by="AcqDate", sort_val="2005/01/01")
    _save(newest, folder, "newest.npy", BOX)
    locked.mosaic_by(lock_rasters=[17])
    _save(locked, folder, "locked.npy", BOX)


def _values(marble):
    envelope = {"xmin": 0, "ymin": 0, "xmax": 2e6, "ymax": 2e6, "spatialReference": MERCATOR}
    found = marble.query(where="OBJECTID <= 3", out_fields="*", return_geometry=True)
    origin = {"x": 1.5e6, "y": 0, "spatialReference": MERCATOR}
    east = {**origin, "x": 1.501e6}
    measured = marble.measure(origin, east, measure_operation="DistanceAndAngle")
    return {
        "identified": marble.identify(geometry=PLACE),
        "features": [feature.attributes for feature in found.features],
        "rings": len(found.features[0].geometry["rings"]),
        "count": marble.query(where="1=1", return_count_only=True),
        "ids": marble.query(object_ids="1,2", return_ids_only=True),
        "samples": marble.get_samples(
            geometry={"points": [[1.5e6, 5e5], [1.6e6, 6e5]], "spatialReference": MERCATOR},
            geometry_type="esriGeometryMultipoint",
        ),
        "histograms": marble.compute_histograms(geometry=envelope),
        "counted": marble.compute_stats_and_histograms(geometry=envelope),
        "item": marble.catalog_item(3).info,
        "legend": [part["label"] for part in marble.legend()["layers"][0]["legend"]],
        "statistics": marble.statistics(),
        "key_properties": marble.key_properties(),
        "slices": marble.slices(),
        "measured": measured,
        "boundary": marble.query_boundary(),
        "valid": marble.validate(rendering_rule={"rasterFunction": "Negative"}),
        "projected": marble.project([{"x": 0, "y": 0}], in_sr=4326, out_sr=3857),
    }


def _volume(heights):
    box = {"xmin": 1.01e6, "ymin": 5.87e6, "xmax": 1.02e6, "ymax": 5.88e6}
    area = {**box, "spatialReference": MERCATOR}
    return {"volume": heights.calculate_volume([area], base_type=0, constant_z=0)}


def _functions(marble, heights, folder):
    _save(apply(marble, "Negative"), folder, "template.npy", BOX)
    _save(
        stretch(marble, stretch_type="minmax", statistics=[[0, 127, 60, 30]] * 3),
        folder, "stretch.npy", BOX,
    )  # fmt: skip
    _save((marble + marble) * 2, folder, "local.npy", BOX)
    _save(clip(marble, geometry=AREA), folder, "clip.npy", BOX)
    _save(composite_band([marble, marble]), folder, "composite.npy", BOX)
    _save(
        band_arithmetic(marble, band_indexes="(B1 - B3) / (B1 + B3)", method=0),
        folder, "arithmetic.npy", BOX,
    )  # fmt: skip
    _save(slope(heights), folder, "slope.npy", HILLS)


def _save(layer, folder, name, box):
    np.save(folder / name, layer.export_image(bbox=box, **VIEW, f="numpy_array"))


main()
