"""VRTs are read by Swath, element by element; what is not understood is refused by its name.

Covers raster_types.tables.vrt_document, raster_types.tables.vrt_table, raster_types.tables.xml_file,
raster_types.tables.mrf_proxy and raster_types.tables.open_table.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus
from engine.errors import ConfigError
from engine.function_rules import GainOffsetRule
from tests.raster_types.definitions import add_tables, primaries_by_name
from tests.synthetic import place, ramp, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_HEAD = '<VRTDataset rasterXSize="40" rasterYSize="20"><SRS>EPSG:32633</SRS>'
_PLACE = "<GeoTransform>500000, 10, 0, 5000000, 0, -10</GeoTransform>"


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef")


def _build(folder: DefinitionFolder) -> None:
    build_definition(folder, BuildOptions(overviews="none"))


def _source(file: str, band: int = 1, to: int = 0, more: str = "", kind: str = "Simple") -> str:
    return (
        f'<{kind}Source><SourceFilename relativeToVRT="1">{file}</SourceFilename>'
        f"<SourceBand>{band}</SourceBand>"
        '<SourceProperties RasterXSize="20" RasterYSize="20" DataType="Byte"/>'
        '<SrcRect xOff="0" yOff="0" xSize="20" ySize="20"/>'
        f'<DstRect xOff="{to}" yOff="0" xSize="20" ySize="20"/>{more}</{kind}Source>'
    )


def _write(path: Path, *bands: str, inside: str = "") -> Path:
    texts = (
        f'<VRTRasterBand dataType="Byte" band="{number}">{band}</VRTRasterBand>'
        for number, band in enumerate(bands, 1)
    )
    path.write_text(f"{_HEAD}{_PLACE}{inside}{''.join(texts)}</VRTDataset>")
    return path


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    for name in "ab":
        write_geotiff(tmp_path / f"{name}.tif", ramp(20, 20, 3), place(0.0, 0.0))
    return tmp_path


def test_a_mosaic_gives_an_item_for_each_place_with_the_last_on_top(
    folder: DefinitionFolder, tiles: Path
) -> None:
    bands = [
        f"<NoDataValue>0</NoDataValue>{_source('a.tif', n)}{_source('b.tif', n, 20)}"
        for n in (3, 1)
    ]
    assert add_tables(folder, _write(tiles / "m.vrt", *bands)).added == 2
    rows = primaries_by_name(folder)
    source = rows["b"].raster.sources[0]
    assert (source.bands, source.no_data, source.crs) == ((3, 1), "0.0", "EPSG:32633")
    assert source.geotransform == (500_200.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)
    assert rows["b"].attributes["ZOrder"] < rows["a"].attributes["ZOrder"]
    _build(folder)
    built = primaries_by_name(folder)
    assert built["b"].status is ItemStatus.READY
    # Where the VRT puts it, not where the file says.
    assert built["b"].attributes["CenterX"] == pytest.approx(500_300.0)
    assert built["b"].headers[0].geotransform == source.geotransform


def test_files_of_single_bands_become_one_item(folder: DefinitionFolder, tiles: Path) -> None:
    path = _write(tiles / "s.vrt", _source("b.tif", 2), _source("a.tif", 1))
    assert add_tables(folder, path).added == 1
    (row,) = primaries_by_name(folder).values()
    assert row.name == "s"
    found = [(source.path, source.bands) for source in row.raster.sources]
    assert found == [(str(tiles / "b.tif"), (2,)), (str(tiles / "a.tif"), (1,))]
    _build(folder)
    assert primaries_by_name(folder)["s"].status is ItemStatus.READY


def test_scaled_values_become_a_process(folder: DefinitionFolder, tiles: Path) -> None:
    scale = "<ScaleOffset>5</ScaleOffset><ScaleRatio>2</ScaleRatio><NODATA>9</NODATA>"
    bands = [_source("a.tif", n, 0, scale, "Complex") for n in (1, 2)]
    add_tables(folder, _write(tiles / "v.vrt", *bands))
    raster = primaries_by_name(folder)["v"].raster
    assert raster.process is not None
    (process,) = raster.process.rasters[0].process_chain
    assert process.arguments == GainOffsetRule(gains=(2.0, 2.0), offsets=(5.0, 5.0))
    assert raster.process.rasters[0].source == str(tiles / "a.tif")
    assert raster.sources[0].no_data == "9.0"
    _build(folder)
    row = primaries_by_name(folder)["v"]
    assert row.status is ItemStatus.READY
    assert row.headers[0].geotransform == (500_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0)


@pytest.mark.parametrize(
    ("inside", "band", "name"),
    [
        ("<GCPList/>", "", "<GCPList>"),
        ("", "<PixelFunctionType>sum</PixelFunctionType>", "<PixelFunctionType>"),
        ("", _source("a.tif", more="<LUT>0:0,255:1</LUT>", kind="Complex"), "<LUT>"),
        ("", _source("a.tif", more="<OpenOptions/>"), "<OpenOptions>"),
        ("", _source("a.tif", kind="KernelFiltered"), "<KernelFilteredSource>"),
        ("", _source("a.tif").replace("<SourceBand>1", "<SourceBand>mask,1"), "<SourceBand>mask,1"),
        ("<Anything/>", "", "<Anything>"),
    ],
)
def test_what_is_not_understood_is_refused_by_its_name(
    folder: DefinitionFolder, tiles: Path, inside: str, band: str, name: str
) -> None:
    path = _write(tiles / "x.vrt", band or _source("a.tif"), inside=inside)
    with pytest.raises(ConfigError, match=name):
        add_tables(folder, path)
    assert primaries_by_name(folder) == {}


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><VRTDataset/>',
        "<VRTDataset",
        '<VRTDataset rasterXSize="nan" rasterYSize="1"/>',
        '<VRTDataset subClass="VRTWarpedDataset" rasterXSize="1" rasterYSize="1"/>',
        '<VRTDataset rasterXSize="1" rasterYSize="1"/>',
        "<other/>",
    ],
)
def test_bad_documents_are_refused(folder: DefinitionFolder, tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.vrt"
    path.write_text(text)
    with pytest.raises(ConfigError):
        add_tables(folder, path)


@pytest.mark.parametrize(
    "file", ["../secret.tif", "/etc/passwd", "/vsicurl/https://x/y.tif", "NETCDF:a.nc:v", "a\n.tif"]
)
def test_sources_outside_the_folder_or_of_other_kinds_are_failed_items(
    folder: DefinitionFolder, tiles: Path, file: str
) -> None:
    report = add_tables(folder, _write(tiles / "m.vrt", _source(file)))
    assert len(report.failed) == 1
    (row,) = primaries_by_name(folder).values()
    assert row.status is ItemStatus.NOT_SUPPORTED
    assert "--rewrite" in row.message


def test_a_folder_that_is_named_counts_as_the_mosaics_own(
    folder: DefinitionFolder, tiles: Path
) -> None:
    deep = tiles / "deep"
    deep.mkdir()
    path = _write(deep / "m.vrt", _source("../a.tif"))
    assert len(add_tables(folder, path).failed) == 1
    report = add_tables(folder, path, rewrite=((f"{tiles}/", f"{tiles}/"),))
    assert (report.changed, report.failed) == (1, [])


@pytest.mark.parametrize(
    ("name", "items"), [("ngi_mosaic_rgb_byte.vrt", 4), ("landsat8_byte.vrt", 1)]
)
def test_mosaics_of_the_kit_lie_where_gdal_puts_them(
    folder: DefinitionFolder, shared_data: Path, name: str, items: int
) -> None:
    path = shared_data / "03_aerial_mosaics/ngi_ortho" / name
    assert add_tables(folder, path).added == items
    _build(folder)
    rows = primaries_by_name(folder)
    assert {row.status for row in rows.values()} == {ItemStatus.READY}
    for row in rows.values():
        source = row.raster.sources[0]
        with rasterio.open(source.path) as file:
            assert source.geotransform is not None
            own = np.array(file.transform.to_gdal())
            # A VRT counts in whole pixels of its own: it may be off by a part of one.
            assert np.abs(np.array(source.geotransform) - own).max() < file.transform.a / 2 or (
                items == 1
            )


def test_what_gdalbuildvrt_writes_is_understood(
    folder: DefinitionFolder, tiles: Path, require_program: Callable[[str], Path]
) -> None:
    program = require_program("gdalbuildvrt")
    for name in "ab":
        write_geotiff(
            tiles / f"{name}.tif",
            ramp(20, 20, 3),
            place(200.0 if name == "b" else 0.0, 0.0),
            mask=np.ones((20, 20), np.bool_),
        )
    subprocess.run([program, "-q", "m.vrt", "a.tif", "b.tif"], cwd=tiles, check=True)
    assert add_tables(folder, tiles / "m.vrt").added == 2
    _build(folder)
    assert {row.status for row in primaries_by_name(folder).values()} == {ItemStatus.READY}


@pytest.mark.parametrize("kind", ["idontexist.vrt", "empty_gcplist.vrt"])
def test_hostile_mosaics_of_the_kit_bring_nothing_that_is_served(
    folder: DefinitionFolder, shared_data: Path, kind: str
) -> None:
    path = shared_data / "08_hostile/gtiff" / kind
    if kind == "empty_gcplist.vrt":
        with pytest.raises(ConfigError, match="<GCPList>"):
            add_tables(folder, path)
    else:
        add_tables(folder, path)
    with pytest.raises(ConfigError, match="no raster"):
        _build(folder)


# MRF


def _mrf(path: Path, inside: str = "", size: str = 'x="20" y="20"') -> Path:
    path.write_text(
        f'<MRF_META>{inside}<Raster><Size {size} c="1"/><PageSize x="512" y="512" c="1"/>'
        "<Compression>LERC</Compression></Raster></MRF_META>"
    )
    return path


def test_a_raster_proxy_stands_for_the_file_that_it_caches(
    folder: DefinitionFolder, tiles: Path
) -> None:
    path = _mrf(tiles / "p.mrf", "<CachedSource><Source>a.tif</Source></CachedSource>")
    add_tables(folder, path)
    assert primaries_by_name(folder)["p"].raster.sources[0].path == str(tiles / "a.tif")
    _build(folder)
    assert primaries_by_name(folder)["p"].status is ItemStatus.READY


def test_a_proxy_of_a_file_elsewhere_fails_until_it_is_mapped(
    folder: DefinitionFolder, tiles: Path
) -> None:
    source = "<CachedSource><Source>/vsis3/bucket/a.tif</Source></CachedSource>"
    path = _mrf(tiles / "p.mrf", source)
    assert len(add_tables(folder, path).failed) == 1
    add_tables(folder, path, rewrite=(("/vsis3/bucket/", f"{tiles}/"),))
    assert str(tiles / "a.tif") in {
        row.raster.sources[0].path for row in primaries_by_name(folder).values()
    }


@pytest.mark.parametrize(
    ("inside", "size"),
    [
        ("<CachedSource><Source/></CachedSource>", 'x="1" y="1"'),
        ("", 'x="0" y="1"'),
        ("", 'x="9999999" y="1"'),
    ],
)
def test_bad_mrf_headers_are_refused(
    folder: DefinitionFolder, tmp_path: Path, inside: str, size: str
) -> None:
    with pytest.raises(ConfigError):
        add_tables(folder, _mrf(tmp_path / "p.mrf", inside, size))


@pytest.mark.parametrize("kind", ["deflate", "jpeg", "lerc", "none", "png"])
def test_mrf_files_of_the_kit_come_in_themselves(
    folder: DefinitionFolder, shared_data: Path, kind: str
) -> None:
    add_tables(folder, shared_data / f"07_formats/mrf/{kind}/byte.mrf")
    _build(folder)
    assert primaries_by_name(folder)["byte"].status is ItemStatus.READY
