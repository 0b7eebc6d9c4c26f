"""`swath compare` finds no difference between a service's ImageServer and its WMS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from server.cli import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("query", ["", "?VERSION=1.1.1"])
@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "service"])
def test_views_are_equal_by_both(server_url: str, tmp_path: Path, query: str, crs: str) -> None:
    figures = tmp_path / "figures.json"
    ran = CliRunner().invoke(
        app,
        [
            "compare",
            f"{server_url}/arcgis/rest/services/demo/hills/ImageServer",
            f"{server_url}/wms/demo/hills{query}",
            *("--views", "4", "--size", "64", "--crs", crs, "--tolerance", "0"),
            *("--max-share-differing", "0", "--max-share-one-only", "0"),
            *("--json", str(figures), "-o", str(tmp_path / "compare.html")),
        ],
    )
    assert ran.exit_code == 0, ran.output
    assert json.loads(figures.read_bytes())
