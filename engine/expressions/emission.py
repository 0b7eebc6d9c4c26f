"""Write the code of operations in LLVM's language: for each, the number and whether it is valid.

Numbers are doubles, or of single precision where that does (`precision`). `Value.valid` is None where a value is always valid. There are no branches: LLVM makes
one pass of it that handles four pixels, or eight, at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine.expressions.arctangent import arctangent, arctangent_of_two
from engine.expressions.operations import OPERATIONS
from engine.kernel import ir

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Emit = Callable[["Emitter", Sequence["Value"]], "Value"]

DOUBLE = ir.DoubleType()
SINGLE = ir.FloatType()
INT64 = ir.IntType(64)
BIT = ir.IntType(1)
# Whole numbers up to here are exact as doubles.
_MOST_WHOLE = float(1 << 53)


class Value(NamedTuple):
    """A number and whether it is valid, at the pixel at hand."""

    number: ir.Value
    valid: ir.Value | None


class Emitter:
    """Emits operations into a block.

    Parameters
    ----------
    builder : llvmlite.ir.IRBuilder
        At the place where the code of one pixel goes.
    kind : llvmlite.ir.Type
        Of numbers.
    """

    def __init__(self, builder: ir.IRBuilder, kind: ir.Type = DOUBLE) -> None:
        self.builder = builder
        self.kind = kind

    def emit(self, operation: str, arguments: Sequence[Value]) -> Value:
        """Return the result of an operation of `engine.expressions.operations`."""
        if operation in _RULES:
            return _RULES[operation](self, arguments)
        found = self.unchecked(operation, arguments)
        if OPERATIONS[operation].is_finite:
            return found
        return Value(found.number, self.both(found.valid, self.is_finite(found.number)))

    def unchecked(self, operation: str, arguments: Sequence[Value]) -> Value:
        """As `emit` of a plain operation, where a result that is no finite number is found later."""
        number = _PLAIN[operation](self, [each.number for each in arguments])
        return Value(number, self.both(*(each.valid for each in arguments)))

    # Building blocks

    def number(self, value: float) -> ir.Value:
        """Return a constant."""
        return ir.Constant(self.kind, value)

    def truth(self, number: ir.Value) -> ir.Value:
        """Return whether a number counts as true."""
        return self.builder.fcmp_unordered("!=", number, self.number(0.0))

    def one_or_zero(self, bit: ir.Value) -> ir.Value:
        """Return 1 for true and 0 for false."""
        return self.builder.select(bit, self.number(1.0), self.number(0.0))

    def is_finite(self, number: ir.Value) -> ir.Value:
        """Return whether a number is neither infinite nor NaN."""
        nothing = self.builder.fsub(number, number)
        return self.builder.fcmp_ordered("==", nothing, self.number(0.0))

    def both(self, *bits: ir.Value | None) -> ir.Value | None:
        """Return whether all hold; None = always."""
        found: ir.Value | None = None
        for bit in bits:
            if bit is not None and bit is not found:
                found = bit if found is None else self.builder.and_(found, bit)
        return found

    def either(self, one: ir.Value | None, other: ir.Value | None) -> ir.Value | None:
        """Return whether any holds; None = always."""
        if one is None or other is None:
            return None
        return self.builder.or_(one, other)

    def holds(self, bit: ir.Value | None) -> ir.Value:
        """Return a bit for one that may be None."""
        return ir.Constant(BIT, 1) if bit is None else bit

    def intrinsic(self, name: str, *numbers: ir.Value) -> ir.Value:
        """Return the result of an intrinsic of LLVM's."""
        kind = ir.FunctionType(self.kind, [self.kind] * len(numbers))
        function = self.builder.module.declare_intrinsic(f"llvm.{name}", [self.kind], kind)
        return self.builder.call(function, numbers)

    def library(self, name: str, *numbers: ir.Value) -> ir.Value:
        """Return the result of a function of the C library's mathematics."""
        module = self.builder.module
        function = module.globals.get(name)
        if function is None:
            kind = ir.FunctionType(DOUBLE, [DOUBLE] * len(numbers))
            function = ir.Function(module, kind, name)
            function.attributes.add("nounwind")
        return self.builder.call(function, numbers)

    def whole(self, number: ir.Value) -> ir.Value:
        """Return a number without its fraction as 64 bits, cut off where doubles are not exact."""
        low = self.number(-_MOST_WHOLE)
        return self.builder.fptosi(self.between(number, low, self.number(_MOST_WHOLE)), INT64)

    def between(self, number: ir.Value, low: ir.Value, high: ir.Value) -> ir.Value:
        """Return a number cut off at limits; NaN becomes the upper one."""
        under = self.builder.select(self.builder.fcmp_ordered("<", number, high), number, high)
        return self.builder.select(self.builder.fcmp_ordered(">", under, low), under, low)


