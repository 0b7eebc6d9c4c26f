"""Hold the error that position grids claim against the true one, for every image of the kit.

`python -m benchmarks.claimed_error [--views 1000] [--only NAME] [--tiny]`: random views of every image: maps, pixel
sizes from a quarter to 64 of the image's own, phases, tolerances, and terrain (the kit's, level, and rough
with voids). In each, the exact transform is worked out at pixel centres that are drawn, in the quad
where the worst of them lies, and in some views at all. The exit status is 1 where a claim is exceeded.
"""

import argparse
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.compare import RESULTS
from benchmarks.json_lines import append_lines
from benchmarks.kit_images import KIT, MapImage, Place, SensorImage, map_images, sensor_images
from benchmarks.machine import Machine, this_machine
from engine.geometry.locator import Locator, MapLocator
from engine.geometry.node_cache import NodeCache
from engine.geometry.ortho_locator import OrthoLocator
from engine.geometry.position_grid import NodeGrid, cell_nodes, cell_window
from engine.geometry.projection import LONLAT, MERCATOR
from engine.target_grid import CELL, Lattice, tile_origin

Floats = NDArray[np.float64]
Image = MapImage | SensorImage

_DRAWN = 1500
_EVERY_PIXEL_IN = 50
_TOLERANCES = (0.125, 0.125, 0.125, 0.5, 0.02)
_SIZES_LOG2 = (-2.0, 6.0)
# Views that show nothing are drawn again.
_MOST_DRAWS = 8
# Shorter by longer side of an output pixel in the image.
_LEAST_SHAPE = 1e-6


class ClaimFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One image: how many views, what was claimed at most, what was true at most.

    Attributes
    ----------
    worst_ratio : float
        Largest true error as a part of what was claimed in that view.
    steps : dict
        Views by the step that was chosen, in output pixels.
    exceeded : list of int
        Numbers of the views in which more was true than claimed.
    copies : int
        Other images of the kit on the same pixels.
    """

    image: str
    kind: str
    copies: int
    views: int
    pixels: int
    claimed_px: float
    true_px: float
    worst_ratio: float
    steps: dict[int, int]
    exceeded: list[int]
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One world cell of one image."""

    place: Place
    lattice: Lattice
    cell: tuple[int, int]
    tolerance_px: float


@dataclass(slots=True)
class Tally:
    """What was seen of one image so far."""

    views: int = 0
    pixels: int = 0
    claimed_px: float = 0.0
    true_px: float = 0.0
    worst_ratio: float = 0.0
    steps: Counter[int] = field(default_factory=Counter)
    exceeded: list[int] = field(default_factory=list)


def measure(image: Image, views: int) -> ClaimFigure:
    """Compare claims with the truth in so many views of an image."""
    tally, places = Tally(), {}
    maps = maps_of(image)
    for number in range(views * _MOST_DRAWS):
        if tally.views == views:
            break
        random = np.random.default_rng([zlib.crc32(image.name.encode()), number])
        key = number % image.variants, maps[random.integers(len(maps))]
        if key not in places:
            places[key] = image.place(*key)
        if places[key] is not None:
            _look(tally, number, draw_view(places[key], key[1], random), random)
    return ClaimFigure(
        image=image.name,
        kind=image.kind,
        copies=len(image.copies) if isinstance(image, MapImage) else 0,
        views=tally.views,
        pixels=tally.pixels,
        claimed_px=tally.claimed_px,
        true_px=tally.true_px,
        worst_ratio=tally.worst_ratio,
        steps=dict(sorted(tally.steps.items())),
        exceeded=tally.exceeded,
    )


