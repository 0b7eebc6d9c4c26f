"""MapServer 8: lighttpd in front of two FastCGI processes.

The mosaic is read by tile index. Its own tile mode and WMS GetMap draw the same pixels; WMS is the
quicker of the two and is asked. GDAL settings stand in the map file: 8.0 ignores them in the
environment of its processes (a GDAL_CACHEMAX there changed neither rate nor memory).
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.peers.base import (
    BLOCK_CACHE_MB,
    JPEG_QUALITY,
    PNG_LEVEL,
    PROCESSES,
    Bench,
    Target,
    TileFormat,
)
from benchmarks.peers.process_tree import Launch, ProcessTree, free_port
from benchmarks.peers.programs import require
from benchmarks.scenes import CRS, Scene
from benchmarks.tile_lists import Tile, View, tile_view

_MEDIA_TYPES: dict[TileFormat, str] = {"jpg": "image/jpeg", "png": "image/png"}

_MAP = """MAP
  NAME "bench"
  STATUS ON
  SIZE 256 256
  MAXSIZE 4096
  EXTENT 0 5000000 3000000 8000000
  UNITS METERS
  IMAGECOLOR 255 255 255
  CONFIG "MS_ERRORFILE" "stderr"
  CONFIG "GDAL_CACHEMAX" "{cache_mb}"
  CONFIG "GDAL_DISABLE_READDIR_ON_OPEN" "EMPTY_DIR"
  PROJECTION "init=epsg:3857" END
  OUTPUTFORMAT
    NAME "jpeg"
    DRIVER "AGG/JPEG"
    MIMETYPE "image/jpeg"
    IMAGEMODE RGB
    FORMATOPTION "QUALITY={quality}"
  END
  OUTPUTFORMAT
    NAME "png"
    DRIVER "AGG/PNG"
    MIMETYPE "image/png"
    IMAGEMODE RGBA
    TRANSPARENT ON
    FORMATOPTION "COMPRESSION={level}"
  END
  WEB
    METADATA
      "ows_title" "bench"
      "ows_enable_request" "*"
      "ows_srs" "EPSG:3857"
      "ows_onlineresource" "http://127.0.0.1:{port}/ms?map=BENCH"
    END
  END
{layers}
END
"""

_LAYER = """  LAYER
    NAME "{name}"
    TYPE RASTER
    STATUS ON
    TILEINDEX "{index}"
    TILEITEM "location"
    PROCESSING "RESAMPLE=BILINEAR"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROCESSING "OVERSAMPLE_RATIO={oversample}"
    PROJECTION "init={crs}" END
  END"""

_CONFIG = """CONFIG
  ENV
    "MS_MAP_PATTERN" "^{folder}/bench[.]map$"
  END
  MAPS
    "BENCH" "{folder}/bench.map"
  END
END
"""

_LIGHTTPD = """server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{folder}"
server.max-keep-alive-requests = 1000000
server.modules = ("mod_fastcgi")
fastcgi.server = ("/ms" => ((
  "bin-path" => "{mapserv}",
  "socket" => "{socket}",
  "max-procs" => {processes},
  "check-local" => "disable",
  "bin-environment" => (
    "MAPSERVER_CONFIG_FILE" => "{folder}/mapserver.conf"
  )
)))
"""


class MapServer:
    """MapServer behind lighttpd.

    Parameters
    ----------
    oversample : float
        Source pixels it reads for a pixel of the tile before it resamples; 2.5 is its default.
    """

    def __init__(self, name: str = "MapServer", oversample: float = 2.5) -> None:
        self.name = name
        self._oversample = oversample
        self._port = free_port()
        self._folder = Path()

    @property
    def settings(self) -> dict[str, str]:
        version = subprocess.run(
            [require(self.name, "mapserv"), "-v"], capture_output=True, text=True, check=True
        ).stdout.split()
        return {
            "version": " ".join(version[:3]),
            "processes": f"lighttpd + {PROCESSES} FastCGI",
            "caches": f"GDAL block cache {PROCESSES} x {BLOCK_CACHE_MB} MB",
            "filter": f"RESAMPLE=BILINEAR, OVERSAMPLE_RATIO={self._oversample}",
        }

    def check(self) -> None:
        for program in ("lighttpd", "mapserv", "gdaltindex"):
            require(self.name, program)

    def prepare(self, bench: Bench) -> None:
        self._folder = folder = bench.folder / self.name.replace(" ", "-").lower()
        folder.mkdir(parents=True, exist_ok=True)
        layers = [
            self._index(folder, "one", [bench.dataset.one]),
            self._index(folder, "mosaic", bench.dataset.mosaic),
        ]
        fields = {
            "folder": folder,
            "port": self._port,
            "socket": folder / "ms",
            "mapserv": require(self.name, "mapserv"),
            "processes": PROCESSES,
            "cache_mb": BLOCK_CACHE_MB,
            "quality": JPEG_QUALITY,
            "level": PNG_LEVEL,
            "layers": "\n".join(layers),
        }
        files = {"bench.map": _MAP, "mapserver.conf": _CONFIG, "lighttpd.conf": _LIGHTTPD}
        for name, template in files.items():
            (folder / name).write_text(template.format(**fields))

    def start(self) -> ProcessTree:
        return ProcessTree(
            Launch(
                command=[
                    require(self.name, "lighttpd"),
                    "-D",
                    "-f",
                    str(self._folder / "lighttpd.conf"),
                ],
                ready_url=self._url(
                    {"map": "BENCH", "SERVICE": "WMS", "REQUEST": "GetCapabilities"}
                ),
                log=self._folder / "server.log",
                environment={},
            )
        )

    def tile_url(self, target: Target, tile: Tile, tile_format: TileFormat) -> str:
        return self.view_url(target, tile_view(tile), tile_format)

    def view_url(self, target: Target, view: View, tile_format: TileFormat) -> str:
        return self._url(
            {
                "map": "BENCH",
                "SERVICE": "WMS",
                "VERSION": "1.3.0",
                "REQUEST": "GetMap",
                "LAYERS": target,
                "STYLES": "",
                "CRS": "EPSG:3857",
                "BBOX": f"{view.west},{view.south},{view.east},{view.north}",
                "WIDTH": str(view.cols),
                "HEIGHT": str(view.rows),
                "FORMAT": _MEDIA_TYPES[tile_format],
                "TRANSPARENT": "TRUE" if tile_format == "png" else "FALSE",
            }
        )

    def _url(self, parameters: dict[str, str]) -> str:
        return f"http://127.0.0.1:{self._port}/ms?{urlencode(parameters, safe='/:,')}"

    def _index(self, folder: Path, name: str, scenes: Sequence[Scene]) -> str:
        index = folder / f"{name}.shp"
        index.unlink(missing_ok=True)
        subprocess.run(
            [require(self.name, "gdaltindex"), index, *(scene.path for scene in scenes)],
            check=True,
            capture_output=True,
            env={**os.environ, "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"},
        )
        return _LAYER.format(name=name, index=index, crs=CRS.lower(), oversample=self._oversample)
