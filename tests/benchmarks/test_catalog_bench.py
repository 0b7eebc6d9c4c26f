"""The catalog benchmark runs from end to end with a few items, so that it never rots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import catalog

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_tiny_catalog_writes_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert catalog.main(["--tiny", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "catalog.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=catalog.CatalogFigure) for line in lines]
    assert {"open", "compile", "tile cost, all / few"} <= {figure.row for figure in figures}
    assert all(figure.value > 0 for figure in figures if figure.unit == "ms")
