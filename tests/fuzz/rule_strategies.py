"""Rendering rules as clients might write them, right and wrong, over every function that is registered."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
from hypothesis import strategies as st

from engine.function_rules import Shape
from engine.function_rules.local_names import LOCAL_NAMES
from engine.pixel_type import PixelType
from server.protocols.arcgis.function_arguments import FUNCTION_RULES, esri_name

NAMES = sorted({*FUNCTION_RULES, *LOCAL_NAMES})
_DEEPEST = 3

_numbers = st.sampled_from(
    [0, 1, -1, 2, 3, 0.5, -0.5, 7.25, 45, 90, 255, 256, 1000, -32768, 65535, 1e-9, 1e9, 1e38, 1e300]
)
_texts = st.sampled_from(
    [
        "",
        " ",
        "1",
        "0 1",
        "1,2,3",
        "B1 B2",
        "(B1 - B2) / (B1 + B2)",
        "b1 +",
        "b99",
        "x",
        "a + x",
        "Con(B1 > 3, B2, 0)",
        "Slope",
        "Elevation",
        "Red",
        "7 9;3",
        "nan",
        "inf",
        "-1e999",
        "ü¶\u202e",
        "().__class__",
        "{}",
        "[[1,2],[3,4]]",
    ]
)
_garbage = st.sampled_from(
    [
        None,
        True,
        False,
        {},
        [],
        [[]],
        [None],
        [[1], [2, 3]],
        {"a": 1},
        {"rasterFunction": 7},
        "$",
        "$$",
        "$1",
        "$99999",
        "nonsense",
        -1,
        2**40,
        1e308,
        {"xmin": 1},
        {"rings": []},
        {"type": "RasterFunctionVariable", "value": None},
    ]
)
_boxes = st.sampled_from([(480_000, 5_544_000, 480_300, 5_544_300), (0, 0, 1, 1), (5, 5, 5, 5)])


def _polygon(box: tuple[float, float, float, float]) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = box
    ring = [[xmin, ymin], [xmin, ymax], [xmax, ymax], [xmax, ymin], [xmin, ymin]]
    return {"rings": [ring], "spatialReference": {"wkid": 32633}}


_shapes = _boxes.map(_polygon) | _boxes.map(
    lambda box: dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
)


def _of_type(kind: Any, words: dict[str, int]) -> st.SearchStrategy[Any]:
    """Return values that a field may well have."""
    if typing.get_origin(kind) is tuple:
        return _of_tuple(typing.get_args(kind), words)
    options = [each for each in typing.get_args(kind) if each is not type(None)]
    if options:
        kind = options[0]
        if typing.get_origin(kind) is tuple:
            return _of_tuple(typing.get_args(kind), words)
    if kind is bool:
        return st.sampled_from([True, False, "true", "False", 1, 0])
    if kind is int:
        known = st.sampled_from([*words, *words.values()]) if words else st.integers(0, 12)
        return known | st.integers(-2, 80) | st.integers(0, 12).map(str)
    if kind is float:
        return _numbers | st.floats(-100, 100) | _numbers.map(str)
    if kind is Shape:
        return _shapes
    return _texts | st.sampled_from([*words]) if words else _texts


def _of_tuple(kinds: tuple[Any, ...], words: dict[str, int]) -> st.SearchStrategy[Any]:
    many = kinds[-1] is Ellipsis
    inner = [_of_type(each, words) for each in kinds if each is not Ellipsis]
    if many:
        return st.lists(inner[0], max_size=6)
    return st.tuples(*inner).map(list)


def _arguments(kind: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return arguments of a record: some of its fields, in their type or not."""
    optional = {}
    for field in msgspec.structs.fields(kind):
        right = _of_type(field.type, dict(kind.words.get(field.name, {})))
        optional[esri_name(kind, field.name)] = st.one_of(right, right, right, right, _garbage)
    return st.fixed_dictionaries({}, optional=optional)


# Of operations of Local by names of their own.
_LOCAL = st.fixed_dictionaries({}, optional={"Raster2": _numbers, "Rasters": _garbage})
_BY_NAME = {name: _arguments(kind) for name, kind in FUNCTION_RULES.items()}


@st.composite
def rules(draw: st.DrawFn, depth: int = 0) -> Any:
    """Return a rule, or what someone takes for one."""
    if draw(st.integers(0, 40)) == 0:
        return draw(_garbage)
    name = draw(st.sampled_from(NAMES))
    arguments = dict(draw(_BY_NAME.get(name, _LOCAL)))
    for raster in _raster_names(name):
        if draw(st.integers(0, 2)):
            arguments[raster] = draw(_rasters(depth))
    rule: dict[str, Any] = {"rasterFunction": name, "rasterFunctionArguments": arguments}
    if draw(st.integers(0, 5)) == 0:
        rule["outputPixelType"] = draw(st.sampled_from([*PixelType, "UNKNOWN", "C64", 3]))
    return rule


def _raster_names(name: str) -> list[str]:
    kind = FUNCTION_RULES.get(name)
    return ["Raster"] if kind is None else [each.rstrip("*?") for each in kind.inputs]


def _rasters(depth: int) -> st.SearchStrategy[Any]:
    plain = st.sampled_from(["$$", "$1", None, 3, 0.5])
    if depth >= _DEEPEST:
        return plain | _garbage
    inner = plain | rules(depth=depth + 1)
    return st.one_of(inner, inner, st.lists(inner, max_size=3), _garbage)
