"""Take some width off around the first shape of a layer, as a person does. Run by Debian's Python.

usage: edit_shapes.py qgis|ogr CATALOG LAYER WIDTH

Through an edit session of QGIS, or through OGR; prints the new area.
"""

import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from osgeo import gdal, ogr
from qgis.core import QgsApplication, QgsVectorLayer


def by_qgis(catalog, layer, width):
    """Edit in a session of a vector layer, commit it and return the new area."""
    application = QgsApplication([], False)
    application.initQgis()
    shapes = QgsVectorLayer(f"{catalog}|layername={layer}", layer, "ogr")
    assert shapes.isValid()
    assert shapes.startEditing()
    feature = next(shapes.getFeatures())
    smaller = feature.geometry().buffer(-width, 1)
    smaller.convertToMultiType()
    assert shapes.changeGeometry(feature.id(), smaller)
    assert shapes.commitChanges(), shapes.commitErrors()
    area = smaller.area()
    del shapes
    application.exitQgis()
    return area


def by_ogr(catalog, layer, width):
    """Write one feature back and return its area."""
    gdal.UseExceptions()
    dataset = gdal.OpenEx(catalog, gdal.OF_VECTOR | gdal.OF_UPDATE)
    shapes = dataset.GetLayerByName(layer)
    feature = shapes.GetNextFeature()
    smaller = ogr.ForceToMultiPolygon(feature.GetGeometryRef().Buffer(-width, 1))
    feature.SetGeometry(smaller)
    shapes.SetFeature(feature)
    return smaller.GetArea()


if __name__ == "__main__":
    how, path, name, metres = sys.argv[1:]
    found = {"qgis": by_qgis, "ogr": by_ogr}[how](path, name, float(metres))
    sys.stdout.write(f"{found}\n")
