"""The benchmark of catalogs runs from end to end with a few items, so that it never rots.

Covers benchmarks.catalogs and benchmarks.catalog_rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import catalogs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_tiny_catalogs_write_their_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgis: str
) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert catalogs.main(["--tiny", "--postgis", postgis, "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "catalogs.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=catalogs.CatalogFigure) for line in lines]
    assert len(figures) == 14
    assert {figure.catalog for figure in figures} == {"GeoPackage", "PostGIS"}
    assert all(figure.seconds > 0 for figure in figures if figure.memory_mb)
