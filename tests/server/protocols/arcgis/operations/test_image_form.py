"""The inputs of picture pages are parameters that are read."""

from __future__ import annotations

import inspect

import pytest

from server.protocols.arcgis import dimensions, image_parameters, rendering_rule, rules
from server.protocols.arcgis.operations.image_form import FORMAT_CHOICES, IMAGE_FIELDS

_READERS = "".join(
    inspect.getsource(module) for module in (dimensions, image_parameters, rendering_rule, rules)
)


@pytest.mark.parametrize("name", [field.name for field in IMAGE_FIELDS])
def test_every_input_is_read_somewhere(name: str) -> None:
    assert f'"{name}"' in _READERS


def test_every_format_is_offered_once() -> None:
    assert len(set(FORMAT_CHOICES)) == len(FORMAT_CHOICES)
    assert "jpeg" not in FORMAT_CHOICES
