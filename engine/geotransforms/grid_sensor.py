"""The grid sensor: a sensor model tabulated at regular nodes, at several heights.

Either way round: most vendors' grids go from the image to the ground (direct location: longitude and
latitude of each node at each height), some from the ground to the image. Between nodes both are trilinear;
the other direction is solved by Newton's method at the height asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.positions import Floats, as_positions, checked_numbers
from engine.kernel import kernel

_MAX_NODES = 4_000_000
# Of a cell: what a position may lie beside the outermost nodes by rounding alone.
_EDGE = 1e-9
_ACCEPTED = 1e-9
_STEPS = 40


class GridSensorRecord(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="GridSensor",
):
    """A tabulated sensor model.

    Attributes
    ----------
    ground_crs : str
        Of the ground positions; "EPSG:4326" = longitude and latitude in degrees.
    vertical_datum : str
        What `heights_m` count from.
    direction : str
        "image_to_ground": nodes stand in the image, values are x, y on the ground. "ground_to_image":
        nodes stand on the ground, values are column and row positions.
    columns, rows : int
        Nodes across and down, 2 at least.
    first_x, first_y : float
        Position of the first node: level-0 pixels with the corner origin, or ground coordinates.
    step_x, step_y : float
        From node to node; negative where they run backwards.
    heights_m : floats
        Of the layers, ascending, 2 at least.
    x, y : floats
        Values layer by layer, row by row: heights x rows x columns of each.
    """

    ground_crs: str
    vertical_datum: str
    direction: Literal["image_to_ground", "ground_to_image"] = "image_to_ground"
    columns: int
    rows: int
    first_x: float
    first_y: float
    step_x: float
    step_y: float
    heights_m: tuple[float, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]

    def bind(self) -> GridSensor:
        """Check the numbers.

        Raises
        ------
        InvalidParameter
            NaN, wrong counts, a step of 0, heights that do not ascend, a grid that folds over.
        """
        if not self.ground_crs.strip():
            raise InvalidParameter("ground_crs", "", "a CRS")
        if not self.vertical_datum.strip():
            raise InvalidParameter(
                "vertical_datum", "", "ellipsoid, egm96, egm2008 or a geoid file"
            )
        layers = len(self.heights_m)
        nodes = self.columns * self.rows * layers
        if min(self.columns, self.rows, layers) < 2 or nodes > _MAX_NODES:
            size = f"{self.columns} x {self.rows} x {layers}"
            raise InvalidParameter(
                "grid size", size, "2 columns, rows and heights or more, 4 million nodes"
            )
        lattice = checked_numbers(
            "lattice", (self.first_x, self.first_y, self.step_x, self.step_y), (4,)
        )
        if self.step_x == 0.0 or self.step_y == 0.0:
            raise InvalidParameter("step", (self.step_x, self.step_y), "steps other than 0")
        heights = checked_numbers("heights_m", self.heights_m, (layers,))
        if not np.all(np.diff(heights) > 0):
            raise InvalidParameter("heights_m", self.heights_m, "ascending heights")
        shape = (layers, self.rows, self.columns)
        x, y = (checked_numbers(name, getattr(self, name), (nodes,)) for name in ("x", "y"))
        values = np.ascontiguousarray(np.stack([x.reshape(shape), y.reshape(shape)], axis=-1))
        _check_folds(values)
        return GridSensor(
            self.ground_crs, self.vertical_datum, self.direction, lattice, heights, values
        )


@dataclass(frozen=True, slots=True)
class GridSensor:
    """A tabulated sensor model ready for use: a `SensorModel`.

    Attributes
    ----------
    lattice : float64 (4,)
        First node and steps.
    heights : float64 (layers,)
    values : float64 (layers, rows, columns, 2)
    """

    is_pieced: ClassVar[bool] = True
    ground_crs: str
    vertical_datum: str
    direction: Literal["image_to_ground", "ground_to_image"]
    lattice: Floats
    heights: Floats
    values: Floats

    @property
    def height_range(self) -> tuple[float, float]:
        """Lowest and highest layer, metres; beyond them positions are NaN."""
        return float(self.heights[0]), float(self.heights[-1])

    def ground_to_image(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return column and row positions of ground points; see `SensorModel`."""
        tabulated = self.direction == "ground_to_image"
        return self._look_up(x, y, z) if tabulated else self._solve(x, y, z)

    def image_to_ground(self, col_pos: Floats, row_pos: Floats, z: Floats) -> tuple[Floats, Floats]:
        """Return where lines of sight meet given heights; see `SensorModel`."""
        tabulated = self.direction == "image_to_ground"
        return self._look_up(col_pos, row_pos, z) if tabulated else self._solve(col_pos, row_pos, z)

    def _look_up(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        x, y, z = as_positions(x, y, z)
        out_x, out_y = np.empty_like(x), np.empty_like(x)
        _look_up_kernel(x, y, z, self.lattice, self.heights, self.values, out_x, out_y)
        return out_x, out_y

    def _solve(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats]:
        x, y, z = as_positions(x, y, z)
        out_x, out_y = np.empty_like(x), np.empty_like(x)
        _solve_grid_kernel(x, y, z, self.lattice, self.heights, self.values, out_x, out_y)
        return out_x, out_y


def _check_folds(values: Floats) -> None:
    """Raise InvalidParameter unless all cells turn the same way round: else the grid has no inverse."""
    across = values[:, :, 1:] - values[:, :, :-1]
    down = values[:, 1:] - values[:, :-1]
    turns = [
        a[..., 0] * d[..., 1] - a[..., 1] * d[..., 0]
        for a in (across[:, :-1], across[:, 1:])
        for d in (down[:, :, :-1], down[:, :, 1:])
    ]
    if not (all((turn > 0).all() for turn in turns) or all((turn < 0).all() for turn in turns)):
        raise InvalidParameter(
            "x, y", "a grid that folds over", "values that go one way along the nodes"
        )


@kernel
def _layer_of(height, heights):
    """Return the layer below a height and the share of the one above; -1 beside the layers."""
    last = heights.size - 1
    if not (height >= heights[0] and height <= heights[last]):
        return -1, 0.0
    layer = min(np.searchsorted(heights, height, side="right") - 1, last - 1)
    return layer, (height - heights[layer]) / (heights[layer + 1] - heights[layer])


@kernel
def _interpolate(u, v, layer, share, values):
    """Return the value at node coordinates u, v and its derivatives; the outer cells go on for ever."""
    rows, columns = values.shape[1], values.shape[2]
    col = min(max(int(np.floor(u)), 0), columns - 2)
    row = min(max(int(np.floor(v)), 0), rows - 2)
    fu, fv = u - col, v - row
    low, high = values[layer], values[layer + 1]
    x00 = low[row, col, 0] + share * (high[row, col, 0] - low[row, col, 0])
    y00 = low[row, col, 1] + share * (high[row, col, 1] - low[row, col, 1])
    x01 = low[row, col + 1, 0] + share * (high[row, col + 1, 0] - low[row, col + 1, 0])
    y01 = low[row, col + 1, 1] + share * (high[row, col + 1, 1] - low[row, col + 1, 1])
    x10 = low[row + 1, col, 0] + share * (high[row + 1, col, 0] - low[row + 1, col, 0])
    y10 = low[row + 1, col, 1] + share * (high[row + 1, col, 1] - low[row + 1, col, 1])
    x11 = low[row + 1, col + 1, 0] + share * (high[row + 1, col + 1, 0] - low[row + 1, col + 1, 0])
    y11 = low[row + 1, col + 1, 1] + share * (high[row + 1, col + 1, 1] - low[row + 1, col + 1, 1])
    # Differences from the first corner: values are degrees or metres with many leading digits.
    ax, ay, bx, by = x01 - x00, y01 - y00, x10 - x00, y10 - y00
    cx, cy = (x11 - x10) - ax, (y11 - y10) - ay
    x = x00 + fu * ax + fv * (bx + fu * cx)
    y = y00 + fu * ay + fv * (by + fu * cy)
    return x, y, ax + fv * cx, bx + fu * cx, ay + fv * cy, by + fu * cy


@kernel
def _is_within(u, v, values):
    last_u, last_v = values.shape[2] - 1.0, values.shape[1] - 1.0
    return -_EDGE <= u <= last_u + _EDGE and -_EDGE <= v <= last_v + _EDGE


@kernel
def _look_up_kernel(x, y, z, lattice, heights, values, out_x, out_y):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    for i in range(x.size):
        out_x[i], out_y[i] = np.nan, np.nan
        u, v = (x[i] - lattice[0]) / lattice[2], (y[i] - lattice[1]) / lattice[3]
        layer, share = _layer_of(z[i], heights)
        if layer < 0 or not _is_within(u, v, values):
            continue
        out_x[i], out_y[i], _, _, _, _ = _interpolate(u, v, layer, share, values)


@kernel
def _solve_grid_kernel(x, y, z, lattice, heights, values, out_x, out_y):  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    middle_u, middle_v = 0.5 * (values.shape[2] - 1), 0.5 * (values.shape[1] - 1)
    reach_u, reach_v = 2.0 * values.shape[2], 2.0 * values.shape[1]
    for i in range(x.size):
        out_x[i], out_y[i] = np.nan, np.nan
        layer, share = _layer_of(z[i], heights)
        if layer < 0:
            continue
        # Never from the neighbour's answer: a point's pixel must not depend on who else is asked for.
        u, v = middle_u, middle_v
        found = False
        for _ in range(_STEPS):
            at_x, at_y, xu, xv, yu, yv = _interpolate(u, v, layer, share, values)
            determinant = xu * yv - xv * yu
            off_x, off_y = at_x - x[i], at_y - y[i]
            step_u = (yv * off_x - xv * off_y) / determinant
            step_v = (xu * off_y - yu * off_x) / determinant
            u, v = u - step_u, v - step_v
            if not (abs(u - middle_u) < reach_u and abs(v - middle_v) < reach_v):
                break
            if abs(step_u) + abs(step_v) < _ACCEPTED:
                found = True
                break
        if found and _is_within(u, v, values):
            out_x[i], out_y[i] = lattice[0] + u * lattice[2], lattice[1] + v * lattice[3]
