"""Look results up in a table by the bits of samples: numpy's `take` would make 64-bit numbers of them first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.kernel import unaliased_kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@unaliased_kernel
def _values_kernel(table, places, out):
    for n in range(out.size):
        out[n] = table[places[n]]


@unaliased_kernel
def _valid_kernel(table, places, valid, out):
    for n in range(out.size):
        out[n] = table[places[n]] & valid[n]


def values_of(table: NDArray[Any], places: NDArray[Any], out: NDArray[Any]) -> None:
    """Write the entries of a table at places.

    Parameters
    ----------
    table : (2 to the power of the bits of a place,)
    places : uint8 or uint16 (n,)
    out : (n,), of the table's type
    """
    _check(table, places, out)
    _values_kernel(table, places, out)


def valid_of(
    table: NDArray[np.bool_], places: NDArray[Any], valid: NDArray[np.bool_], out: NDArray[np.bool_]
) -> None:
    """Write where entries and samples are valid; as `values_of`."""
    _check(table, places, out)
    _valid_kernel(table, places, valid, out)


def _check(table: NDArray[Any], places: NDArray[Any], out: NDArray[Any]) -> None:
    if places.dtype.kind != "u" or table.size < 1 << 8 * places.dtype.itemsize:
        raise ValueError(f"a table of {table.size} has no entry for each {places.dtype}")
    if places.shape != out.shape:
        raise ValueError(f"places {places.shape} and results {out.shape} differ in shape")
