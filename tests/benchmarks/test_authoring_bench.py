"""The authoring benchmark runs from end to end with a few items, so that it never rots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import authoring

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_tiny_authoring_writes_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert authoring.main(["--tiny", "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "authoring.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=authoring.AuthoringFigure) for line in lines]
    assert {"one scene added and built in", "compile", "validate"} <= {f.row for f in figures}
    assert all(figure.value > 0 and figure.memory_mb > 1 for figure in figures)
