"""Ingest: `python -m benchmarks.ingest [--tiny] [--count 10000] [--rows 1000000]`.

Files: so many real cloud-optimised GeoTIFFs (512² × 3 bytes, blocks of 256, overviews) lying side by side
in a folder, through `swath definition add` and `build` without service overviews: items a second of both
together, first of the headers alone (`build --no-statistics`), then with footprints and statistics of
all pixels. Table: a CSV file and a GeoPackage of a million rasters with footprints and five fields, through
`swath definition add --type table`; seconds and peak memory, and the same again, when nothing has changed.
"""

import argparse
import csv
import shutil
import sqlite3
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from rasterio.io import MemoryFile
from rich.console import Console
from rich.table import Table

from benchmarks.authoring import Command, run_command
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.scenes import data_folder, natural_field
from engine.build import geopackage
from engine.extent import Extent
from raster_types.tables.csv_table import box_wkb

_RESULTS = Path(__file__).parent / "results"
_RECIPE = 1  # raise when files or rows change
_SIDE, _PIXEL_M, _TEXTURES = 512, 2.0, 24
_PLACE = (401_234.5, 5_301_234.5)  # of the textures as first written, found again in their bytes
LEAST_ITEMS_A_SECOND = 150.0
MOST_SECONDS, MOST_MB = 300.0, 1000.0


class IngestFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure and what was asked for; `memory_mb` is the peak of the command's main process."""

    row: str
    value: float
    unit: str
    asked: str
    met: bool
    memory_mb: float
    machine: Machine


