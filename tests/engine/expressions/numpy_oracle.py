"""What expressions mean, by numpy: each node over all pixels, with its validity."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from engine.expressions.operations import OPERATIONS
from engine.expressions.tree import Call, Number, Sample, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from engine.expressions.tree import Expression
    from engine.pixels import PixelBlock

    Floats = NDArray[np.float64]
    Found = tuple[Floats, NDArray[np.bool_]]

_EXACT = 2.0**53


def _whole(x: Floats) -> NDArray[np.int64]:
    return np.clip(np.nan_to_num(x, nan=_EXACT), -_EXACT, _EXACT).astype(np.int64)


def _bits(function: Callable[..., NDArray[np.int64]]) -> Callable[..., Floats]:
    return lambda *x: function(*map(_whole, x)).astype(np.float64)


def _shift(function: Callable[..., NDArray[np.int64]]) -> Callable[..., Floats]:
    return lambda x, n: function(_whole(x), np.clip(_whole(n), 0, 63)).astype(np.float64)


def _truth(function: Callable[..., NDArray[np.bool_]]) -> Callable[..., Floats]:
    return lambda *x: function(*(each != 0 for each in x)).astype(np.float64)


def _compare(function: Callable[..., NDArray[np.bool_]]) -> Callable[..., Floats]:
    return lambda x, y: function(x, y).astype(np.float64)


PLAIN: dict[str, Callable[..., Floats]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "mod": np.fmod,
    "pow": np.power,
    "floor_div": lambda x, y: np.floor(np.divide(x, y)),
    "neg": np.negative,
    "square": np.square,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "exp": np.exp,
    "exp2": np.exp2,
    "exp10": lambda x: np.power(10.0, x),
    "ln": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "single": np.positive,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sign": np.sign,
    "eq": _compare(np.equal),
    "ne": lambda x, y: ((x < y) | (x > y)).astype(np.float64),
    "lt": _compare(np.less),
    "le": _compare(np.less_equal),
    "gt": _compare(np.greater),
    "ge": _compare(np.greater_equal),
    "and": _truth(np.logical_and),
    "or": _truth(np.logical_or),
    "xor": _truth(np.logical_xor),
    "not": _truth(np.logical_not),
    "bit_and": _bits(np.bitwise_and),
    "bit_or": _bits(np.bitwise_or),
    "bit_xor": _bits(np.bitwise_xor),
    "bit_not": _bits(np.bitwise_not),
    "shift_left": _shift(np.left_shift),
    "shift_right": _shift(np.right_shift),
    "clamp": lambda x, low, high: np.maximum(np.minimum(x, high), low),
    "min": lambda *x: functools.reduce(np.minimum, x),
    "max": lambda *x: functools.reduce(np.maximum, x),
    "sum": lambda *x: functools.reduce(np.add, x),
    "mean": lambda *x: functools.reduce(np.add, x) / len(x),
    "range": lambda *x: functools.reduce(np.maximum, x) - functools.reduce(np.minimum, x),
    "std": lambda *x: np.std(np.stack(np.broadcast_arrays(*x)), axis=0),
}


def _valid_only(name: str, values: Sequence[Found]) -> Found:
    data = np.stack([x for x, _ in values])
    valid = np.stack([v for _, v in values])
    data = np.where(valid, data, np.nan)
    some = valid.any(axis=0)
    data[:, ~some] = 0.0
    found = {
        "min": np.nanmin,
        "max": np.nanmax,
        "sum": np.nansum,
        "mean": np.nanmean,
        "std": np.nanstd,
        "range": lambda x, axis: np.nanmax(x, axis=axis) - np.nanmin(x, axis=axis),
    }[name.removesuffix("_valid")](data, axis=0)
    return np.asarray(found), some


def evaluated(expression: Expression, inputs: Sequence[PixelBlock]) -> Found:
    """Return numbers and validity (rows, cols) of an expression."""
    shape = inputs[0].data.shape[1:]
    always = np.ones(shape, np.bool_)
    if isinstance(expression, Sample):
        block = inputs[expression.source]
        valid = np.broadcast_to(block.valid, block.data.shape)[expression.band]
        samples = block.data[expression.band].astype(np.float64)
        return samples, valid & np.isfinite(samples)
    if isinstance(expression, Number):
        return np.full(shape, expression.value), always
    if isinstance(expression, Table):
        number, valid = evaluated(expression.argument, inputs)
        place = _whole(np.rint(number)) - expression.first
        inside = (place >= 0) & (place < expression.values.size)
        place = np.where(inside, place, 0)
        return expression.values[place], valid & inside & expression.valid[place]
    return _called(expression, [evaluated(each, inputs) for each in expression.arguments])


def _called(expression: Call, x: list[Found]) -> Found:
    name = expression.operation
    valid = functools.reduce(np.logical_and, [v for _, v in x])
    if name in PLAIN:
        number = PLAIN[name](*(number for number, _ in x))
        return number, valid if OPERATIONS[name].is_finite else valid & np.isfinite(number)
    if name.endswith("_valid"):
        return _valid_only(name, x)
    if name == "is_null":
        return (~x[0][1]).astype(np.float64), np.ones_like(valid)
    if name == "set_null":
        return x[1][0], valid & (x[0][0] == 0)
    if name == "con":
        taken = x[0][0] != 0
        return (
            np.where(taken, x[1][0], x[2][0]),
            x[0][1] & np.where(taken, x[1][1], x[2][1]),
        )
    if name == "or_else":
        return np.where(x[0][1], x[0][0], x[1][0]), x[0][1] | x[1][1]
    assert name == "pick"
    number, good = np.zeros_like(x[0][0]), np.zeros_like(valid)
    for place, (each, own) in enumerate(x[1:], 1):
        hit = x[0][0] == place
        number, good = np.where(hit, each, number), np.where(hit, own, good)
    return number, good & x[0][1]