def _binary(method: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return getattr(e.builder, method)(*x)

    return emit


def _compare(sign: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return e.one_or_zero(e.builder.fcmp_ordered(sign, *x))

    return emit


def _intrinsic(name: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return e.intrinsic(name, *x)

    return emit


def _library(name: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return e.library(name, *x)

    return emit


def _truth(method: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return e.one_or_zero(getattr(e.builder, method)(*map(e.truth, x)))

    return emit


def _bits(method: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        return e.builder.sitofp(getattr(e.builder, method)(*map(e.whole, x)), DOUBLE)

    return emit


def _shift(method: str) -> Callable[[Emitter, list[ir.Value]], ir.Value]:
    def emit(e: Emitter, x: list[ir.Value]) -> ir.Value:
        # By 64 bits or more is no shift that a processor knows.
        count = e.whole(e.between(x[1], e.number(0.0), e.number(63.0)))
        return e.builder.sitofp(getattr(e.builder, method)(e.whole(x[0]), count), DOUBLE)

    return emit


def _sign(e: Emitter, x: list[ir.Value]) -> ir.Value:
    positive = e.one_or_zero(e.builder.fcmp_ordered(">", x[0], e.number(0.0)))
    negative = e.one_or_zero(e.builder.fcmp_ordered("<", x[0], e.number(0.0)))
    return e.builder.fsub(positive, negative)


def _bit_not(e: Emitter, x: list[ir.Value]) -> ir.Value:
    return e.builder.sitofp(e.builder.not_(e.whole(x[0])), DOUBLE)


def _lesser(e: Emitter, one: ir.Value, other: ir.Value) -> ir.Value:
    return e.builder.select(e.builder.fcmp_ordered("<", one, other), one, other)


def _greater(e: Emitter, one: ir.Value, other: ir.Value) -> ir.Value:
    return e.builder.select(e.builder.fcmp_ordered(">", one, other), one, other)


def _total(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    total = numbers[0]
    for each in numbers[1:]:
        total = e.builder.fadd(total, each)
    return total


def _minimum(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    found = numbers[0]
    for each in numbers[1:]:
        found = _lesser(e, each, found)
    return found


def _maximum(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    found = numbers[0]
    for each in numbers[1:]:
        found = _greater(e, each, found)
    return found


def _mean(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    return e.builder.fdiv(_total(e, numbers), e.number(float(len(numbers))))


def _range(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    return e.builder.fsub(_maximum(e, numbers), _minimum(e, numbers))


def _std(e: Emitter, numbers: Sequence[ir.Value]) -> ir.Value:
    mean = _mean(e, numbers)
    gaps = [e.builder.fsub(each, mean) for each in numbers]
    squares = [e.builder.fmul(gap, gap) for gap in gaps]
    return e.intrinsic("sqrt", _mean(e, squares))


def _count_of(e: Emitter, values: Sequence[Value]) -> ir.Value:
    return _total(e, [e.one_or_zero(e.holds(each.valid)) for each in values])


def _any_valid(e: Emitter, values: Sequence[Value]) -> ir.Value | None:
    found = values[0].valid
    for each in values[1:]:
        found = e.either(found, each.valid)
    return found


def _or_number(e: Emitter, value: Value, number: float) -> ir.Value:
    """Return the number of a valid value, else this one."""
    if value.valid is None:
        return value.number
    return e.builder.select(value.valid, value.number, e.number(number))


def _min_valid(e: Emitter, x: Sequence[Value]) -> Value:
    numbers = [_or_number(e, each, float("inf")) for each in x]
    return Value(_minimum(e, numbers), _any_valid(e, x))


def _max_valid(e: Emitter, x: Sequence[Value]) -> Value:
    numbers = [_or_number(e, each, float("-inf")) for each in x]
    return Value(_maximum(e, numbers), _any_valid(e, x))


def _sum_valid(e: Emitter, x: Sequence[Value]) -> Value:
    return Value(_total(e, [_or_number(e, each, 0.0) for each in x]), _any_valid(e, x))


def _mean_valid(e: Emitter, x: Sequence[Value]) -> Value:
    total = _sum_valid(e, x)
    return Value(e.builder.fdiv(total.number, _count_of(e, x)), total.valid)


def _range_valid(e: Emitter, x: Sequence[Value]) -> Value:
    high, low = _max_valid(e, x), _min_valid(e, x)
    return Value(e.builder.fsub(high.number, low.number), low.valid)


def _std_valid(e: Emitter, x: Sequence[Value]) -> Value:
    mean = _mean_valid(e, x)
    squares = []
    for each in x:
        gap = e.builder.fsub(each.number, mean.number)
        squares.append(_or_number(e, Value(e.builder.fmul(gap, gap), each.valid), 0.0))
    variance = e.builder.fdiv(_total(e, squares), _count_of(e, x))
    return Value(e.intrinsic("sqrt", variance), mean.valid)


def _is_null(e: Emitter, x: Sequence[Value]) -> Value:
    if x[0].valid is None:
        return Value(e.number(0.0), None)
    return Value(e.one_or_zero(e.builder.not_(x[0].valid)), None)


def _set_null(e: Emitter, x: Sequence[Value]) -> Value:
    keeps = e.builder.not_(e.truth(x[0].number))
    return Value(x[1].number, e.both(x[0].valid, x[1].valid, keeps))


def _con(e: Emitter, x: Sequence[Value]) -> Value:
    taken = e.truth(x[0].number)
    number = e.builder.select(taken, x[1].number, x[2].number)
    valid = None
    if x[1].valid is not None or x[2].valid is not None:
        valid = e.builder.select(taken, e.holds(x[1].valid), e.holds(x[2].valid))
    return Value(number, e.both(x[0].valid, valid))


def _or_else(e: Emitter, x: Sequence[Value]) -> Value:
    if x[0].valid is None:
        return x[0]
    number = e.builder.select(x[0].valid, x[0].number, x[1].number)
    return Value(number, e.either(x[0].valid, x[1].valid))


def _pick(e: Emitter, x: Sequence[Value]) -> Value:
    number, valid = e.number(0.0), ir.Constant(BIT, 0)
    for place, each in enumerate(x[1:], 1):
        hit = e.builder.fcmp_ordered("==", x[0].number, e.number(float(place)))
        number = e.builder.select(hit, each.number, number)
        valid = e.builder.select(hit, e.holds(each.valid), valid)
    return Value(number, e.both(x[0].valid, valid))


_LIBRARY = (
    *("tan", "asin", "acos", "sinh", "cosh", "tanh"),
    *("asinh", "acosh", "atanh"),
)
# Of numbers alone: valid where all arguments are.
_PLAIN: dict[str, Callable[[Emitter, list[ir.Value]], ir.Value]] = {
    "add": _binary("fadd"),
    "sub": _binary("fsub"),
    "mul": _binary("fmul"),
    "div": _binary("fdiv"),
    "mod": _binary("frem"),
    "pow": _intrinsic("pow"),
    "floor_div": lambda e, x: e.intrinsic("floor", e.builder.fdiv(*x)),
    "neg": lambda e, x: e.builder.fneg(x[0]),
    "square": lambda e, x: e.builder.fmul(x[0], x[0]),
    "abs": _intrinsic("fabs"),
    "sqrt": _intrinsic("sqrt"),
    "floor": _intrinsic("floor"),
    "ceil": _intrinsic("ceil"),
    "trunc": _intrinsic("trunc"),
    "round": _intrinsic("rint"),
    "exp": _intrinsic("exp"),
    "exp2": _intrinsic("exp2"),
    "exp10": lambda e, x: e.intrinsic("pow", e.number(10.0), x[0]),
    "ln": _intrinsic("log"),
    "log2": _intrinsic("log2"),
    "log10": _intrinsic("log10"),
    "sin": _intrinsic("sin"),
    "cos": _intrinsic("cos"),
    **{name: _library(name) for name in _LIBRARY},
    "atan": lambda e, x: arctangent(e, x[0]),
    "atan2": lambda e, x: arctangent_of_two(e, *x),
    "single": lambda _, x: x[0],
    "sign": _sign,
    "eq": _compare("=="),
    "ne": _compare("!="),
    "lt": _compare("<"),
    "le": _compare("<="),
    "gt": _compare(">"),
    "ge": _compare(">="),
    "and": _truth("and_"),
    "or": _truth("or_"),
    "xor": _truth("xor"),
    "not": lambda e, x: e.one_or_zero(e.builder.not_(e.truth(x[0]))),
    "bit_and": _bits("and_"),
    "bit_or": _bits("or_"),
    "bit_xor": _bits("xor"),
    "bit_not": _bit_not,
    "shift_left": _shift("shl"),
    "shift_right": _shift("ashr"),
    "clamp": lambda e, x: e.between(*x),
    "min": _minimum,
    "max": _maximum,
    "sum": _total,
    "mean": _mean,
    "range": _range,
    "std": _std,
}


def is_plain(operation: str) -> bool:
    """Tell whether an operation is valid where all its arguments and its result are."""
    return operation in _PLAIN


# Whose validity has a rule of its own.
_RULES: dict[str, Emit] = {
    "is_null": _is_null,
    "set_null": _set_null,
    "con": _con,
    "or_else": _or_else,
    "pick": _pick,
    "min_valid": _min_valid,
    "max_valid": _max_valid,
    "sum_valid": _sum_valid,
    "mean_valid": _mean_valid,
    "range_valid": _range_valid,
    "std_valid": _std_valid,
}
