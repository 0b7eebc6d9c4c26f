"""Weights of a raster along its seamline, from the distance to the vector polygons of its item.

Rules: a weight is a function of the pixel's position alone, the same whatever part of the view is cut
out; work is saved only where a bound proves that nothing changes. Distances are in level-0 pixels.

Two numbers a pixel. The share fades across the seamline: 1/2 on it for `both`, 0 on it for `inside`, 1
for `outside`. The claim fades outside of it and tells who gets what shares leave. Both fade towards the
edge of the footprint as well, where pixels end, so no edge shows there; and parts of the seamline that
lie on that edge are none: there is nobody on the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from config.definition import BlendSide
from engine.footprint import unpack_rings
from engine.kernel import kernel

if TYPE_CHECKING:
    from engine.item import Item
    from engine.samplers.placement import CanvasPart

Floats = NDArray[np.float64]

# Edges of a seamline this near to that of the footprint lie on it; both are densified on their own.
_SAME_EDGE_PX = 1.0
# A pixel at the very edge still belongs to somebody.
_LEAST_FADE = 1e-4
_SIDES = {BlendSide.BOTH: 0, BlendSide.INSIDE: 1, BlendSide.OUTSIDE: 2}


@dataclass(frozen=True, slots=True)
class SeamEdge:
    """The edge of an item's seamline.

    Attributes
    ----------
    rings : float64 (n, 4)
        All edges of the seamline: they tell inside from outside.
    seam : float64 (n, 4)
        Those that have a neighbour on the other side.
    footprint : float64 (n, 4)
        Edges of the footprint.
    width : float
        Level-0 pixels; more than 0.
    """

    rings: Floats
    seam: Floats
    footprint: Floats
    width: float
    side: BlendSide

    @property
    def fade(self) -> float:
        """Pixels over which weights fade towards the edge of the footprint."""
        return self.width / 2 if self.side is BlendSide.BOTH else self.width


@dataclass(frozen=True, slots=True)
class SeamWeights:
    """Weights on a part of a canvas.

    Attributes
    ----------
    share, claim : float64 (rows, cols)
    """

    share: Floats
    claim: Floats


@kernel
def _squared_distance(edges, x, y):
    best = np.inf
    for k in range(edges.shape[0]):
        ax, ay = edges[k, 0], edges[k, 1]
        bx, by = edges[k, 2] - ax, edges[k, 3] - ay
        t = ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by)
        t = min(max(t, 0.0), 1.0)
        dx, dy = x - ax - t * bx, y - ay - t * by
        best = min(best, dx * dx + dy * dy)
    return best


@kernel
def _is_inside(edges, x, y):
    inside = False
    for k in range(edges.shape[0]):
        ya, yb = edges[k, 1], edges[k, 3]
        if (ya <= y) != (yb <= y) and x < edges[k, 0] + (y - ya) * (edges[k, 2] - edges[k, 0]) / (
            yb - ya
        ):
            inside = not inside
    return inside


@kernel
def _between(corners, t, s):
    top = corners[0] * (1 - s) + corners[1] * s
    low = corners[2] * (1 - s) + corners[3] * s
    return top * (1 - t) + low * t


@kernel
def _beyond_kernel(edges, points, out):
    for k in range(points.shape[0]):
        out[k] = np.sqrt(_squared_distance(edges, points[k, 0], points[k, 1]))
        if _is_inside(edges, points[k, 0], points[k, 1]):
            out[k] = -out[k]


@kernel
def _weigh_kernel(  # noqa: C901, PLR0912, PLR0913, PLR0915, PLR0917 -- one loop nest; takes no records
    cols,  # float64 (nodes down, nodes across): level-0 positions of the nodes
    rows,
    step,
    part,  # int64: col, row, col_start, col_stop, row_start, row_stop on the canvas
    rings,
    cuts,  # edges of `rings` that may cross the part
    seam,
    footprint,
    how,  # float64: width, fade, side
    least_fade,
    share,  # float64 (rows, cols) of the part
    claim,
):
    width, fade, side = how[0], how[1], int(how[2])
    span = 8
    # Blocks lie within one quad, where positions are inside the hull of the four corners.
    for qr in range(cols.shape[0] - 1):
        first_row = part[1] + qr * step
        for row0 in range(first_row, first_row + step, span):
            r0, r1 = max(row0, part[4]), min(row0 + span, first_row + step, part[5])
            if r0 >= r1:
                continue
            for qc in range(cols.shape[1] - 1):
                first_col = part[0] + qc * step
                xs = (cols[qr, qc], cols[qr, qc + 1], cols[qr + 1, qc], cols[qr + 1, qc + 1])
                ys = (rows[qr, qc], rows[qr, qc + 1], rows[qr + 1, qc], rows[qr + 1, qc + 1])
                if np.isnan(xs[0] + xs[1] + xs[2] + xs[3] + ys[0] + ys[1] + ys[2] + ys[3]):
                    continue
                for col0 in range(first_col, first_col + step, span):
                    c0, c1 = max(col0, part[2]), min(col0 + span, first_col + step, part[3])
                    if c0 >= c1:
                        continue
                    tm, sm = (
                        ((r0 + r1 - 1) // 2 - first_row) / step,
                        ((c0 + c1 - 1) // 2 - first_col) / step,
                    )
                    x, y = _between(xs, tm, sm), _between(ys, tm, sm)
                    reach = 0.0
                    for r in (r0, r1 - 1):
                        for c in (c0, c1 - 1):
                            t, s = (r - first_row) / step, (c - first_col) / step
                            reach = max(
                                reach, np.hypot(_between(xs, t, s) - x, _between(ys, t, s) - y)
                            )
                    reach += 1e-6
                    distance = np.sqrt(_squared_distance(seam, x, y))
                    is_far = distance > width + reach
                    is_whole = np.sqrt(_squared_distance(cuts, x, y)) > reach
                    inside = _is_inside(rings, x, y)
                    if is_far and is_whole and not inside:
                        continue
                    margin = np.sqrt(_squared_distance(footprint, x, y))
                    is_deep = margin > fade + reach
                    for r in range(r0, r1):
                        t = (r - first_row) / step
                        for c in range(c0, c1):
                            s = (c - first_col) / step
                            x, y = _between(xs, t, s), _between(ys, t, s)
                            if not is_whole:
                                inside = _is_inside(rings, x, y)
                            if is_far and not inside:
                                continue
                            own, others = 1.0, 1.0
                            if not is_far:
                                distance = np.sqrt(_squared_distance(seam, x, y)) / width
                                if not inside:
                                    distance = -distance
                                if side == 0:
                                    own = distance + 0.5
                                elif side == 1:
                                    own = distance
                                else:
                                    own = distance + 1.0
                                own = min(max(own, 0.0), 1.0)
                                others = min(max(distance + 1.0, 0.0), 1.0)
                            if not is_deep:
                                margin = np.sqrt(_squared_distance(footprint, x, y))
                                ramp = max(min(margin / fade, 1.0), least_fade)
                                own *= ramp
                                others *= ramp
                            share[r - part[4], c - part[2]] = own
                            claim[r - part[4], c - part[2]] = others


@lru_cache(maxsize=1024)
def _edges(packed: bytes, width: int, height: int) -> Floats:
    """Return all edges (n, 4), horizontal ones too; b"" is the whole raster."""
    whole = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    rings = unpack_rings(packed) or [whole]
    joined = np.concatenate([np.hstack([ring, np.roll(ring, -1, axis=0)]) for ring in rings])
    long = (joined[:, 0] != joined[:, 2]) | (joined[:, 1] != joined[:, 3])
    return np.ascontiguousarray(joined[long])


@lru_cache(maxsize=1024)
def _seam_edges(seam: bytes, footprint: bytes, width: int, height: int) -> Floats:
    """Return the edges of a seamline that run inside the footprint, not along its edge or beyond."""
    edges, outer = _edges(seam, width, height), _edges(footprint, width, height)
    on_edge = np.ones(len(edges), np.bool_)
    for share in (0.0, 0.5, 1.0):
        points = edges[:, :2] * (1 - share) + edges[:, 2:] * share
        beyond = np.empty(len(points))
        _beyond_kernel(outer, np.ascontiguousarray(points), beyond)
        on_edge &= beyond >= -_SAME_EDGE_PX
    return np.ascontiguousarray(edges[~on_edge])


def seam_edge(item: Item, width: float, side: BlendSide) -> SeamEdge:
    """Return the edge of an item's seamline.

    Parameters
    ----------
    width : float
        Level-0 pixels, more than 0.
    """
    size = (item.width, item.height)
    return SeamEdge(
        _edges(item.seamline, *size),
        _seam_edges(item.seamline, item.footprint, *size),
        _edges(item.footprint, *size),
        width,
        side,
    )


def warm_up(part: CanvasPart) -> None:
    """Call the kernels once."""
    ring = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]])
    edges = np.hstack([ring, np.roll(ring, -1, axis=0)])
    _beyond_kernel(edges, ring, np.empty(len(ring)))
    _is_inside(edges, 1.0, 1.0)
    nodes, none = part.nodes, np.empty((0, 4))
    out = np.zeros((part.row_stop - part.row_start, part.col_stop - part.col_start))
    how = np.array([4.0, 2.0, 0.0])
    _weigh_kernel(
        np.ascontiguousarray(nodes.x),
        np.ascontiguousarray(nodes.y),
        nodes.step,
        part.array,
        edges,
        none,
        none,
        none,
        how,
        _LEAST_FADE,
        out,
        out.copy(),
    )


class SeamPlace:
    """Where a seamline runs, seen from a part of a canvas.

    Parameters
    ----------
    part : CanvasPart
        With nodes in the item's own coordinates.

    Attributes
    ----------
    is_far : bool
        No pixel is near the seamline: all weigh alike but for the edge of the footprint.
    is_outside : bool
        And all are outside: none has a weight.
    """

    def __init__(self, edge: SeamEdge, item: Item, part: CanvasPart) -> None:
        self._edge, self._part = edge, part
        x0, xc, xr, y0, yc, yr = item.geotransform
        det = xc * yr - xr * yc
        dx, dy = part.nodes.x - x0, part.nodes.y - y0
        self._cols = np.ascontiguousarray((dx * yr - dy * xr) / det)
        self._rows = np.ascontiguousarray((dy * xc - dx * yc) / det)
        known = np.isfinite(self._cols) & np.isfinite(self._rows)
        self._cols[~known] = self._rows[~known] = np.nan
        if not known.any():
            self._box = (0.0, 0.0, 0.0, 0.0)
            self.is_far = self.is_outside = True
            return
        cols, rows = self._cols[known], self._rows[known]
        self._box = (float(cols.min()), float(rows.min()), float(cols.max()), float(rows.max()))
        self._near = self._within(edge.seam, edge.width)
        # Those a ray to the right may meet.
        left, top, _, bottom = self._box
        low, high = (
            np.minimum(edge.rings[:, 1], edge.rings[:, 3]),
            np.maximum(edge.rings[:, 1], edge.rings[:, 3]),
        )
        right_of = np.maximum(edge.rings[:, 0], edge.rings[:, 2]) >= left
        self._rings = edge.rings[(low <= bottom) & (high >= top) & right_of]
        self._cuts = self._within(edge.rings, 0.0)
        self.is_far = len(self._near) == 0 and len(self._cuts) == 0
        self.is_outside = self.is_far and not _is_inside(
            self._rings, float(cols.flat[0]), float(rows.flat[0])
        )

    def _within(self, edges: Floats, reach: float) -> Floats:
        """Return the edges whose boxes come as near as `reach` to the part's."""
        left, top, right, bottom = self._box
        near = (
            (np.minimum(edges[:, 0], edges[:, 2]) <= right + reach)
            & (np.maximum(edges[:, 0], edges[:, 2]) >= left - reach)
            & (np.minimum(edges[:, 1], edges[:, 3]) <= bottom + reach)
            & (np.maximum(edges[:, 1], edges[:, 3]) >= top - reach)
        )
        return np.ascontiguousarray(edges[near])

    def weights(self) -> SeamWeights:
        """Return the weights of the part's pixels."""
        edge, part = self._edge, self._part
        shape = part.row_stop - part.row_start, part.col_stop - part.col_start
        share, claim = np.zeros(shape), np.zeros(shape)
        _weigh_kernel(
            self._cols,
            self._rows,
            part.nodes.step,
            part.array,
            np.ascontiguousarray(self._rings),
            self._cuts,
            self._near,
            self._within(edge.footprint, edge.fade),
            np.array([edge.width, edge.fade, _SIDES[edge.side]], np.float64),
            _LEAST_FADE,
            share,
            claim,
        )
        return SeamWeights(share, claim)
