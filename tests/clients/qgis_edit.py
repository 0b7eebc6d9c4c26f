"""Edit the layer footprints as a person does in QGIS: move a row's shape, draw another row.

usage: qgis_edit.py SOURCE PROVIDER NAME WKT

The row named NAME gets the shape WKT (a multipolygon), and so does a new row named "drawn". Run by
Debian's Python; prints the layer's CRS.
"""

import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import QgsApplication, QgsFeature, QgsGeometry, QgsVectorLayer


def main():
    """Open, edit, save; exit with what QGIS says where it cannot."""
    source, provider, name, wkt = sys.argv[1:5]
    application = QgsApplication([], False)
    application.initQgis()
    layer = QgsVectorLayer(source, "footprints", provider)
    if not layer.isValid():
        sys.exit(f"QGIS cannot open {source}: {layer.error().message()}")
    layer.startEditing()
    feature = next(layer.getFeatures(f"\"Name\" = '{name}'"))
    layer.changeGeometry(feature.id(), QgsGeometry.fromWkt(wkt))
    drawn = QgsFeature(layer.fields())
    drawn["Name"] = "drawn"
    drawn.setGeometry(QgsGeometry.fromWkt(wkt))
    layer.addFeature(drawn)
    if not layer.commitChanges():
        sys.exit("; ".join(layer.commitErrors()))
    sys.stdout.write(layer.crs().authid())


main()
