"""The benchmark of WMS runs on a few rasters, and its maps equal what exportImage gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import wms

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_map_equals_its_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert wms.main(["--tiny", "--rounds", "1", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "wms.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=wms.WmsFigure) for line in lines]
    assert [figure.row for figure in figures] == [
        *("800 × 600 jpg", "800 × 600 png", "256 × 256 jpg", "256 × 256 png"),
    ]
    assert all(figure.pairs == 4 and figure.ratio > 0 for figure in figures)
