"""TiTiler 2.x: two uvicorn workers, GDAL settings of its performance page.

It lives in an environment of its own, made on demand. The stock application is served with one
change, so that all servers do alike work: JPEG at quality 75 (it has no parameter for that). PNG is
asked as `pngraw`, TiTiler's name for compression level 1.
"""

import shutil
import subprocess
import venv
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.peers.base import BLOCK_CACHE_MB, JPEG_QUALITY, PROCESSES, Bench, Target, TileFormat
from benchmarks.peers.process_tree import Launch, ProcessTree, free_port
from benchmarks.peers.programs import PeerMissing
from benchmarks.scenes import Scene
from benchmarks.tile_lists import Tile, View

_ENVIRONMENT = Path(__file__).parents[1] / "results" / "titiler-venv"
_COMPLETE = _ENVIRONMENT / "complete"
_REQUIREMENTS = ("titiler.application>=2.4,<3", "uvicorn[standard]")
_EXTENSIONS: dict[TileFormat, str] = {"jpg": "jpg", "png": "pngraw"}
# Decides how many scenes a tile has to look at: with cogeo-mosaic's own choice (9 here) fine tiles
# open scenes beside them, which costs a third of the rate; 13 gains nothing more.
_QUADKEY_ZOOM = 12

_APPLICATION = f"""from rio_tiler.profiles import img_profiles
from titiler.application.main import app

for name in ("jpeg", "jpg"):
    img_profiles.data[name].update(quality={JPEG_QUALITY})
"""

# developmentseed.org/titiler/advanced/performance_tuning; its 200 MB of GDAL_CACHEMAX are raised
# to what every server here may use.
_GDAL_SETTINGS = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.TIF,.tiff",
    "CPL_VSIL_CURL_CACHE_SIZE": "200000000",
    "GDAL_BAND_BLOCK_CACHE": "HASHSET",
    "GDAL_CACHEMAX": str(BLOCK_CACHE_MB),
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "GDAL_HTTP_VERSION": "2",
    "PROJ_NETWORK": "OFF",
    "VSI_CACHE": "TRUE",
    "VSI_CACHE_SIZE": "5000000",
}


def is_installed() -> bool:
    """Tell whether its environment is there, wholly made."""
    return _COMPLETE.is_file()


class TiTiler:
    """TiTiler's own application under uvicorn.

    Parameters
    ----------
    mosaic_threads : int or None
        Threads that read a tile's scenes; None = its default, five a core.
    """

    def __init__(self, name: str = "TiTiler", mosaic_threads: int | None = None) -> None:
        self.name = name
        self._environment = dict(_GDAL_SETTINGS)
        if mosaic_threads is not None:
            self._environment["MOSAIC_CONCURRENCY"] = str(mosaic_threads)
        self._port = free_port()
        self._folder = Path()
        self._paths: dict[Target, Path] = {}

    @property
    def settings(self) -> dict[str, str]:
        query = "from importlib.metadata import version as v; print(v('titiler.application'))"
        version = _run("python", "-c", query).strip()
        return {
            "version": version,
            "processes": f"{PROCESSES} uvicorn workers, mosaic threads "
            + self._environment.get("MOSAIC_CONCURRENCY", "by default"),
            "caches": f"GDAL block cache {PROCESSES} x {BLOCK_CACHE_MB} MB, "
            "VSI cache 5 MB a file (both emptied when it closes a file, after each tile)",
            "filter": "resampling=bilinear, reproject=bilinear (GDAL warp)",
        }

    def check(self) -> None:
        """Make the environment where it is missing; raise `PeerMissing` when that fails."""
        if is_installed():
            return
        shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
        venv.create(_ENVIRONMENT, with_pip=True)
        installed = subprocess.run(
            [_program("python"), "-m", "pip", "install", "--quiet", *_REQUIREMENTS],
            capture_output=True,
            text=True,
            check=False,
        )
        if installed.returncode != 0:
            raise PeerMissing(self.name, f"titiler.application ({installed.stderr.strip()[-300:]})")
        _COMPLETE.touch()

    def prepare(self, bench: Bench) -> None:
        self._folder = folder = bench.folder / self.name.replace(" ", "-").lower()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "bench_titiler.py").write_text(_APPLICATION)
        self._paths = {"one": bench.dataset.one.path, "mosaic": folder / "mosaic.json"}
        _write_mosaic_json(bench.dataset.mosaic, folder)

    def start(self) -> ProcessTree:
        command = [
            _program("python"),
            "-m",
            "uvicorn",
            "bench_titiler:app",
            "--app-dir",
            str(self._folder),
        ]
        command += ["--host", "127.0.0.1", "--port", str(self._port), "--workers", str(PROCESSES)]
        command += ["--no-access-log", "--log-level", "warning"]
        return ProcessTree(
            Launch(
                command=command,
                ready_url=f"http://127.0.0.1:{self._port}/healthz",
                log=self._folder / "server.log",
                environment=self._environment,
            )
        )

    def tile_url(self, target: Target, tile: Tile, tile_format: TileFormat) -> str:
        family = "cog" if target == "one" else "mosaicjson"
        place = f"WebMercatorQuad/{tile.zoom}/{tile.col}/{tile.row}.{_EXTENSIONS[tile_format]}"
        return self._url(target, f"{family}/tiles/{place}", {})

    def view_url(self, target: Target, view: View, tile_format: TileFormat) -> str | None:
        if target == "mosaic":
            return None  # its application answers no free boxes of a mosaic
        box = f"{view.west},{view.south},{view.east},{view.north}"
        place = f"cog/bbox/{box}/{view.cols}x{view.rows}.{_EXTENSIONS[tile_format]}"
        return self._url(target, place, {"coord_crs": "epsg:3857", "dst_crs": "epsg:3857"})

    def _url(self, target: Target, place: str, parameters: dict[str, str]) -> str:
        common = {"url": str(self._paths[target]), "resampling": "bilinear"}
        query = urlencode({**common, "reproject": "bilinear", **parameters}, safe="/:")
        return f"http://127.0.0.1:{self._port}/{place}?{query}"


def _write_mosaic_json(scenes: tuple[Scene, ...], folder: Path) -> None:
    names = folder / "scenes.txt"
    names.write_text("".join(f"{scene.path}\n" for scene in scenes))
    target, zoom = str(folder / "mosaic.json"), str(_QUADKEY_ZOOM)
    _run(
        "cogeo-mosaic", "create", str(names), "--output", target, "--quadkey-zoom", zoom, "--quiet"
    )


def _program(name: str) -> str:
    return str(_ENVIRONMENT / "bin" / name)


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [_program(program), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"TiTiler's {program} {arguments} failed: {done.stderr[-2000:]}")
    return done.stdout
