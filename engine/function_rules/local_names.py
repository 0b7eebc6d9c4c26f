"""Names under which operations of the Local function go by themselves, as functions of their own.

References
----------
ArcGIS Pro, raster functions: Math, Math: Trigonometric, Conditional, Logical and Bitwise groups.
"""

from __future__ import annotations

_NAMES: dict[int, str] = {
    1: "Plus",
    2: "Minus",
    3: "Times",
    4: "SquareRoot Sqrt",
    5: "Power",
    6: "ACos",
    7: "ASin",
    8: "ATan",
    9: "ATanH",
    10: "Abs",
    11: "BitwiseAnd",
    12: "BitwiseLeftShift",
    13: "BitwiseNot",
    14: "BitwiseOr",
    15: "BitwiseRightShift",
    16: "BitwiseXOr",
    17: "BooleanAnd",
    18: "BooleanNot",
    19: "BooleanOr",
    20: "BooleanXOr",
    21: "Cos",
    22: "CosH",
    23: "Divide",
    24: "Equal EqualTo",
    25: "Exp",
    26: "Exp10",
    27: "Exp2",
    28: "GreaterThan",
    29: "GreaterThanEqual GreaterThanOrEqual",
    30: "Int",
    31: "IsNull",
    32: "Float",
    33: "LessThan",
    34: "LessThanEqual LessThanOrEqual",
    35: "Ln",
    36: "Log10",
    37: "Log2",
    38: "Majority",
    39: "Max Maximum",
    40: "Mean",
    41: "Median",
    42: "Min Minimum",
    43: "Minority",
    44: "Mod",
    45: "Negate",
    46: "NotEqual",
    47: "Range",
    48: "RoundDown",
    49: "RoundUp",
    50: "SetNull",
    51: "Sin",
    52: "SinH",
    53: "Square",
    54: "StandardDeviation Std",
    55: "Sum",
    56: "Tan",
    57: "TanH",
    58: "Variety",
    59: "ACosH",
    60: "ASinH",
    61: "ATan2",
    64: "FloatDivide",
    65: "FloorDivide",
    78: "Con Conditional",
    84: "Pick",
    93: "Percentile",
}

# Numbers of operations by name, in lower case.
LOCAL_NAMES: dict[str, int] = {
    name.casefold(): number for number, names in _NAMES.items() for name in names.split()
}

# What each raster of such a function may be called, in order; Rasters is the list of all.
RASTER_NAMES: tuple[tuple[str, ...], ...] = (
    ("conditionalraster", "conditionraster", "raster", "raster1"),
    ("trueraster", "raster2", "falseraster", "raster1"),
    ("falseraster", "raster3"),
)
