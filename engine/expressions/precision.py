"""Whether single precision does for a program: then eight pixels are worked out at once, not four.

It does where each function's result is the same to a few units of its last digit, given what a block of single
precision holds of its input (`single` marks where functions meet). The bound is worked out from the operations alone:
products and quotients add up what their parts are off, sums of one sign take the larger, and differences of numbers
that are off themselves can be anything: those stay doubles. So do whole results but where a function says by `single`
that the last digit does not count.

References
----------
Higham, N. J. (2002), Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM, chapters 2 and 3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.expressions.program import NUMBER, SAMPLE, TABLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.program import Instruction, Listing

# Units of 2^-24, half a last digit each; 10 are 6e-7.
_MOST_OFF = 10.0
_ANYTHING = math.inf
_HELD = ("uint8", "int8", "uint16", "int16", "float32")
# What these are off beyond their argument, whatever it is.
_ARCTANGENT = 4.0
_LEAST, _MOST = 1e-12, 1e12


class Off(NamedTuple):
    """How far off a number may be, in units of 2^-24 of itself, and its sign: 1, -1, or 0 = not known."""

    units: float
    sign: int


_EXACT = Off(0.0, 0)
_POSITIVE = Off(0.0, 1)


def fits_single(listing: Listing, samples: Sequence[str], result: str) -> bool:
    """Tell whether single precision does.

    Parameters
    ----------
    samples : numpy's name of the type of each
    result : the same of the results
    """
    if result not in _HELD or any(name not in _HELD for name in samples):
        return False
    found: list[Off] = []
    for each in listing.program.instructions:
        if each.operation == SAMPLE:
            is_unsigned = samples[each.arguments[0]].startswith("u")
            found.append(_POSITIVE if is_unsigned else _EXACT)
        elif each.operation == NUMBER:
            found.append(_number(listing.numbers[each.arguments[0]]))
        elif each.operation == TABLE:
            return False
        else:
            found.append(_result(each, [found[n] for n in each.arguments]))
        if found[-1].units == _ANYTHING:
            return False
    most = _MOST_OFF if result == "float32" else 0.0
    return all(found[step].units <= most for step in listing.program.outputs)


def _number(value: float) -> Off:
    sign = (value > 0) - (value < 0)
    if value == 0:
        return _POSITIVE
    if not _LEAST <= abs(value) <= _MOST:
        return Off(_ANYTHING, sign)
    return Off(0.0 if float(np.float32(value)) == value else 1.0, sign)


def _result(step: Instruction, parts: list[Off]) -> Off:
    name, units = step.operation, [part.units for part in parts]
    if name == "single":
        return Off(0.0 if units[0] <= _MOST_OFF else _ANYTHING, parts[0].sign)
    if name in _OF_EXACT:
        return _POSITIVE if max(units) == 0 else Off(_ANYTHING, 0)
    if name in _WHOLE:
        return Off(0.0 if units[0] == 0 else _ANYTHING, parts[0].sign)
    rule = _RULES.get(name)
    return Off(_ANYTHING, 0) if rule is None else rule(parts)


# Yes or no of numbers that are not off.
_OF_EXACT = ("eq", "ne", "lt", "le", "gt", "ge", "and", "or", "xor", "not", "is_null")
_WHOLE = ("floor", "ceil", "trunc", "round", "sign")


def _sum(parts: list[Off]) -> Off:
    units = max(part.units for part in parts)
    signs = {part.sign for part in parts}
    if len(signs) == 1 and signs != {0}:
        return Off(units + len(parts) - 1, signs.pop())
    if len(parts) == 2 and units == 0:
        return Off(1.0, 0)
    return parts[0] if len(parts) == 1 else Off(_ANYTHING, 0)


def _difference(parts: list[Off]) -> Off:
    return _sum([parts[0], Off(parts[1].units, -parts[1].sign)])


def _mean(parts: list[Off]) -> Off:
    total = _sum(parts)
    return Off(total.units + 1, total.sign)


def _product(parts: list[Off]) -> Off:
    return Off(parts[0].units + parts[1].units + 1, parts[0].sign * parts[1].sign)


def _square(parts: list[Off]) -> Off:
    return Off(2 * parts[0].units + 1, 1)


def _root(parts: list[Off]) -> Off:
    return Off(parts[0].units / 2 + 1, 1)


def _largest(parts: list[Off]) -> Off:
    sign = 1 if any(part.sign == 1 for part in parts) else _common(parts)
    return Off(max(part.units for part in parts), sign)


def _least(parts: list[Off]) -> Off:
    sign = -1 if any(part.sign == -1 for part in parts) else _common(parts)
    return Off(max(part.units for part in parts), sign)


def _any_of(parts: list[Off]) -> Off:
    return Off(max(part.units for part in parts), _common(parts))


def _common(parts: list[Off]) -> int:
    signs = {part.sign for part in parts}
    return signs.pop() if len(signs) == 1 else 0


def _chosen(parts: list[Off]) -> Off:
    return Off(_ANYTHING, 0) if parts[0].units else _any_of(parts[1:])


def _arctangent(parts: list[Off]) -> Off:
    return Off(sum(part.units for part in parts) + _ARCTANGENT, parts[0].sign)


_RULES = {
    "add": _sum,
    "sub": _difference,
    "sum": _sum,
    "mean": _mean,
    "mul": _product,
    "div": _product,
    "square": _square,
    "sqrt": _root,
    "neg": lambda parts: Off(parts[0].units, -parts[0].sign),
    "abs": lambda parts: Off(parts[0].units, 1),
    "min": _least,
    "max": _largest,
    "clamp": _any_of,
    "con": _chosen,
    "set_null": _chosen,
    "or_else": _any_of,
    "atan": _arctangent,
    "atan2": _arctangent,
}