def maps_of(image: Image) -> list[str]:
    """Return the CRSs to show an image in: Web Mercator, longitude and latitude, UTM, and its own."""
    area = image.area_lonlat
    if area is None:
        return [image.crs]
    zone = int((area.center_x + 180) // 6) % 60 + 1
    return [MERCATOR, LONLAT, f"EPSG:{32600 + (100 if area.center_y < 0 else 0) + zone}", image.crs]


def draw_view(place: Place, crs: str, random: np.random.Generator) -> View:
    """Return a random cell in or near an image."""
    pixel = 2 ** random.uniform(*_SIZES_LOG2) / place.pixels_per_unit
    phase = random.random(2) if random.random() < 0.5 else np.zeros(2)
    origin = tile_origin(crs)
    lattice = Lattice(crs, pixel, pixel, *map(float, phase), *origin)
    box = place.box
    x, y = random.uniform(
        (box.xmin - 0.05 * box.width, box.ymin - 0.05 * box.height),
        (box.xmax + 0.05 * box.width, box.ymax + 0.05 * box.height),
    )
    cell = int((x - origin[0]) / pixel // CELL), int((origin[1] - y) / pixel // CELL)
    return View(place, lattice, cell, _TOLERANCES[random.integers(len(_TOLERANCES))])


def _look(tally: Tally, number: int, view: View, random: np.random.Generator) -> None:
    """Add what one view shows; nothing where it shows nothing."""
    window = cell_window(view.lattice, *view.cell, view.place.box)
    cols, rows = window.col_stop - window.col_start, window.row_stop - window.row_start
    if min(cols, rows) <= 0:
        return
    asked = (view.place.locator, view.lattice, view.cell, view.tolerance_px, window)
    # By itself, or as servers do together with its neighbours.
    nodes = cell_nodes(*asked) if random.random() < 0.5 else NodeCache().get(*asked)
    if tally.views % _EVERY_PIXEL_IN == 0:
        row, col = (values.ravel() for values in np.mgrid[0:rows, 0:cols])
    else:
        row, col = random.integers(0, rows, _DRAWN), random.integers(0, cols, _DRAWN)
    usable = nodes.quads[row // nodes.step, col // nodes.step] > 0
    row, col = row[usable], col[usable]
    if row.size == 0:
        return
    errors = true_errors_px(view, nodes, row, col)
    worst = int(errors.argmax())
    step = nodes.step
    inside = np.arange(step**2) if step**2 <= _DRAWN else random.integers(0, step**2, _DRAWN // 2)
    corner = row[worst] // step * step, col[worst] // step * step
    quad = corner[0] + inside // step, corner[1] + inside % step
    true_px = max(float(errors[worst]), float(true_errors_px(view, nodes, *quad).max()))
    tally.views += 1
    tally.pixels += row.size + inside.size
    tally.steps[step] += 1
    tally.claimed_px = max(tally.claimed_px, nodes.error_px)
    tally.true_px = max(tally.true_px, true_px)
    tally.worst_ratio = max(tally.worst_ratio, true_px / nodes.error_px)
    if not true_px <= nodes.error_px:
        tally.exceeded.append(number)


def true_errors_px(view: View, nodes: NodeGrid, row: Floats, col: Floats) -> Floats:
    """Return how far interpolated positions are from exact ones.

    Parameters
    ----------
    row, col : int (n,)
        Pixels of the nodes' window.

    Returns
    -------
    float64 (n,)
        In output pixels: of the shorter side of one as it lies in the image there. Infinite where the exact
        position is not defined.
    """
    step, lattice = nodes.step, view.lattice
    i, j = row // step, col // step
    v, u = (row - i * step) / step, (col - j * step) / step
    found, sides = [], [0.0, 0.0]
    for values in (nodes.x, nodes.y):
        nw, ne, sw, se = values[i, j], values[i, j + 1], values[i + 1, j], values[i + 1, j + 1]
        found.append((nw * (1 - u) + ne * u) * (1 - v) + (sw * (1 - u) + se * u) * v)
        sides = [sides[0] + (ne - nw) ** 2, sides[1] + (sw - nw) ** 2]
    start_col = view.cell[0] * CELL + nodes.window.col_start + lattice.phase_x + 0.5
    start_row = view.cell[1] * CELL + nodes.window.row_start + lattice.phase_y + 0.5
    x = lattice.origin_x + (start_col + col) * lattice.pixel_x
    y = lattice.origin_y - (start_row + row) * lattice.pixel_y
    exact_x, exact_y = exact(view.place.locator, x, y, lattice)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.hypot(found[0] - exact_x, found[1] - exact_y)
        errors = off / (np.sqrt(np.minimum(*sides)) / step)
    errors = np.where(np.isnan(errors), np.inf, errors)
    # What is squeezed to nothing, as where Web Mercator nears the poles, cannot be missed.
    errors[np.minimum(*sides) <= _LEAST_SHAPE**2 * np.maximum(*sides)] = 0.0
    return errors


def exact(locator: Locator, x: Floats, y: Floats, lattice: Lattice) -> tuple[Floats, Floats]:
    """Return each point's own position: projections, terrain and sensor model without any grid."""
    if isinstance(locator, MapLocator):
        return locator.locate(x, y, lattice)[:2]
    assert isinstance(locator, OrthoLocator)
    ground_x, ground_y, _ = locator.to_ground.locate(x, y, lattice)
    terrain_x, terrain_y, _ = locator.to_terrain.locate(x, y, lattice)
    size = lattice.pixel_x * locator.terrain_scale
    heights = locator.terrain.heights(terrain_x, terrain_y, size)
    return locator.chain.ground_to_source(ground_x, ground_y, heights)


def show(figures: Sequence[ClaimFigure], console: Console) -> None:
    """Print the table and the count of the list."""
    table = Table(title="Position grids: claimed and true error, in output pixels")
    for name in ("image", "kind", "views", "claimed ≤", "true ≤", "true / claimed ≤", "steps"):
        table.add_column(name, overflow="fold")
    for figure in figures:
        copies = f" (and {figure.copies} on the same pixels)" if figure.copies else ""
        steps = " ".join(f"{step}:{count}" for step, count in figure.steps.items())
        table.add_row(
            f"{figure.image}{copies}",
            figure.kind,
            str(figure.views),
            f"{figure.claimed_px:.5f}",
            f"{figure.true_px:.5f}",
            f"{figure.worst_ratio:.3f}" + (" EXCEEDED" if figure.exceeded else ""),
            steps,
        )
    console.print(table)
    kinds = Counter(figure.kind for figure in figures)
    console.print(
        f"{len(figures)} images ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}; "
        f"{sum(figure.copies for figure in figures)} more on the same pixels), "
        f"{sum(figure.views for figure in figures)} views, "
        f"{sum(figure.pixels for figure in figures)} pixels; "
        f"claims exceeded in {sum(len(figure.exceeded) for figure in figures)} views"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claimed_error", description=__doc__)
    parser.add_argument("--views", type=int, default=1000, help="of each image")
    parser.add_argument("--only", default="", help="images with this in their name")
    parser.add_argument("--tiny", action="store_true", help="few views: does it still run?")
    parser.add_argument("--kit", type=Path, default=KIT, help="folder of the real rasters")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is written")
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    if not options.kit.is_dir():
        console.print(f"left out: no real rasters in {options.kit}")
        return 0
    machine = this_machine()
    with tempfile.TemporaryDirectory() as folder:
        images: list[Image] = [*sensor_images(options.kit, Path(folder)), *map_images(options.kit)]
        views = 5 if options.tiny else options.views
        figures = [measure(image, views) for image in images if options.only in image.name]
    placed = (msgspec.structs.replace(figure, machine=machine) for figure in figures)
    append_lines(placed, options.results / "claimed_error.jsonl")
    show(figures, console)
    return 1 if any(figure.exceeded for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
