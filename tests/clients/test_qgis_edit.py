"""QGIS edits the footprints of a definition in either kind of catalog, and the next build keeps them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.definition_folder import DefinitionFolder
from engine.build.postgis_address import parse_address
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_OVERVIEWS = BuildOptions(overviews="none")
_DRAWN = shapely.MultiPolygon([shapely.box(500500, 4998500, 502000, 4999500)])


def _layer(definition: DefinitionFolder, catalog: str) -> tuple[str, str]:
    """Return the layer as QGIS names it, and its provider."""
    if not catalog:
        return f"{definition.catalog}|layername=footprints", "ogr"
    address = parse_address(catalog, definition.name)
    host = address.connection.partition("host=")[2].partition("&")[0]
    source = (
        f"host={host} dbname=imagery user=postgres key='OBJECTID' type=MultiPolygon srid=32633"
        f' table="{address.schema}"."footprints" (Shape)'
    )
    return source, "postgres"


@pytest.mark.parametrize("kind", ["geopackage", "postgis"])
def test_what_a_person_draws_in_qgis_survives_the_next_build(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    require_system_module: Callable[[str], Path],
) -> None:
    python = require_system_module("qgis.core")
    address = f"{request.getfixturevalue('postgis')}&schema=drawn" if kind == "postgis" else ""
    definition = DefinitionFolder.create(tmp_path / "d.isdef", catalog=address)
    data = np.full((3, 300, 300), 90, "uint8")
    raster = write_geotiff(tmp_path / "a.tif", data, place(0, 0))
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[raster]))
    build_definition(definition, _NO_OVERVIEWS)
    script = Path(__file__).with_name("qgis_edit.py")
    result = subprocess.run(
        [python, script, *_layer(definition, address), "a", _DRAWN.wkt],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "EPSG:32633"
    build_definition(definition, _NO_OVERVIEWS)
    with definition.table() as table:
        rows = list(table.rows())
    assert [row.name for row in rows] == ["a", "drawn"]
    assert rows[0].is_edited
    assert shapely.from_wkb(rows[0].wkb).equals(_DRAWN)
    assert rows[1].id == 2
