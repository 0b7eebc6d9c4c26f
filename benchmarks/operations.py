"""How long JSON takes: every operation on the 16 scenes, and a catalog of a million rasters.

`python -m benchmarks.operations [--tiny] [--count 1000000] [--asked 300]`. Over HTTP, by one plain client
on a kept-alive connection, from the request to the last byte. The server's cache of answers is off and no
ETag is sent, so every answer is made anew. Rows that look at pixels (getSamples, histograms of an area)
find their blocks decoded; the rest reads none.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.catalog import compiled_definition, ensure_definition
from benchmarks.json_lines import append_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.base import Bench, running
from benchmarks.peers.process_tree import ProcessTree, end_on_sigterm
from benchmarks.peers.swath import Swath
from benchmarks.plain_client import KeptConnection, LoadFailed
from benchmarks.rows import dataset
from benchmarks.scenes import CRS, FULL, NORTH_M, TINY, WEST_M, SceneSize
from server.protocols.arcgis.operations import OPERATIONS

_RESULTS = Path(__file__).parent / "results"
_CEILING_MS = 3.0
_ROOT_CEILING_MS = 5.0
_PAGE_CEILING_MS = 60.0
_WARM = 10

_WKID = CRS.partition(":")[2]
_X, _Y = WEST_M + 5_000.0, NORTH_M - 5_000.0
_POINT = f'{{"x":{_X},"y":{_Y},"spatialReference":{{"wkid":{_WKID}}}}}'
_BOX = f"{_X},{_Y - 2000},{_X + 2000},{_Y}"
_AREA = {"geometry": _BOX, "geometryType": "esriGeometryEnvelope"}
_IMAGE = {
    "bbox": _BOX,
    "size": "400,400",
    "bboxSR": _WKID,
    "imageSR": _WKID,
    "format": "jpg",
}
# A link to what becomes JPEG or PNG by its pixels is given when it is rendered: as long as a picture.
_JPGPNG = "exportImage, jpgpng"
_PICTURE_CEILING_MS = 10.0
_COUNT = '[{"statisticType":"count","onStatisticField":"OBJECTID","outStatisticFieldName":"n"}]'

# Parameters of each operation that answers JSON; one that is not here is named in the report.
QUESTIONS: dict[str, dict[str, str]] = {
    "": {},
    "exportImage": _IMAGE,
    "identify": {"geometry": _POINT, "geometryType": "esriGeometryPoint"},
    "query": {"where": "1=1", "outFields": "*"},
    "statistics": {},
    "histograms": {},
    "getSamples": {"geometry": _POINT, "geometryType": "esriGeometryPoint"},
    "computeHistograms": {**_AREA, "pixelSize": "20,20"},
    "computeStatisticsHistograms": {**_AREA, "pixelSize": "20,20"},
    "colormap": {},
    "rasterAttributeTable": {},
    "keyProperties": {},
    "rasterFunctionInfos": {},
    "legend": {},
    "explain": _IMAGE,
    "info": {},
    "project": {"geometries": f"{_X},{_Y}", "inSR": _WKID, "outSR": "4326"},
    "computePixelLocation": {
        "rasterId": "1",
        "geometries": f'{{"geometryType":"esriGeometryPoint","geometries":[{_POINT}]}}',
        "spatialReference": _WKID,
    },
    "computeAngles": {"rasterId": "1", "angleName": "North,Up"},
    "imageToMap": {
        "rasterId": "1",
        "geometry": '{"x":9,"y":9}',
        "geometryType": "esriGeometryPoint",
    },
    "mapToImage": {"rasterId": "1", "geometry": _POINT, "geometryType": "esriGeometryPoint"},
    "measure": {
        "fromGeometry": _POINT,
        "geometryType": "esriGeometryPoint",
        "measureOperation": "esriMensurationPoint",
    },
    "find": {"toGeometry": _POINT},
    "queryBoundary": {},
    "queryGPSInfo": {},
    "validate": {
        "mosaicRule": '{"mosaicMethod":"esriMosaicCenter","where":"Category = 1"}',
        "renderingRule": '{"rasterFunction":"Stretch"}',
    },
    "info/metadata": {},
    "measureFromImage": {"rasterId": "1", "fromGeometry": '{"paths":[[[9,-9],[90,-90]]]}'},
    "{rasterId}": {},
    "{rasterId}/info": {},
    "{rasterId}/info/ics": {},
    "{rasterId}/info/keyProperties": {},
    "{rasterId}/info/metadata": {},
    "{rasterId}/info/rasterAttributeTable": {},
    "{rasterId}/image": _IMAGE,
}
_FURTHER = {
    _JPGPNG: ("exportImage", {**_IMAGE, "format": "jpgpng"}),
    "measure, an area": (
        "measure",
        {"fromGeometry": _BOX, "measureOperation": "esriMensurationAreaAndPerimeter"},
    ),
    "query, count": ("query", {"where": "1=1", "returnCountOnly": "true"}),
    "query, statistics": ("query", {"outStatistics": _COUNT}),
    "query, within a box": ("query", {**_AREA, "outFields": "*"}),
}
_MILLION = {
    "1,000 rows, where on dates": {
        "where": "AcqDate BETWEEN DATE '2020-02-01' AND DATE '2020-02-10'"
    },
    "1,000 rows, where on names": {"where": "Name LIKE 'scene-012%'"},
    "1,000 rows, where without an index": {"where": "Category = 1 AND CenterX > 0"},
    "1,000 rows, page 500": {"where": "1=1", "resultOffset": "499000"},
    "1,000 rows within a box": {
        "geometry": "0,4000000,2000000,5000000",
        "geometryType": "esriGeometryEnvelope",
    },
    "1,000 rows within a polygon": {
        "geometry": '{"rings":[[[0,4000000],[1000000,6000000],[2000000,4000000],[0,4000000]]]}',
        "geometryType": "esriGeometryPolygon",
    },
    "1,000 rows, where and box": {
        "where": "Category = 1",
        "geometry": "0,4000000,2000000,5000000",
        "geometryType": "esriGeometryEnvelope",
    },
    "1,000 rows within a box, outSR 4326": {
        "geometry": "0,4000000,2000000,5000000",
        "geometryType": "esriGeometryEnvelope",
        "outSR": "4326",
    },
}


class OperationFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: milliseconds of its requests, and the ceiling of their median.

    Attributes
    ----------
    cpu_ms : float
        Of all processes of the server, a request: what stays the same on a busy machine.
    """

    row: str
    service: str
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    asked_ms: float
    met: bool
    size: int
    requests: int
    machine: Machine


