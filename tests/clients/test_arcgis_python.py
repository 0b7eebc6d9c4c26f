"""The ArcGIS API for Python works with services as with those of ArcGIS."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from pyproj import Geod

from tests.clients.engine_pictures import assert_alike
from tests.clients.python_packages import install, wanted
from tests.clients.services import HEIGHTS, TEMPLATED, height_at

if TYPE_CHECKING:
    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

# As arcgis_python.py asks.
BOX = (1_500_000.0, -2_000_000.0, 3_500_000.0, -500_000.0)
HILLS = (1_000_000.0, 5_855_000.0, 1_060_000.0, 5_900_000.0)
SIZE = (320, 240)
drives = pytest.mark.drives


@dataclass(frozen=True, slots=True)
class Driven:
    """What the library gave back: one JSON object, and arrays and pictures in a folder."""

    report: dict[str, Any]
    folder: Path

    def array(self, name: str) -> np.ndarray:
        """Return the array of a picture as (rows, cols, bands)."""
        pixels = np.load(self.folder / f"{name}.npy")
        return pixels if pixels.ndim == 3 else pixels[..., None]


@pytest.fixture(scope="session")
def driven(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Driven:
    """One session with the library."""
    python = install()
    folder = tmp_path_factory.mktemp("arcgis")
    script = Path(__file__).with_name("arcgis_python.py")
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    result = subprocess.run(
        [python, script, server.base, folder],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=own,
    )
    assert result.returncode == 0, result.stderr
    return Driven(json.loads(result.stdout.splitlines()[-1]), folder)


def _made(engine: EngineRoom, **more: Any) -> np.ndarray:
    """Return the samples of the view as (rows, cols, bands), 0 where there is none."""
    return _samples(engine, TEMPLATED, BOX, **more)


def _samples(engine: EngineRoom, name: str, box: tuple[float, ...], **more: Any) -> np.ndarray:
    block = engine.samples(name, box, SIZE, **more)
    valid = block.valid if block.valid.ndim == 3 else block.valid[None]
    return np.moveaxis(np.where(valid, block.data, 0), 0, -1)


@drives("arcgis-python", "properties")
def test_properties_are_those_of_the_service(driven: Driven) -> None:
    stated = driven.report["properties"]
    assert (stated["name"], stated["pixel_type"], stated["band_count"]) == (TEMPLATED, "U8", 3)
    assert stated["rasterFunctions"] == ["None", "Negative"]
    assert stated["columns"] == pytest.approx(round(stated["columns"]))
    assert stated["catalog"]
    assert not driven.report["single"]["catalog"]


@drives("arcgis-python", "export_image: JSON, file, array, GeoTIFF")
def test_exports_are_what_the_engine_renders(driven: Driven, engine: EngineRoom) -> None:
    told = driven.report["exported"]
    assert (told["width"], told["height"]) == SIZE
    assert [told["extent"][key] for key in ("xmin", "ymin", "xmax", "ymax")] == list(BOX)
    picture = np.asarray(Image.open(driven.folder / "image.png").convert("RGB"))
    assert np.array_equal(picture, engine.picture(TEMPLATED, BOX, SIZE))
    made = _made(engine)
    assert np.array_equal(driven.array("array"), made)
    with rasterio.open(driven.folder / "image.tif") as raster:
        assert raster.crs.to_epsg() == 3857
        assert tuple(raster.bounds) == pytest.approx(BOX)
        assert np.array_equal(np.moveaxis(raster.read(), 0, -1), made)


@drives("arcgis-python", "mosaic_by: attribute, locked rasters")
def test_mosaics_are_in_the_order_asked_for(driven: Driven, engine: EngineRoom) -> None:
    newest = '{"mosaicMethod":"esriMosaicAttribute","sortField":"AcqDate","sortValue":"2005/01/01"}'
    locked = '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[17]}'
    for name, rule in (("newest", newest), ("locked", locked)):
        assert np.array_equal(driven.array(name), _made(engine, mosaicRule=rule)), name
    assert not np.array_equal(driven.array("newest"), driven.array("locked"))


@drives("arcgis-python", "identify")
def test_identify_tells_value_and_rasters(driven: Driven, engine: EngineRoom) -> None:
    told = driven.report["identified"]
    half = engine.service(TEMPLATED).summary.pixel_size_x / 2
    around = (1_500_000 - half, 500_000 - half, 1_500_000 + half, 500_000 + half)
    pixel = engine.samples(TEMPLATED, around, (1, 1), interpolation="RSP_NearestNeighbor")
    assert told["value"] == ", ".join(str(int(band[0, 0])) for band in pixel.data)
    assert told["properties"]["Values"] == [told["value"].replace(",", "")]
    assert told["catalogItems"]["features"][0]["attributes"]["OBJECTID"] == 17


@drives("arcgis-python", "query: features, count, ids")
def test_query_gives_rows_of_the_catalog(driven: Driven) -> None:
    assert [row["OBJECTID"] for row in driven.report["features"]] == [1, 2, 3]
    assert driven.report["features"][0]["Name"].startswith("BM_2004")
    assert driven.report["rings"] == 1
    assert driven.report["count"] > 50
    assert driven.report["ids"]["objectIds"] == [1, 2]


@drives("arcgis-python", "get_samples")
def test_samples_are_the_values_at_places(driven: Driven) -> None:
    samples = driven.report["samples"]
    assert [sample["locationId"] for sample in samples] == [0, 1]
    assert samples[0]["values"] == [
        float(part) for part in driven.report["identified"]["value"].split(", ")
    ]


@drives("arcgis-python", "compute_histograms, compute_stats_and_histograms")
def test_histograms_count_the_pixels_of_an_area(driven: Driven) -> None:
    histograms = driven.report["histograms"]["histograms"]
    counted = driven.report["counted"]
    assert len(histograms) == 3
    assert histograms == counted["histograms"]
    for histogram, row in zip(histograms, counted["statistics"], strict=True):
        values = np.arange(256)
        mean = np.average(values, weights=histogram["counts"])
        assert row["mean"] == pytest.approx(mean, abs=1e-6)
        assert row["count"] == sum(histogram["counts"])


@drives("arcgis-python", "catalog_item, legend, statistics, key_properties, slices")
def test_resources_are_read(driven: Driven) -> None:
    assert driven.report["item"]["bandCount"] == 3
    assert len(driven.report["legend"]) == 3
    assert len(driven.report["statistics"]["statistics"]) == 3
    assert isinstance(driven.report["key_properties"], dict)
    assert driven.report["slices"] == {"slices": []}


@drives("arcgis-python", "measure, query_boundary, validate, project, calculate_volume")
def test_measures_are_those_of_the_earth(driven: Driven) -> None:
    told = driven.report["measured"]
    degree = 180 / np.pi / 6378137
    metres = Geod(ellps="WGS84").inv(1.5e6 * degree, 0, 1.501e6 * degree, 0)[2]
    assert told["distance"]["value"] == pytest.approx(metres, rel=1e-6)
    assert told["azimuthAngle"]["value"] == pytest.approx(90, abs=1e-3)
    assert driven.report["boundary"]["area"] > 1e12
    assert driven.report["projected"] == {
        "geometries": [{"x": pytest.approx(0), "y": pytest.approx(0)}]
    }
    volume = driven.report["volume"]["results"][0]
    # About the middle of the hills, seen from sea level; ground is smaller than Web Mercator.
    x, y = np.meshgrid(np.arange(1.01e6, 1.02e6, 100) + 50, np.arange(5.87e6, 5.88e6, 100) + 50)
    assert volume["cut"] / volume["area"] == pytest.approx(height_at(x, y).mean(), rel=0.01)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("template", {"rasterFunction": "Negative"}),
        (
            "stretch",
            {
                "rasterFunction": "Stretch",
                "rasterFunctionArguments": {
                    "StretchType": 5, "Statistics": [[0, 127, 60, 30]] * 3, "Min": 0, "Max": 255,
                },
            },
        ),
    ],
)  # fmt: skip
@drives("arcgis-python", "raster functions: template, stretch")
def test_functions_render_as_their_rules(
    driven: Driven, engine: EngineRoom, name: str, rule: dict[str, Any]
) -> None:
    seen = driven.array(name)
    made = _made(engine, renderingRule=json.dumps(rule))
    assert_alike(seen.astype(np.uint8), made.astype(np.uint8), mean=0.5, far=0)


@drives("arcgis-python", "raster functions: local, clip, composite, band arithmetic, slope")
def test_functions_of_functions_make_what_they_say(driven: Driven, engine: EngineRoom) -> None:
    plain = _made(engine).astype(np.float64)
    seen = plain.any(axis=2)
    assert np.array_equal(driven.array("local")[seen], (plain * 4)[seen])
    assert np.array_equal(driven.array("composite"), np.concatenate([plain, plain], axis=2))
    # The area is the upper middle of the view.
    inside = np.zeros(plain.shape, bool)
    inside[:80, 80:240] = True
    assert np.array_equal(driven.array("clip"), np.where(inside, plain, 0))
    red, blue = plain[..., 0], plain[..., 2]
    total = red + blue
    ratio = np.divide(red - blue, total, out=np.zeros_like(total), where=total > 0)
    assert np.allclose(driven.array("arithmetic")[..., 0][total > 0], ratio[total > 0], atol=1e-6)
    slopes = driven.array("slope")[..., 0]
    made = _samples(engine, HEIGHTS, HILLS, renderingRule='{"rasterFunction":"Slope"}')[..., 0]
    assert np.allclose(slopes, made, atol=1e-3)


def test_the_version_is_the_one_of_the_table(driven: Driven) -> None:
    python = install()
    told = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(m.version('arcgis'))"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == wanted()["arcgis"]
