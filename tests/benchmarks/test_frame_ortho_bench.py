"""The benchmark of frame orthos, tiny: it runs, and both programs make the same picture in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio

from benchmarks import frame_ortho
from benchmarks.peers import orthority
from engine import helper_threads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not orthority.is_installed(), reason="Orthority's environment is not made here")
def test_both_programs_make_the_same_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_ortho, "RESULTS", tmp_path)
    monkeypatch.setattr(helper_threads, "THREADS", helper_threads.THREADS)
    assert frame_ortho.main(["--tiny", "--rounds", "1"]) == 0
    lines = (tmp_path / "frame-ortho-tiny.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=frame_ortho.FrameFigure) for line in lines]
    assert [figure.program.split()[0] for figure in figures] == ["Swath", "Orthority"] * 2
    for figure in figures:
        assert figure.correlation > 0.999
        assert figure.shift_px == (0, 0)
        assert abs(figure.size[0] - 400) <= 2
        assert figure.seconds > 0 or figure.program != "Swath"


def test_a_shifted_picture_is_told(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    samples = random.integers(1, 1000, (40, 50)).astype(np.uint16)
    for name, moved in (("a", samples), ("b", np.roll(samples, (1, -2), (0, 1)))):
        profile = {"driver": "GTiff", "width": 50, "height": 40, "count": 1, "dtype": "uint16"}
        place = rasterio.Affine(1, 0, 0, 0, -1, 40)
        with rasterio.open(tmp_path / f"{name}.tif", "w", **profile, transform=place) as file:
            file.write(moved, 1)
    correlation, shift, _ = frame_ortho.alike(tmp_path / "a.tif", tmp_path / "b.tif")
    assert correlation > 0.9999
    assert shift == (1, -2)
