"""Open a WMS in QGIS, draw it and ask for values. Run by Debian's Python.

usage: qgis_wms.py FOLDER JOBS

JOBS is a JSON list of {"name", "source", "crs", "box", "size", "identify": [x, y] or null, "time": [start,
end] or null}; each source is a data source of the wms provider. Writes NAME.png into FOLDER for each and prints one JSON object: for
each whether the layer is valid, its provider's error, its time range and what identify gave.
"""

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsDateTimeRange,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPointXY,
    QgsRaster,
    QgsRasterDataProviderTemporalCapabilities,
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QDateTime, QSize, Qt
from qgis.PyQt.QtGui import QColor

FORMATS = {
    "text": QgsRaster.IdentifyFormatText,
    "html": QgsRaster.IdentifyFormatHtml,
    "feature": QgsRaster.IdentifyFormatFeature,
}


def draw(layer, job, path):
    """Draw a layer into a file."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(job["crs"]))
    settings.setExtent(QgsRectangle(*job["box"]))
    settings.setOutputSize(QSize(*job["size"]))
    settings.setBackgroundColor(QColor(255, 255, 255))
    if job.get("time"):
        layer.temporalProperties().setIsActive(True)
        # Else only the first moment of the range is asked for.
        layer.temporalProperties().setIntervalHandlingMethod(
            QgsRasterDataProviderTemporalCapabilities.MatchUsingWholeRange
        )
        settings.setIsTemporal(True)
        ends = [QDateTime.fromString(text, Qt.ISODate) for text in job["time"]]
        settings.setTemporalRange(QgsDateTimeRange(*ends))
    drawing = QgsMapRendererParallelJob(settings)
    drawing.start()
    drawing.waitForFinished()
    drawing.renderedImage().save(str(path))
    return [error.message for error in drawing.errors()]


def identified(layer, job):
    """Return what each form of identify gives as text."""
    if not job.get("identify"):
        return {}
    found = {}
    for name, form in FORMATS.items():
        result = layer.dataProvider().identify(
            QgsPointXY(*job["identify"]), form, QgsRectangle(*job["box"]), *job["size"]
        )
        found[name] = str(list(result.results().values())) if result.isValid() else "invalid"
        if name == "feature" and result.isValid():
            found[name] = str(
                [
                    feature.attributes()
                    for stores in result.results().values()
                    for store in stores
                    for feature in store.features()
                ]
            )
    return found


def times(layer):
    """Return the range of time that the provider found, as ISO texts."""
    abilities = layer.dataProvider().temporalCapabilities()
    if not abilities.hasTemporalCapabilities():
        return []
    span = abilities.availableTemporalRange()
    return [span.begin().toString(Qt.ISODate), span.end().toString(Qt.ISODate)]


def main():
    """Open, draw, report."""
    folder, jobs = Path(sys.argv[1]), json.loads(sys.argv[2])
    application = QgsApplication([], False)
    application.initQgis()
    report = {}
    for job in jobs:
        layer = QgsRasterLayer(job["source"], job["name"], "wms")
        told = {
            "valid": layer.isValid(),
            # QgsError.summary() of an empty error crashes QGIS 3.22.
            "error": "" if layer.error().isEmpty() else layer.error().summary(),
        }
        if layer.isValid():
            told["errors"] = draw(layer, job, folder / f"{job['name']}.png")
            told["extent"] = [round(v, 3) for v in layer.extent().toRectF().getCoords()]
            told["identified"] = identified(layer, job)
            told["times"] = times(layer)
        report[job["name"]] = told
        del layer
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()
    # QGIS' own exit handlers crash now and then without a window; the answer is already out.
    os._exit(0)


main()
