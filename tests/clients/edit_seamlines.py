"""Edit the layer seamlines as a person does: a shape of one item, the width and type of another.

usage: edit_seamlines.py qgis|ogr CATALOG SHAPE_ITEM WIDTH_ITEM

The seamline of SHAPE_ITEM loses 100 m all around, that of WIDTH_ITEM gets BlendWidth 3, BlendType inside.
Through an edit session of QGIS, or through OGR; prints the new area. Run by Debian's Python.
"""

import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from osgeo import gdal, ogr
from qgis.core import QgsApplication, QgsVectorLayer


def by_qgis(catalog, shape_item, width_item):
    """Edit in a session of a vector layer, commit it and return the new area."""
    application = QgsApplication([], False)
    application.initQgis()
    lines = QgsVectorLayer(f"{catalog}|layername=seamlines", "seamlines", "ogr")
    assert lines.isValid()
    assert lines.startEditing()
    feature = next(lines.getFeatures(f'"ItemId" = {shape_item}'))
    smaller = feature.geometry().buffer(-100, 1)
    smaller.convertToMultiType()
    assert lines.changeGeometry(feature.id(), smaller)
    other = next(lines.getFeatures(f'"ItemId" = {width_item}'))
    names = lines.fields()
    assert lines.changeAttributeValue(other.id(), names.indexOf("BlendWidth"), 3.0)
    assert lines.changeAttributeValue(other.id(), names.indexOf("BlendType"), "inside")
    assert lines.commitChanges(), lines.commitErrors()
    area = smaller.area()
    del lines
    application.exitQgis()
    return area


def by_ogr(catalog, shape_item, width_item):
    """Write two features back, whole, and return the area of the first."""
    gdal.UseExceptions()
    dataset = gdal.OpenEx(catalog, gdal.OF_VECTOR | gdal.OF_UPDATE)
    lines = dataset.GetLayerByName("seamlines")
    area = 0.0
    for feature in list(lines):
        if feature["ItemId"] == shape_item:
            smaller = ogr.ForceToMultiPolygon(feature.GetGeometryRef().Buffer(-100, 1))
            area = smaller.GetArea()
            feature.SetGeometry(smaller)
            lines.SetFeature(feature)
        if feature["ItemId"] == width_item:
            feature["BlendWidth"], feature["BlendType"] = 3.0, "inside"
            lines.SetFeature(feature)
    return area


if __name__ == "__main__":
    how, path, first, second = sys.argv[1:]
    found = {"qgis": by_qgis, "ogr": by_ogr}[how](path, int(first), int(second))
    sys.stdout.write(f"{found}\n")
