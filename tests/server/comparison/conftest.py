"""Two live servers with equal and unequal services, and a real MapServer of the same raster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.peers.process_tree import Launch, ProcessTree, free_port
from engine.build.compile_raster import compile_raster
from server.site.publishing import Publisher
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIDE = 1024

_MAP = """MAP
  NAME "wms"
  SIZE 256 256
  MAXSIZE 2048
  EXTENT 500000 4989760 510240 5000000
  UNITS METERS
  IMAGECOLOR 255 255 255
  PROJECTION "init=epsg:32633" END
  OUTPUTFORMAT
    NAME "png"
    DRIVER "AGG/PNG"
    MIMETYPE "image/png"
    IMAGEMODE RGBA
    TRANSPARENT ON
  END
  WEB
    METADATA
      "ows_title" "wms"
      "ows_enable_request" "*"
      "ows_srs" "EPSG:3857 EPSG:4326 EPSG:32633"
      "ows_onlineresource" "http://127.0.0.1:{port}/ms?map=WMS"
    END
  END
  LAYER
    NAME "texture"
    TYPE RASTER
    STATUS ON
    DATA "{raster}"
    PROCESSING "RESAMPLE=BILINEAR"
    PROJECTION "init=epsg:32633" END
  END
  LAYER
    NAME "broken"
    TYPE RASTER
    STATUS ON
    EXTENT 500000 4989760 510240 5000000
    DATA "{raster}.missing"
    PROJECTION "init=epsg:32633" END
  END
END
"""

_CONFIG = """CONFIG
  ENV
    "MS_MAP_PATTERN" "^{folder}/wms[.]map$"
  END
  MAPS
    "WMS" "{folder}/wms.map"
  END
END
"""

_LIGHTTPD = """server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.modules = ("mod_fastcgi")
fastcgi.server = ("/ms" => ((
  "bin-path" => "{mapserv}",
  "socket" => "{folder}/ms",
  "max-procs" => 1,
  "check-local" => "disable",
  "bin-environment" => ("MAPSERVER_CONFIG_FILE" => "{folder}/mapserver.conf")
)))
"""


def texture():
    """Return (3, SIDE, SIDE) with detail of all sizes, 20 to 235."""
    draws = np.random.default_rng(7)
    bands = []
    for _ in range(3):
        band = sum(
            ndimage.gaussian_filter(draws.normal(size=(SIDE, SIDE)), size) * size
            for size in (1.5, 4, 12, 40)
        )
        bands.append((band - band.min()) / np.ptp(band))
    return np.round(20 + 215 * np.stack(bands)).astype(np.uint8)


@pytest.fixture(scope="session")
def rasters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One picture, the same half a pixel further east, the same in other colours, part of it."""
    folder = tmp_path_factory.mktemp("rasters")
    data = texture()
    part = data.copy()
    part[:, :, 512:] = 0
    made = {
        "picture": (data, place(), None),
        "shifted": (data, place(east=5.0), None),
        "colours": (np.minimum(data, 200) + 30, place(), None),
        "part": (part, place(), 0),
    }
    levels = (2, 4)
    return {
        name: write_geotiff(
            folder / f"{name}.tif", pixels, where, overviews=levels, photometric="rgb", nodata=none
        )
        for name, (pixels, where, none) in made.items()
    }


@pytest.fixture(scope="session")
def two_servers(
    rasters: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, serve
) -> Iterator[Callable[[int, str], str]]:
    """A function from a server (0 or 1) and a service to the URL of its ImageServer."""
    folder = tmp_path_factory.mktemp("two")
    for name, raster in rasters.items():
        compile_raster(raster, folder / f"{name}.zmd")
    for server in ("one", "other"):
        for name in rasters:
            Publisher(folder / server).publish(folder / f"{name}.zmd", name)
    with serve(folder / "one") as one, serve(folder / "other") as other:
        urls = (one.url, other.url)
        yield lambda server, name: f"{urls[server]}/arcgis/rest/services/{name}/ImageServer"


@pytest.fixture(scope="session")
def wms(
    rasters: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
    require_program: Callable[[str], Path],
) -> Iterator[str]:
    """The URL of a MapServer with the layers texture and broken."""
    lighttpd, mapserv = require_program("lighttpd"), require_program("mapserv")
    folder = tmp_path_factory.mktemp("wms")
    fields = {
        "folder": folder,
        "port": free_port(),
        "mapserv": mapserv,
        "raster": rasters["picture"],
    }
    files = {"wms.map": _MAP, "mapserver.conf": _CONFIG, "lighttpd.conf": _LIGHTTPD}
    for name, template in files.items():
        (folder / name).write_text(template.format(**fields))
    url = f"http://127.0.0.1:{fields['port']}/ms?map=WMS"
    command = [str(lighttpd), "-D", "-f", str(folder / "lighttpd.conf")]
    ready = f"{url}&SERVICE=WMS&REQUEST=GetCapabilities"
    processes = ProcessTree(Launch(command, ready, folder / "log", {}))
    try:
        yield url
    finally:
        processes.stop()
