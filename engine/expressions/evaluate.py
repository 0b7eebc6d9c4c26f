"""Run expressions over blocks of pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.expressions.lookup import valid_of, values_of
from engine.expressions.native import Signature, native_program
from engine.expressions.operations import OPERATIONS
from engine.expressions.precision import fits_single
from engine.expressions.program import TABLE, listing_of
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.expressions.native import NativeProgram
    from engine.expressions.program import Listing
    from engine.expressions.tree import Expression
    from engine.pixel_type import PixelType

# What whole numbers a table of all results is worth for; it takes as long as so many pixels.
_TABLED = ("uint8", "int8", "uint16", "int16")
_FEW_STEPS = 8


@dataclass(frozen=True, slots=True)
class _ByValue:
    """The results of every value that the one sample may have, in the order of its bits."""

    data: NDArray[Any]
    valid: NDArray[np.bool_]
    is_always_valid: bool


@dataclass(frozen=True, slots=True)
class ExpressionPass:
    """Expressions ready to run: one band of the result each.

    Attributes
    ----------
    pixel_type : PixelType
        Of the result; whole numbers are rounded, halves to even, and cut off at its limits.
    """

    listing: Listing
    pixel_type: PixelType
    _tables: dict[str, _ByValue] = field(default_factory=dict, repr=False, compare=False)
    _programs: dict[tuple[tuple[str, ...], tuple[int, ...]], NativeProgram] = field(
        default_factory=dict, repr=False, compare=False
    )

    def run(self, inputs: Sequence[PixelBlock]) -> PixelBlock:
        """Return the results, as many pixels as the inputs have.

        Parameters
        ----------
        inputs
            By `Sample.source`; all of one size.
        """
        samples = self.listing.samples
        shape = inputs[0].data.shape[1:]
        if len(samples) == 1:
            only = samples[0]
            block = inputs[only.source]
            name = block.data.dtype.name
            if name in _TABLED and self._is_tabled():
                return self._by_table(block, only.band, name)
        planes = [inputs[each.source].data[each.band] for each in samples]
        valid, places = _validity(inputs, samples)
        data, good = self._computed(planes, valid, places, int(np.prod(shape)))
        return PixelBlock(data.reshape(len(data), *shape), good.reshape(len(good), *shape))

    def _is_tabled(self) -> bool:
        """Tell whether looking results up is quicker than working them out, and gives the same."""
        steps = self.listing.program.instructions
        known = [OPERATIONS[each.operation] for each in steps if each.operation in OPERATIONS]
        if any(operation.mends for operation in known):
            # A table knows no sample that is invalid.
            return False
        return len(steps) > _FEW_STEPS or any(
            each.operation == TABLE or not each.is_quick for each in steps
        )

    def _by_table(self, block: PixelBlock, band: int, name: str) -> PixelBlock:
        found = self._tables.get(name)
        if found is None:
            values = np.arange(1 << 8 * np.dtype(name).itemsize, dtype=np.uint32)
            ramp = values.astype(f"u{np.dtype(name).itemsize}").view(name)
            always = np.ones(ramp.shape, np.bool_)
            data, good = self._computed([ramp], [always], (0,), ramp.size)
            found = self._tables[name] = _ByValue(data, good, bool(good.all()))
        places = block.data[band].view(f"u{block.data.dtype.itemsize}")
        valid = block.valid[band if block.valid.shape[0] > 1 else 0]
        shape, flat = places.shape, np.ascontiguousarray(places).reshape(-1)
        data = np.empty((len(found.data), *shape), found.data.dtype)
        for row, out in zip(found.data, data, strict=True):
            values_of(row, flat, out.reshape(-1))
        if found.is_always_valid:
            return PixelBlock(data, valid[np.newaxis])
        good = np.empty((len(found.valid), *shape), np.bool_)
        own = np.ascontiguousarray(valid).reshape(-1)
        for row, out in zip(found.valid, good, strict=True):
            valid_of(row, flat, own, out.reshape(-1))
        return PixelBlock(data, good)

    def _computed(
        self,
        planes: list[NDArray[Any]],
        valid: list[NDArray[np.bool_]],
        places: tuple[int, ...],
        count: int,
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        listing = self.listing
        outputs = len(listing.program.outputs)
        program = self._program(planes, places)
        data = np.empty((outputs, count), self.pixel_type.dtype_name)
        good = np.empty((1 if program.shares_validity else outputs, count), np.bool_)
        tables = []
        for table in listing.tables:
            ends = np.array([table.first, table.first + table.values.size - 1], np.int64)
            tables += [np.ascontiguousarray(table.values, np.float64), table.valid, ends]
        program.run(
            count,
            *map(np.ascontiguousarray, planes),
            *map(np.ascontiguousarray, valid),
            np.array(listing.numbers or (0.0,), np.float64),
            *tables,
            *data,
            *(good if not program.shares_validity else [good[0]] * outputs),
        )
        return data, good

    def _program(self, planes: list[NDArray[Any]], places: tuple[int, ...]) -> NativeProgram:
        """Return the machine code for samples of these types; programs take long to compare."""
        key = (tuple(plane.dtype.char for plane in planes), places)
        found = self._programs.get(key)
        if found is None:
            listing, own = self.listing, self.pixel_type
            names = tuple(plane.dtype.name for plane in planes)
            signature = Signature(
                listing.program,
                names,
                places,
                ((own.dtype_name, *own.limits),) * len(listing.program.outputs),
                len(listing.tables),
                fits_single(listing, names, own.dtype_name),
            )
            found = self._programs[key] = native_program(signature)
        return found


def expression_pass(expressions: Sequence[Expression], pixel_type: PixelType) -> ExpressionPass:
    """Return expressions ready to run, one band each."""
    return ExpressionPass(listing_of(expressions), pixel_type)


def _validity(
    inputs: Sequence[PixelBlock], samples: Sequence[Any]
) -> tuple[list[NDArray[np.bool_]], tuple[int, ...]]:
    """Return the distinct planes of validity, and the place of each sample's among them."""
    found: dict[tuple[int, int], int] = {}
    places = []
    for each in samples:
        valid = inputs[each.source].valid
        key = (each.source, each.band if valid.shape[0] > 1 else 0)
        places.append(found.setdefault(key, len(found)))
    return [inputs[source].valid[row] for source, row in found], tuple(places)
