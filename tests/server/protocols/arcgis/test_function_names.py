"""Which names of functions are known, and which are taken."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from engine.functions import FUNCTIONS
from server.protocols.arcgis.function_names import accepted_functions, is_taken, outside_rule


def test_every_function_is_listed_and_taken() -> None:
    listed = accepted_functions().split(", ")
    for name in set(FUNCTIONS) - {"Python"}:
        assert name in listed
        assert is_taken(name.lower())
    assert is_taken("NDVIFunction")
    assert not is_taken("MyOwnIndex")


@pytest.mark.parametrize("name", ["PythonAdapter", "python"])
def test_code_is_never_named(name: str) -> None:
    with pytest.raises(InvalidParameter, match="registered"):
        outside_rule(name, {})


def test_what_no_plug_in_brings_is_refused_with_what_there_is() -> None:
    with pytest.raises(InvalidParameter, match="Hillshade"):
        outside_rule("Zap", {})
