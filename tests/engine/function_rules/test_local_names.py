"""Operations of Local under names of their own."""

from __future__ import annotations

from engine.function_rules.local_names import LOCAL_NAMES
from engine.functions import FUNCTIONS
from engine.functions.local_operations import LOCAL_OPERATIONS

# The variants that leave no data out go by their numbers alone, and those with two numbers by the first.
_NUMBERED = {*range(66, 76), 94}


def test_every_operation_but_the_variants_has_a_name() -> None:
    assert set(LOCAL_OPERATIONS) - set(LOCAL_NAMES.values()) == _NUMBERED
    assert set(LOCAL_NAMES.values()) <= set(LOCAL_OPERATIONS)


def test_no_name_is_that_of_a_function() -> None:
    assert not {name.casefold() for name in FUNCTIONS} & set(LOCAL_NAMES)
