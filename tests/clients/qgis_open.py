"""Open one image service in QGIS, twice: as an ArcGIS layer and as XYZ tiles. Run by Debian's Python.

usage: qgis_open.py REST_URL XYZ_TEMPLATE XMIN,YMIN,XMAX,YMAX FOLDER [TOKEN]

With a token the ArcGIS layer signs in by an authentication of QGIS, EsriToken.

Writes arcgis.png and xyz.png (256 x 256, EPSG:3857) into FOLDER and prints one JSON object: for each
layer whether it is valid, its provider's error and the share of pixels that are not transparent.
"""

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsAuthMethodConfig,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

SIZE = 256


def render(layer, box, path):
    """Draw a layer into a file; return the share of pixels that hold something."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    settings.setExtent(box)
    settings.setOutputSize(QSize(SIZE, SIZE))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    image.save(path)
    seen = sum(image.pixelColor(x, y).alpha() > 0 for y in range(SIZE) for x in range(SIZE))
    return seen / SIZE**2


def _authentication(token):
    """Keep a token as people do, and return what QGIS calls it."""
    manager = QgsApplication.authManager()
    manager.setMasterPassword("of this test alone", True)
    kept = QgsAuthMethodConfig("EsriToken")
    kept.setName("token")
    kept.setConfig("token", token)
    manager.storeAuthenticationConfig(kept)
    return kept.id()


def main():
    """Open, draw, report."""
    rest, xyz, corners, folder, *tokens = sys.argv[1:]
    application = QgsApplication([], False)
    application.initQgis()
    known = f" authcfg='{_authentication(tokens[0])}'" if tokens else ""
    box = QgsRectangle(*(float(value) for value in corners.split(",")))
    layers = {
        "arcgis": QgsRasterLayer(
            f"crs='EPSG:3857' format='PNG32' layer='' url='{rest}'{known}",
            "arcgis",
            "arcgismapserver",
        ),
        "xyz": QgsRasterLayer(f"type=xyz&zmin=0&zmax=12&url={xyz}", "xyz", "wms"),
    }
    report = {}
    for name, layer in layers.items():
        valid = layer.isValid()
        report[name] = {
            "valid": valid,
            # QgsError.summary() of an empty error crashes QGIS 3.22.
            "error": "" if layer.error().isEmpty() else layer.error().summary(),
            "extent": [round(v, 1) for v in layer.extent().toRectF().getCoords()] if valid else [],
            "seen": render(layer, box, str(Path(folder) / f"{name}.png")) if valid else 0.0,
        }
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    layers.clear()
    # QGIS' own exit handlers crash now and then without a window; the answer is already out.
    os._exit(0)


main()