def ensure_files(count: int) -> Path:
    """Return a folder of so many files, each at its own place, made once."""
    folder = data_folder() / f"ingest-v{_RECIPE}-{count}"
    if not folder.is_dir():
        part = folder.with_name(f"unfinished-{folder.name}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        textures = [_texture(seed) for seed in range(min(_TEXTURES, count))]
        across = int(count**0.5) or 1
        step = 0.9 * _SIDE * _PIXEL_M
        for number in range(count):
            place = (300_000 + number % across * step, 5_600_000 - number // across * step)
            data = _moved(textures[number % len(textures)], place)
            (part / f"tile_{number:06}.tif").write_bytes(data)
        part.rename(folder)
    return folder


def _texture(seed: int) -> bytes:
    field = natural_field(_SIDE, np.random.default_rng(seed))
    data = np.clip(field * 28 + 104, 1, 255).astype("uint8")
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "width": _SIDE,
        "height": _SIDE,
        "count": 3,
        "crs": "EPSG:32632",
        "transform": Affine(_PIXEL_M, 0.0, _PLACE[0], 0.0, -_PIXEL_M, _PLACE[1]),
    }
    with MemoryFile() as plain, MemoryFile() as finished:
        with plain.open(**profile) as out:
            out.write(data)
        with plain.open() as source:
            rasterio.shutil.copy(
                source, finished.name, driver="COG", compress="deflate", predictor=2, blocksize=256
            )
        return finished.read()


def _moved(data: bytes, place: tuple[float, float]) -> bytes:
    """Return a file at another place: the numbers of its tie point, nothing else, are others."""
    old = struct.pack("<2d", *_PLACE)
    if data.count(old) != 1:
        raise ValueError("the tie point is not found once in the file")
    return data.replace(old, struct.pack("<2d", *place))


def table_rows(count: int) -> Iterator[tuple[tuple[str, str, str, float, str, float], Extent]]:
    """Yield path, name, date, cloud, project and pixel size of rasters that do not exist, and their box."""
    for number in range(count):
        x, y = -120 + number % 1000 * 0.01, 30 + number // 1000 * 0.01
        name = f"scene_{number:07}"
        date = f"20{10 + number % 15:02}-{1 + number % 12:02}-{1 + number % 28:02}"
        path = f"tiles/{number // 1000:04}/{name}.tif"
        values = (path, name, date, number % 101 / 100, f"P{number % 37}", 0.3 + number % 5 / 10)
        yield values, Extent(x, y, x + 0.0105, y + 0.0105)


_COLUMNS = ("location", "name", "acquired", "cloud", "project", "gsd")


def ensure_tables(count: int) -> tuple[Path, Path]:
    """Return a CSV file and a GeoPackage of so many rows, made once."""
    folder = data_folder() / f"ingest-tables-v{_RECIPE}-{count}"
    if not folder.is_dir():
        part = folder.with_name(f"unfinished-{folder.name}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write_csv(part / "scenes.csv", count)
        _write_geopackage(part / "scenes.gpkg", count)
        part.rename(folder)
    return folder / "scenes.csv", folder / "scenes.gpkg"


def _write_csv(path: Path, count: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow((*_COLUMNS, "wkt"))
        for values, box in table_rows(count):
            a, b, c, d = box.xmin, box.ymin, box.xmax, box.ymax
            out.writerow((*values, f"POLYGON (({a} {b}, {c} {b}, {c} {d}, {a} {d}, {a} {b}))"))


def _write_geopackage(path: Path, count: int) -> None:
    db = sqlite3.connect(path)
    geopackage.create_base(db)
    db.execute(
        "CREATE TABLE scenes (fid INTEGER PRIMARY KEY, geom POLYGON, location TEXT, name TEXT,"
        " acquired DATE, cloud REAL, project TEXT, gsd REAL)"
    )
    db.execute(
        "INSERT INTO gpkg_contents(table_name, data_type, identifier, srs_id)"
        " VALUES ('scenes', 'features', 'scenes', 4326)"
    )
    db.execute("INSERT INTO gpkg_geometry_columns VALUES ('scenes', 'geom', 'POLYGON', 4326, 0, 0)")
    db.executemany(
        "INSERT INTO scenes(geom, location, name, acquired, cloud, project, gsd)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (geopackage.encode_geometry(box_wkb(b.xmin, b.ymin, b.xmax, b.ymax), 4326, b), *values)
            for values, b in table_rows(count)
        ),
    )
    db.commit()
    db.close()


def measure(count: int, rows: int, console: Console) -> list[IngestFigure]:
    """Measure all rows."""
    machine = this_machine()
    work = data_folder() / "ingest-work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    figures: list[IngestFigure] = []
    if count:
        figures += _files_figures(ensure_files(count), count, work, machine)
    for path in ensure_tables(rows) if rows else ():
        console.print(f"importing {path.name}")
        definition = str(work / f"{path.suffix[1:]}.isdef")
        run_command("create", definition)
        for again in ("", " again"):
            took = run_command("add", definition, str(path), "--type", "table")
            figures.append(
                _table_figure(f"{rows:,} rows of {path.suffix[1:]}{again}", took, machine)
            )
    shutil.rmtree(work, ignore_errors=True)
    return figures


def _files_figures(files: Path, count: int, work: Path, machine: Machine) -> list[IngestFigure]:
    definition = str(work / "files.isdef")
    run_command("create", definition)
    add = run_command("add", definition, str(files), "--type", "raster-dataset")
    headers = run_command("build", definition, "--overviews", "none", "--no-statistics")
    build = run_command("build", definition, "--overviews", "none")
    parts = (("add", add), ("build headers of", headers), ("build with statistics", build))
    own = [
        IngestFigure(
            row=f"{name} {count:,} COGs",
            value=round(count / took.seconds, 1),
            unit="items/s",
            asked="",
            met=True,
            memory_mb=round(took.memory_mb),
            machine=machine,
        )
        for name, took in parts
    ]
    rate = count / (add.seconds + headers.seconds)
    both = IngestFigure(
        row=f"add and build {count:,} COG headers",
        value=round(rate, 1),
        unit="items/s",
        asked=f"at least {LEAST_ITEMS_A_SECOND:g}",
        met=rate >= LEAST_ITEMS_A_SECOND,
        memory_mb=round(max(add.memory_mb, headers.memory_mb)),
        machine=machine,
    )
    pixels = IngestFigure(
        row=f"add and build {count:,} COGs with statistics of all pixels",
        value=round(count / (add.seconds + build.seconds), 1),
        unit="items/s",
        asked="",
        met=True,
        memory_mb=round(max(add.memory_mb, build.memory_mb)),
        machine=machine,
    )
    return [*own, both, pixels]


def _table_figure(row: str, took: Command, machine: Machine) -> IngestFigure:
    return IngestFigure(
        row=row,
        value=round(took.seconds, 1),
        unit="s",
        asked=f"at most {MOST_SECONDS:g} s and {MOST_MB:g} MB",
        met=took.seconds <= MOST_SECONDS and took.memory_mb <= MOST_MB,
        memory_mb=round(took.memory_mb),
        machine=machine,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 1 where one is not met (never with --tiny)."""
    parser = argparse.ArgumentParser(prog="benchmarks.ingest", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="few items, for a smoke test")
    parser.add_argument("--count", type=int, default=10_000, help="files, 0 = none")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of tables, 0 = none")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder of ingest.jsonl")
    options = parser.parse_args(arguments)
    console = Console()
    count, rows = (20, 500) if options.tiny else (options.count, options.rows)
    figures = measure(count, rows, console)
    append_lines(figures, options.results / "ingest.jsonl")
    table = Table(title="Ingest")
    for heading in ("row", "figure", "asked", "memory"):
        table.add_column(heading)
    for figure in figures:
        asked = f"{figure.asked} {'' if figure.met else '(not met)'}".strip()
        table.add_row(
            figure.row, f"{figure.value:g} {figure.unit}", asked, f"{figure.memory_mb:g} MB"
        )
    console.print(table)
    return 0 if options.tiny or all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
