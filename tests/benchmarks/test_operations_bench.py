"""The benchmark of JSON operations runs on a few rasters, and asks what it can of every operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import operations
from server.protocols.arcgis.operations import OPERATIONS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_every_question_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert operations.main(["--tiny", "--asked", "2", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "operations.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=operations.OperationFigure) for line in lines]
    assert {name or "root" for name in operations.QUESTIONS} <= {figure.row for figure in figures}
    assert {figure.service for figure in figures} == {"4 scenes", "300 rasters"}
    assert all(0 < figure.p50_ms <= figure.p99_ms and figure.size > 2 for figure in figures)


def test_what_is_not_asked_is_told() -> None:
    assert set(operations.left_out()) == set(OPERATIONS) - set(operations.QUESTIONS)
    assert "tile" in operations.left_out()
