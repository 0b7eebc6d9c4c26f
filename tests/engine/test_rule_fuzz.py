"""Any rendering rule of any function gives an image without NaN, or an error that names what is wrong."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.request import Encoding
from server.protocols.arcgis.function_arguments import FUNCTION_RULES, esri_name
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json
from tests.engine.chain_services import pixels_of
from tests.engine.test_mosaic_process import nearest, service_with

if TYPE_CHECKING:
    from engine.function_rules import FunctionRule
    from engine.service import ImageService

_NUMBERS = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([0.5, 255, 65_536, 1e-300, -1e300, 2**40, "3", "x", None, True]),
    st.floats(allow_nan=False, allow_infinity=False),
)
_COLOURS = st.lists(st.integers(0, 255), min_size=3, max_size=4)
_POINTS = st.lists(st.floats(499_000, 503_000), min_size=2, max_size=2)
_OBJECTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {"min": _NUMBERS, "max": _NUMBERS, "counts": st.lists(st.integers(0, 9))}
    ),
    st.fixed_dictionaries({"fromColor": _COLOURS, "toColor": _COLOURS}),
    st.fixed_dictionaries({"rings": st.lists(st.lists(_POINTS, max_size=6), max_size=2)}),
    st.fixed_dictionaries(dict.fromkeys(("xmin", "ymin", "xmax", "ymax"), _NUMBERS)),
)
_ANY: st.SearchStrategy[Any] = st.one_of(
    _NUMBERS,
    _OBJECTS,
    st.lists(_NUMBERS, max_size=9),
    st.lists(st.lists(_NUMBERS, max_size=5), max_size=4),
    st.lists(_OBJECTS, max_size=2),
    st.sampled_from(["Slope", "Random", "NDVI", "B1 / (B2 - B3)", "1 2 3", "$$", "$1", ""]),
)


def _of_field(kind: Any) -> st.SearchStrategy[Any]:
    """Values that are mostly such as the field takes."""
    inner = [each for each in typing.get_args(kind) if each is not type(None)]
    if kind is bool:
        likely: st.SearchStrategy[Any] = st.booleans()
    elif kind in (int, float):
        likely = _NUMBERS
    elif typing.get_origin(kind) is tuple and inner[0] in (int, float):
        likely = st.lists(_NUMBERS, max_size=9)
    elif inner and typing.get_origin(kind) is not tuple:
        likely = _of_field(inner[0])
    else:
        likely = _ANY
    return st.one_of(likely, likely, _ANY)


def _rules(kind: type[FunctionRule], rasters: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {
        esri_name(kind, field.name): _of_field(field.type) for field in msgspec.structs.fields(kind)
    }
    names = [name.rstrip("*?") for name in kind.inputs]
    arguments = st.fixed_dictionaries({}, optional={**fields, **dict.fromkeys(names, rasters)})
    types = st.sampled_from([None, "UNKNOWN", "U8", "S8", "S16", "U32", "F32", "F64"])
    return st.fixed_dictionaries(
        {
            "rasterFunction": st.just(str(kind.__struct_config__.tag)),
            "rasterFunctionArguments": arguments,
        },
        optional={"outputPixelType": types},
    )


_KINDS = sorted(set(FUNCTION_RULES.values()), key=lambda kind: kind.__name__)
_LEAVES: st.SearchStrategy[Any] = st.sampled_from(["$$", "$1", 3, None, "x"])
_RULES = st.recursive(
    _LEAVES, lambda below: st.one_of([_rules(kind, below) for kind in _KINDS]), max_leaves=4
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands side by side."""
    return service_with(tmp_path_factory.mktemp("fuzz"), [], bands=4)


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: str(kind.__struct_config__.tag))
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_rule_gives_an_image_or_names_what_is_wrong(
    service: ImageService, kind: type[FunctionRule], data: st.DataObject
) -> None:
    value = data.draw(_rules(kind, _RULES))
    form = data.draw(st.sampled_from(["png", "bsq"]))
    try:
        rule = rendering_rule_of_json(value)
        got = pixels_of(service, nearest(size=9, rendering=rule, encoding=Encoding(format=form)))
    except RequestError:
        return
    assert got.data.shape[1:] == (9, 9)
    valid = np.broadcast_to(got.valid, got.data.shape)
    assert np.isfinite(got.data[valid]).all()
