"""The ingest benchmark runs from end to end with a few items, so that it never rots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import ingest

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_tiny_ingest_writes_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert ingest.main(["--tiny", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "ingest.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=ingest.IngestFigure) for line in lines]
    rows = {figure.row for figure in figures}
    assert {"add and build 20 COG headers", "500 rows of csv", "500 rows of gpkg again"} <= rows
    assert all(figure.value > 0 and figure.memory_mb > 1 for figure in figures)