class _Rows(msgspec.Struct):
    """What is asked of one service: row, address, ceiling."""

    service: str
    addresses: list[tuple[str, str, float]] = []

    def add(self, row: str, url: str, asked: tuple[str, dict[str, str]], ceiling_ms: float) -> None:
        path, parameters = asked
        separator = "/" if path else ""
        address = f"{url}{separator}{path.replace('{rasterId}', '1')}"
        query = urlencode({**parameters, "f": "json"})
        self.addresses.append((row, f"{address}?{query}", ceiling_ms))


def left_out() -> list[str]:
    """Return the operations that have no question here: they give pixels, or are new."""
    return [name for name in OPERATIONS if name not in QUESTIONS]


def _small_rows(url: str, scenes: int) -> _Rows:
    rows = _Rows(f"{scenes} scenes")
    for name, parameters in QUESTIONS.items():
        rows.add(name or "root", url, (name, parameters), _CEILING_MS)
    for row, asked in _FURTHER.items():
        rows.add(row, url, asked, _PICTURE_CEILING_MS if row == _JPGPNG else _CEILING_MS)
    return rows


def _large_rows(url: str, count: int) -> _Rows:
    rows = _Rows(f"{count:,} rasters")
    rows.add("root", url, ("", {}), _ROOT_CEILING_MS)
    for row, parameters in _MILLION.items():
        asked = {"outFields": "*", "returnGeometry": "true", **parameters}
        rows.add(row, url, ("query", asked), _PAGE_CEILING_MS)
    return rows


