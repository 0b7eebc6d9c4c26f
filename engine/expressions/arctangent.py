"""Arctangents in LLVM's language: polynomials without branches, which a library's are not.

The argument is brought near 0 by tan(a - b), then a polynomial (single precision, 2e-7 of the result) or a quotient of
two (double, 2e-16).

References
----------
Moshier, S. L. (1989), Methods and Programs for Mathematical Functions (Cephes): atan, atanf. Hart, J. F. et al. (1968),
Computer Approximations.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.kernel import ir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.emission import Emitter

_TAN_PI_8, _TAN_3PI_8 = math.sqrt(2.0) - 1.0, math.sqrt(2.0) + 1.0
# From the highest power on.
_SINGLE = (8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1)
_ABOVE = (
    *(-8.750608600031904122785e-1, -1.615753718733365076637e1, -7.500855792314704667340e1),
    *(-1.228866684490136173410e2, -6.485021904942025371773e1),
)
_BELOW = (
    *(1.0, 2.485846490142306297962e1, 1.650270098316988542046e2),
    *(4.328810604912902668951e2, 4.853903996359136964868e2, 1.945506571482613964425e2),
)


def arctangent(e: Emitter, x: ir.Value) -> ir.Value:
    """Return the arctangent of a number, radians."""
    return e.intrinsic("copysign", _of_positive(e, e.intrinsic("fabs", x)), x)


def arctangent_of_two(e: Emitter, y: ir.Value, x: ir.Value) -> ir.Value:
    """Return the angle of the point (x, y), radians from the x axis; 0 of the origin."""
    b = e.builder
    right, up = e.intrinsic("fabs", x), e.intrinsic("fabs", y)
    is_steep = b.fcmp_ordered(">", up, right)
    longer = b.select(is_steep, up, right)
    some = b.select(b.fcmp_ordered("==", longer, e.number(0.0)), e.number(1.0), longer)
    angle = _of_positive(e, b.fdiv(b.select(is_steep, right, up), some))
    angle = b.select(is_steep, b.fsub(e.number(math.pi / 2), angle), angle)
    is_left = b.fcmp_ordered("<", x, e.number(0.0))
    angle = b.select(is_left, b.fsub(e.number(math.pi), angle), angle)
    return e.intrinsic("copysign", angle, y)


def _of_positive(e: Emitter, x: ir.Value) -> ir.Value:
    b = e.builder
    one, nothing = e.number(1.0), e.number(0.0)
    is_far = b.fcmp_ordered(">", x, e.number(_TAN_3PI_8))
    is_mid = b.fcmp_ordered(">", x, e.number(_TAN_PI_8))
    above = b.select(is_far, e.number(-1.0), b.select(is_mid, b.fsub(x, one), x))
    below = b.select(is_far, x, b.select(is_mid, b.fadd(x, one), one))
    near = b.fdiv(above, below)
    start = b.select(
        is_far, e.number(math.pi / 2), b.select(is_mid, e.number(math.pi / 4), nothing)
    )
    square = b.fmul(near, near)
    if isinstance(e.kind, ir.FloatType):
        curve = _polynomial(e, square, _SINGLE)
    else:
        curve = b.fdiv(_polynomial(e, square, _ABOVE), _polynomial(e, square, _BELOW))
    return b.fadd(start, b.fadd(b.fmul(b.fmul(square, curve), near), near))


def _polynomial(e: Emitter, x: ir.Value, factors: Sequence[float]) -> ir.Value:
    found = e.number(factors[0])
    for factor in factors[1:]:
        found = e.builder.fadd(e.builder.fmul(found, x), e.number(factor))
    return found
