"""The benchmark of claimed errors runs, writes what it found, and sees a claim that is exceeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from benchmarks import claimed_error
from engine.geometry import position_grid

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _figures(folder: Path) -> list[claimed_error.ClaimFigure]:
    lines = (folder / "claimed_error.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=claimed_error.ClaimFigure) for line in lines]


def test_it_runs_and_writes_a_line_an_image(shared_data: Path, tmp_path: Path) -> None:
    options = ["--only", "left_image.tif", "--kit", str(shared_data), "--results", str(tmp_path)]
    assert claimed_error.main(["--tiny", *options]) == 0
    (figure,) = _figures(tmp_path)
    assert figure.views == 5
    assert 0 < figure.true_px <= figure.claimed_px
    assert figure.machine is not None


def test_a_claim_that_is_too_small_fails_it(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(position_grid, "_MARGIN", 0.1)
    options = ["--only", "left_image.tif", "--kit", str(shared_data), "--results", str(tmp_path)]
    assert claimed_error.main(["--views", "20", *options]) == 1
    assert _figures(tmp_path)[0].exceeded


def test_without_the_kit_it_says_so(tmp_path: Path) -> None:
    options = ["--kit", str(tmp_path / "none"), "--results", str(tmp_path)]
    assert claimed_error.main(options) == 0
    assert not (tmp_path / "claimed_error.jsonl").exists()