def _figures(
    rows: _Rows, requests: int, machine: Machine, server: ProcessTree
) -> Iterator[OperationFigure]:
    with KeptConnection(rows.addresses[0][1]) as connection:
        for row, url, ceiling in rows.addresses:
            for _ in range(_WARM):
                body = connection.get(url)
            if b'"error":' in body[:20]:
                raise LoadFailed(f"{url}: {body[:500]!r}; an answer is needed")
            times = []
            before = _cpu_s(server)
            for _ in range(requests if ceiling < _PAGE_CEILING_MS else max(3, requests // 5)):
                started = time.perf_counter()
                body = connection.get(url)
                times.append((time.perf_counter() - started) * 1e3)
            cpu_ms = (_cpu_s(server) - before) * 1e3 / len(times)
            p50 = statistics.median(times)
            yield OperationFigure(
                row=row,
                service=rows.service,
                p50_ms=round(p50, 3),
                p99_ms=round(sorted(times)[min(len(times) - 1, int(len(times) * 0.99))], 3),
                cpu_ms=round(cpu_ms, 2),
                asked_ms=ceiling,
                met=p50 <= ceiling,
                size=len(body),
                requests=len(times),
                machine=machine,
            )


def measure(
    size: SceneSize, count: int, requests: int, console: Console
) -> Iterator[OperationFigure]:
    """Yield the figure of each row."""
    machine = this_machine()
    data = dataset(size)
    folder = _RESULTS / f"operations-{size.folder}"
    folder.mkdir(parents=True, exist_ok=True)
    peer = Swath()
    peer.prepare(Bench(folder, data))
    definition = ensure_definition(count, list(data.mosaic), console)
    million = compiled_definition(definition, console)
    data_folder = str(folder / "swath" / "data")
    peer.run("publish", str(million), "--name", "bench/million", "--data", data_folder)
    small = _small_rows(peer.service_url("mosaic"), len(data.mosaic))
    large = _large_rows(peer.service_url("million"), count)
    with running(peer) as server:
        yield from _figures(small, requests, machine, server)
        yield from _figures(large, requests, machine, server)


def _cpu_s(server: ProcessTree) -> float:
    """Return what the processes of a server have taken of processors so far."""
    ticks = 0
    for pid in server.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _table(figures: Sequence[OperationFigure]) -> Table:
    table = Table(title="JSON over HTTP, cache of answers off, without ETags")
    for column in ("service", "row", "p50 ms", "p99 ms", "CPU ms", "asked", "bytes", ""):
        table.add_column(column)
    for figure in figures:
        table.add_row(
            figure.service,
            figure.row,
            f"{figure.p50_ms:.2f}",
            f"{figure.p99_ms:.2f}",
            f"{figure.cpu_ms:.2f}",
            f"≤ {figure.asked_ms:g}",
            f"{figure.size:,}",
            "met" if figure.met else "[red]missed[/red]",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 when a median misses its ceiling."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiny", action="store_true", help="few rasters, to see that it runs")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--asked", type=int, default=300, help="requests a row")
    parser.add_argument("--results", type=Path, default=_RESULTS)
    chosen = parser.parse_args(arguments)
    console = Console()
    size, count = (TINY, 300) if chosen.tiny else (FULL, chosen.count)
    figures = list(measure(size, count, chosen.asked, console))
    console.print(_table(figures))
    console.print("not asked here: " + ", ".join(left_out()))
    append_lines(figures, chosen.results / "operations.jsonl")
    return 0 if chosen.tiny or all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
