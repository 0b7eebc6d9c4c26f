"""The operations that expressions know: their names and how many arguments they take.

Truth is 1 and 0; what is not 0 counts as true. A result that is no finite number (a division by 0, the root
of a negative number) is invalid. How each is computed is `emission`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_ARGUMENTS = 1000


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes
    ----------
    least, most : int
        Counts of arguments.
    is_finite : bool
        Finite arguments always give a finite result (of any size that pictures have).
    mends : bool
        May be valid where an argument is not.
    """

    name: str
    least: int
    most: int
    is_finite: bool = True
    mends: bool = False

    def check_count(self, count: int) -> None:
        """Raise ValueError where it does not take so many arguments."""
        if not self.least <= count <= self.most:
            accepted = f"{self.least}" if self.least == self.most else f"at least {self.least}"
            raise ValueError(f"{self.name} takes {accepted} arguments, not {count}")


def _all(
    names: str, least: int, most: int | None = None, *, finite: bool = True, mends: bool = False
) -> list[Operation]:
    return [Operation(name, least, most or least, finite, mends) for name in names.split()]


OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        # Of one number.
        *_all("neg abs square sign floor ceil trunc round sin cos atan tanh asinh not bit_not", 1),
        *_all(
            "sqrt exp exp2 exp10 ln log2 log10 tan asin acos sinh cosh acosh atanh", 1, finite=False
        ),
        # What a block of single precision would hold of it, or more digits (`precision`).
        *_all("single", 1),
        # Whether the argument is invalid: always valid itself.
        *_all("is_null", 1, mends=True),
        # Of two numbers.
        *_all("add sub mul atan2 eq ne lt le gt ge and or xor", 2),
        *_all("bit_and bit_or bit_xor shift_left shift_right", 2),
        *_all("div floor_div mod pow", 2, finite=False),
        # set_null(condition, value): invalid where the condition holds.
        *_all("set_null", 2),
        # con(condition, yes, no): only the one that is taken needs to be valid.
        *_all("con", 3, mends=True),
        # or_else(value, other): the other one where the value is invalid.
        *_all("or_else", 2, mends=True),
        # The value, the least and the greatest that it may be.
        *_all("clamp", 3),
        # Of any count: valid where all arguments are, and those that leave invalid ones out.
        *_all("min max sum mean range std", 1, MOST_ARGUMENTS),
        *_all(
            "min_valid max_valid sum_valid mean_valid range_valid std_valid",
            1,
            MOST_ARGUMENTS,
            mends=True,
        ),
        # pick(number, first, second …): the number counts from 1, others are invalid.
        *_all("pick", 2, MOST_ARGUMENTS, mends=True),
    )
}
