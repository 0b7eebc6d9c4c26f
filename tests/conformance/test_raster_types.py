"""Every raster type recognises by name alone, and says in a sentence what it cannot read.

Covers raster_types.raster_dataset and those to come.
"""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from engine.build.raster_record import raster_of_text, raster_to_text
from engine.errors import SourceError, SourceUnavailable, UnknownProduct
from engine.readers.header import read_header
from raster_types import RASTER_TYPES
from raster_types.adding.add import sentence
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions, Product
from server.guarded_workers import GuardedWorkers

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

# Real places, formats of every kind, and files that are wrong on purpose.
SAMPLES = (
    "01_landsat",
    "03_aerial_mosaics",
    "07_formats",
    "08_hostile",
    "04_rpc_satellite/gdal_dimap2",
    "04_rpc_satellite/gdal_vendor_md",
    "04_rpc_satellite/rpc_text_formats",
)
_names = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20)
    | st.sampled_from(["a.tif", "A.TIF", "a.tif.ovr", "a.tfw", "b.jp2", "README", ".hidden", "x."]),
    max_size=12,
    unique=True,
)


def _write(path: Path, **changes: object) -> Path:
    profile = {
        "driver": "GTiff",
        "width": 20,
        "height": 10,
        "count": 3,
        "dtype": "uint16",
        "crs": "EPSG:32633",
        "transform": rasterio.Affine(10.0, 0.0, 5e5, 0.0, -10.0, 5e6),
        **changes,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.ones((profile["count"], 10, 20), profile["dtype"]))
    return path


def _check_sentence(text: str) -> None:
    assert text == text.strip()
    assert text.endswith("."), text
    assert text[0] == text[0].upper(), text
    assert "Traceback" not in text


def _check_item(name: str, item: NewItem, paths: tuple[str, ...]) -> None:
    assert item.name
    assert item.raster.raster_type == name
    if name == "table":
        # Its rows name other files, which build reads.
        assert item.headers == ()
        assert not item.status.is_failed or item.message.endswith(".")
        return
    assert len(item.headers) in (
        {0, len(item.raster.sources)} if item.status.is_failed else {len(item.raster.sources)}
    )
    assert raster_of_text(raster_to_text(item.raster)) == item.raster
    inside = str(PurePath(paths[0]).parent)
    # The arrays of a Zarr store and assets of STAC lie beside what names them; lost links nowhere.
    is_beside = all(source.path.startswith(inside) for source in item.raster.sources)
    is_lost = name == "stac" and item.status.is_failed and not item.headers
    is_named = name in ("series", "stac") and (is_beside or is_lost)
    assert is_named or {source.path for source in item.raster.sources} <= set(paths)
    for header in item.headers:
        assert header.width > 0
        assert header.height > 0
        assert header.levels[0].width == header.width
        assert header.geotransform is None or all(map(math.isfinite, header.geotransform))
    if item.status.is_failed:
        _check_sentence(item.message)


def test_a_type_is_registered_under_its_own_name() -> None:
    assert {name: kind.name for name, kind in RASTER_TYPES.items()} == {n: n for n in RASTER_TYPES}


@pytest.mark.parametrize("name", RASTER_TYPES)
@given(names=_names)
def test_products_are_made_of_the_offered_files_each_in_one(name: str, names: list[str]) -> None:
    # Nothing of that name exists: a type that opens files to recognise them fails here.
    offered = [f"/nowhere/{each}" for each in names]
    products = list(RASTER_TYPES[name].match(offered))
    taken = [path for product in products for path in product]
    assert all(products)
    assert set(taken) <= set(offered)
    assert len(set(taken)) == len(taken)
    assert list(RASTER_TYPES[name].match(offered)) == products


@pytest.mark.parametrize("name", RASTER_TYPES)
@given(names=_names)
def test_whether_a_file_is_expected_is_told_by_its_name(name: str, names: list[str]) -> None:
    assert all(isinstance(RASTER_TYPES[name].is_expected(each), bool) for each in names)


@pytest.mark.parametrize("name", RASTER_TYPES)
@pytest.mark.parametrize("text", [b"", b"II*\0", b"<xml/>", b"\x89PNG\r\n\x1a\n", b"plain words\n"])
def test_a_file_that_is_no_raster_gives_a_source_error(
    name: str, text: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(text)
    product = Product((str(path),), read_header)
    with pytest.raises(SourceError) as caught:
        list(RASTER_TYPES[name].items(product, ItemOptions()))
    assert caught.value.fields[0] == str(path)
    _check_sentence(sentence(caught.value))


@pytest.mark.parametrize("name", RASTER_TYPES)
def test_a_file_that_went_away_is_unavailable(name: str, tmp_path: Path) -> None:
    product = Product((str(tmp_path / "gone.tif"),), read_header)
    with pytest.raises(SourceUnavailable):
        list(RASTER_TYPES[name].items(product, ItemOptions()))


def test_a_plain_raster_becomes_one_item_with_what_its_author_states(tmp_path: Path) -> None:
    path = _write(tmp_path / "scene_1.tif")
    options = ItemOptions(bands=(3, 1), no_data="7.0", valid_range=(1.0, 9.0), crs="EPSG:32634")
    (item,) = read_product(ProductJob("raster-dataset", (str(path),), options))
    _check_item("raster-dataset", item, (str(path),))
    (source,) = item.raster.sources
    assert item.name == "scene_1"
    assert (source.bands, source.no_data) == ((3, 1), "7.0")
    assert (source.valid_range, source.crs) == ((1.0, 9.0), "EPSG:32634")


def test_a_plain_raster_without_a_place_fails_in_a_sentence(tmp_path: Path) -> None:
    path = _write(tmp_path / "loose.tif", crs=None, transform=None)
    (item,) = read_product(ProductJob("raster-dataset", (str(path),), ItemOptions()))
    assert item.status.is_failed
    _check_item("raster-dataset", item, (str(path),))


def test_a_band_that_a_plain_raster_lacks_is_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "three.tif")
    job = ProductJob("raster-dataset", (str(path),), ItemOptions(bands=(4,)))
    with pytest.raises(UnknownProduct, match=r"band 4 .* 3"):
        read_product(job)


@pytest.mark.parametrize("name", RASTER_TYPES)
@pytest.mark.parametrize("folder", SAMPLES)
def test_every_real_file_is_an_item_or_a_sentence(
    name: str, folder: str, shared_data: Path
) -> None:
    offered = sorted(str(path) for path in (shared_data / folder).rglob("*") if path.is_file())
    products = list(RASTER_TYPES[name].match(offered))
    jobs = [ProductJob(name, paths, ItemOptions()) for paths in products]
    answered = 0
    with GuardedWorkers(count=2, timeout_s=30.0) as workers:
        for job, answer in workers.map(read_product, jobs):
            answered += 1
            if isinstance(answer, SourceError):
                _check_sentence(sentence(answer))
                continue
            for item in answer:
                _check_item(name, item, job.paths)
    assert answered == len(jobs)
