"""Gains that change slowly across each item, so that places look alike in all items that show them.

Each item's picture from far is drawn towards the mean of all that show the same place, or towards a
target, by a surface of few nodes. The same places are compared, so what is on the ground drops out; a
surface of few nodes cannot follow anything small. Items are taken in turns until nothing moves.

Rule: pure; one band at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.functions.gain_surface import node_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.build.balance.fields import Field

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

NODES = 6
_ROUNDS = 12
_CLOSE = 5e-4
# What only one item shows says nothing, but weakly that it is right as it is.
_ALONE = 0.02
_STIFFNESS, _REST = 0.01, 0.001
_LEAST_GAIN, _MOST_GAIN = 0.4, 2.5
# Differences beyond so many robust deviations are clouds or changes, and count as no more.
_REACH = 3.0
_MAD_TO_DEVIATION = 1.4826
# Logarithms of dark samples are mostly noise.
_DARK = 0.1


@dataclass(frozen=True, slots=True)
class _Cells:
    """All cells of all items, item by item.

    Attributes
    ----------
    starts : (items + 1,)
        Where each item's cells begin.
    place : (n,)
        Number of the place on the grid; equal for cells that show the same.
    logs, weights : (n,)
        Logarithms of the samples, and how much they are worth.
    goal : (n,)
        Logarithm of the target; NaN = none.
    """

    starts: Whole
    place: Whole
    logs: Floats
    weights: Floats
    goal: Floats


def places_of(fields: Sequence[Field]) -> Whole:
    """Return a number for each cell of each field, one after the other; equal places share it."""
    cols = np.concatenate([field.numbers("cols") for field in fields])
    rows = np.concatenate([field.numbers("rows") for field in fields])
    width = int(cols.max() - cols.min()) + 1
    return np.unique((rows - rows.min()) * width + cols - cols.min(), return_inverse=True)[1]


def fit_surfaces(
    fields: Sequence[Field],
    places: Whole,
    samples: Sequence[Floats],
    band: int,
    fixed: frozenset[int],
) -> Floats:
    """Return the gains (items, NODES, NODES) of one band.

    Parameters
    ----------
    places
        See `places_of`.
    samples : float64 (n,) of each item
        After what else is done to them; NaN = nothing is known.
    fixed
        Numbers of fields that stay as they are.
    """
    cells = _cells(fields, places, samples, band)
    count = int(cells.place.max()) + 1
    moved = np.zeros(cells.logs.size)
    nodes = np.zeros((len(fields), NODES * NODES))
    anchor = np.ones(cells.logs.size)
    for number in fixed:
        anchor[cells.starts[number] : cells.starts[number + 1]] = 1e4
    for _ in range(_ROUNDS):
        goal, known = _goals(cells, moved, anchor, count)
        wanted = np.where(known, goal - cells.logs, 0.0)
        weights = cells.weights * np.where(known, 1.0, _ALONE)
        step = 0.0
        for number, field in enumerate(fields):
            part = slice(int(cells.starts[number]), int(cells.starts[number + 1]))
            if number in fixed or not weights[part].any():
                continue
            basis = _basis(field)
            nodes[number] = _fit(basis, wanted[part], weights[part])
            new = basis @ nodes[number]
            step = max(step, float(np.abs(new - moved[part]).max()))
            moved[part] = new
        if step < _CLOSE:
            break
    gains = np.clip(np.exp(nodes), _LEAST_GAIN, _MOST_GAIN)
    return gains.reshape(len(fields), NODES, NODES)


def surface_at(field: Field, gains: Floats) -> Floats:
    """Return the gain (n,) of each cell of a field; gains (NODES, NODES)."""
    return np.asarray(_basis(field) @ gains.ravel())


def _cells(fields: Sequence[Field], places: Whole, samples: Sequence[Floats], band: int) -> _Cells:
    values = np.concatenate(samples)
    good = np.isfinite(values)
    dark = _DARK * float(np.median(np.abs(values[good]))) if good.any() else 1.0
    dark = max(dark, 1e-12)
    targets = [field.values("target") for field in fields]
    goal = np.concatenate(
        [
            target[band].astype(np.float64) if len(target) > band else np.full(own.size, np.nan)
            for target, own in zip(targets, samples, strict=True)
        ]
    )
    lit = np.where(good, np.maximum(values, dark), dark)
    return _Cells(
        starts=np.cumsum([0, *(own.size for own in samples)]),
        place=places,
        logs=np.log(lit),
        weights=np.where(good, lit**2 / (lit**2 + dark**2), 0.0),
        goal=np.log(np.maximum(goal, dark)),
    )


def _goals(
    cells: _Cells, moved: Floats, anchor: Floats, count: int
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what each cell should be, and whether that is known."""
    now = cells.logs + moved
    if np.isfinite(cells.goal).any():
        known = np.isfinite(cells.goal) & (cells.weights > 0)
        goal = np.where(known, cells.goal, now)
    else:
        weight = cells.weights * anchor
        whole = np.bincount(cells.place, weight, count)
        sums = np.bincount(cells.place, weight * now, count)
        mean = sums / np.maximum(whole, 1e-300)
        items = np.bincount(cells.place, cells.weights > 0, count)
        known = (items[cells.place] > 1) & (cells.weights > 0)
        goal = np.where(known, mean[cells.place], now)
    rest = goal - now
    if known.any():
        centre = float(np.median(rest[known]))
        spread = _MAD_TO_DEVIATION * float(np.median(np.abs(rest[known] - centre)))
        reach = _REACH * max(spread, 0.05)
        rest = np.clip(rest, centre - reach, centre + reach)
    return now + rest, known


def _basis(field: Field) -> Floats:
    across = node_weights(field.shares("across").astype(np.float64), NODES)
    down = node_weights(field.shares("down").astype(np.float64), NODES)
    return np.asarray((down[:, :, np.newaxis] * across[:, np.newaxis, :]).reshape(len(down), -1))


def _fit(basis: Floats, wanted: Floats, weights: Floats) -> Floats:
    heavy = basis.T * weights
    left = heavy @ basis + weights.sum() * _smoothness()
    return np.asarray(np.linalg.solve(left, heavy @ wanted))


def _smoothness() -> Floats:
    """Return the matrix that makes neighbouring nodes alike, and all of them small."""
    steps = np.diff(np.eye(NODES), axis=0)
    bend = steps.T @ steps
    one = np.eye(NODES)
    pulls = _STIFFNESS * (np.kron(bend, one) + np.kron(one, bend)) + _REST * np.eye(NODES**2)
    return np.asarray(pulls / NODES**2)
