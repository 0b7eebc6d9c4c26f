"""Drive the ArcGIS API for Python against a service that not everybody may see. Run by an environment that has it.

usage: arcgis_python_guarded.py SERVER SERVICE USER PASSWORD TOKEN

Prints one JSON object: what was told with a password, with a token, and with neither.
"""

import json
import sys

from arcgis.gis._impl._con import Connection
from arcgis.raster import ImageryLayer

BOX = "1500000,-2000000,3500000,-500000"


def main():
    """Open the service three times."""
    server, service, user, password, token = sys.argv[1:6]
    address = f"{server}/arcgis/rest/services/{service}/ImageServer"
    plain = {"baseurl": f"{server}/arcgis/rest/", "verify_cert": False, "all_ssl": False}
    tokens = f"{server}/arcgis/tokens/generateToken"
    known = {
        "password": Connection(
            username=user, password=password, token_url=tokens, product="SERVER", **plain
        ),
        "token": Connection(token=token, product="SERVER", **plain),
    }
    report = {name: _told(ImageryLayer(address, gis=found)) for name, found in known.items()}
    try:
        report["nobody"] = str(_told(ImageryLayer(address, gis=Connection(**plain))))
    except Exception as error:
        report["nobody"] = str(error)
    sys.stdout.write(json.dumps(report) + "\n")


def _told(layer):
    exported = layer.export_image(
        bbox=BOX, bbox_sr="3857", image_sr="3857", size=[320, 240], f="json"
    )
    return {"bandCount": layer.properties.bandCount, "width": exported["width"]}


main()
