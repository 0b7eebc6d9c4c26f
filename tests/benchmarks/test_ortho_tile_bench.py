"""The benchmark of ortho tiles, tiny: it runs, at every relief, for new tiles and for those seen before."""

import msgspec

from benchmarks import ortho_tile
from engine import helper_threads


def test_the_benchmark_of_ortho_tiles_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(ortho_tile, "RESULTS", tmp_path)
    monkeypatch.setattr(helper_threads, "THREADS", helper_threads.THREADS)
    assert ortho_tile.main(["--tiny", "--rounds", "1"]) == 0
    lines = (tmp_path / "ortho-tile-tiny.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=ortho_tile.OrthoTileFigure) for line in lines]
    assert len(figures) == 2 * len(ortho_tile.RELIEFS_M)
    assert all(figure.plain_ms > 0 and figure.ortho_ms > 0 for figure in figures)
    assert all(figure.step_px for figure in figures)
