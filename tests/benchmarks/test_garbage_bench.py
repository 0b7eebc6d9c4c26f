"""The row of the garbage folder counts what became of the files."""

from pathlib import Path

from benchmarks.garbage import add_whole
from tests.synthetic import ramp, write_geotiff


def test_it_counts_items_failures_and_files_that_are_no_rasters(tmp_path: Path) -> None:
    write_geotiff(tmp_path / "good.tif", ramp(16, 16))
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    (tmp_path / "words").write_text("no raster and no claim to be one")
    row = add_whole([tmp_path])
    assert (row["exit_code"], row["items"], row["failed"], row["no_rasters"]) == (0, 1, 1, 1)
    assert row["peak_proportional_mb"] > 10
    assert row["peak_resident_mb"] >= row["peak_proportional_mb"]
