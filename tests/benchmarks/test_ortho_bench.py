"""The ortho benchmark, tiny: it runs, and both programs make the same picture."""

import shutil

import msgspec
import pytest

from benchmarks import ortho
from engine import helper_threads


@pytest.mark.skipif(shutil.which("gdalwarp") is None, reason="needs gdalwarp (gdal-bin)")
def test_the_ortho_benchmark_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(ortho, "RESULTS", tmp_path)
    monkeypatch.setattr(helper_threads, "THREADS", helper_threads.THREADS)
    assert ortho.main(["--tiny", "--rounds", "1"]) == 0
    lines = (tmp_path / "ortho-tiny.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=ortho.OrthoFigure) for line in lines]
    live = [figure for figure in figures if figure.asked_seconds]
    assert len(live) == 1
    assert live[0].seconds > 0
    figures.remove(live[0])
    assert [figure.program for figure in figures] == ["Swath", "gdalwarp"] * 4
    for ours, theirs in zip(figures[::2], figures[1::2], strict=True):
        assert ours.mean_difference_dn <= theirs.mean_difference_dn
        assert ours.seconds > 0
