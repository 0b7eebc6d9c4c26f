"""Rendering rules that name registered functions: rasters, scalars, what is refused by name."""

from __future__ import annotations

import json

import pytest

from engine.errors import InvalidParameter
from engine.python_functions.messages import ParameterInfo
from engine.request_parts import ItemInput, MosaicInput, RenderingRule
from server.protocols.arcgis.function_names import is_taken
from server.protocols.arcgis.rendering_rule import accepted_functions, rendering_rule_of_json
from server.python_functions import known
from server.python_functions.arguments import python_rule
from server.python_functions.manifest import FORMAT_VERSION, FunctionManifest

MANIFEST = FunctionManifest(
    format_version=FORMAT_VERSION,
    name="Blur",
    version="ab" * 16,
    file="blur.py",
    class_name="Blur",
    parameters=(
        ParameterInfo(name="raster", data_type="raster", required=True),
        ParameterInfo(name="weights", data_type="raster", required=False),
        ParameterInfo(name="dem", data_type="raster", required=True),
        ParameterInfo(name="others", data_type="rasters"),
        ParameterInfo(name="radius", data_type="numeric", required=True),
        ParameterInfo(name="mode", data_type="string", value="Mean", domain=("Mean", "Median")),
        ParameterInfo(name="wide", data_type="boolean", value=False),
    ),
)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setattr(known._Known, "functions", {"blur": MANIFEST})


def read(name="blur", **arguments):
    return rendering_rule_of_json({"rasterFunction": name, "rasterFunctionArguments": arguments})


def test_a_registered_name_becomes_a_rule_of_its_version():
    rule = read(DEM="$3", Radius="4", mode="median", Wide="true", unknown=1)
    assert rule.function == "Python"
    assert (rule.arguments.name, rule.arguments.version) == ("Blur", "ab" * 16)
    assert rule.inputs == (MosaicInput(), ItemInput(item=3))
    assert rule.arguments.rasters == ("raster", "dem")
    assert json.loads(rule.arguments.scalars) == {"radius": 4, "mode": "Median", "wide": True}


def test_rasters_may_be_rules_and_lists():
    inner = {"rasterFunction": "NDVI"}
    rule = read(raster=inner, dem="$1", radius=2.5, others=["$1", "$2", inner], weights="$9")
    assert rule.arguments.rasters == ("raster", "weights", "dem", "others", "others", "others")
    assert isinstance(rule.inputs[0], RenderingRule)
    assert rule.inputs[0] == rule.inputs[-1]
    assert json.loads(rule.arguments.scalars)["radius"] == 2.5


def test_equal_rules_are_equal_whatever_the_order_of_their_arguments():
    one = read(dem="$1", radius=1, mode="Mean")
    assert one == read(mode="mean", radius="1", dem="$1")
    assert hash(one) == hash(read(radius=1, dem="$1"))


@pytest.mark.parametrize(
    ("arguments", "name", "accepted"),
    [
        ({"radius": 1}, "dem", "Blur requires"),
        ({"dem": "$1"}, "radius", "Blur requires"),
        ({"dem": "$1", "radius": "wide"}, "radius", "a number"),
        ({"dem": "$1", "radius": True}, "radius", "a number"),
        ({"dem": "$1", "radius": [1, 2]}, "radius", "a number"),
        ({"dem": "$1", "radius": "1e999"}, "radius", "finite"),
        ({"dem": "$1", "radius": "nan"}, "radius", "finite"),
        ({"dem": "$1", "radius": 1, "mode": "Mode"}, "mode", "Mean, Median"),
        ({"dem": "$1", "radius": 1, "mode": {"a": 1}}, "mode", "text"),
        ({"dem": "$1", "radius": 1, "wide": "maybe"}, "wide", "true or false"),
        ({"dem": "/etc/passwd", "radius": 1}, "dem", "OBJECTID"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(arguments, name, accepted):
    with pytest.raises(InvalidParameter, match=accepted) as caught:
        read(**arguments)
    assert caught.value.fields[0] == f"renderingRule.{name}"


@pytest.mark.parametrize(
    "name", ["Python", "PythonAdapter", "pythonAdapterFunction", "PythonRaster"]
)
def test_code_is_never_taken_from_a_client(name):
    with pytest.raises(InvalidParameter, match=r"registered; code is never taken"):
        read(name, ClassName="Blur", PythonModule="/srv/blur.py", version="x")


def test_unknown_functions_list_registered_ones_too():
    with pytest.raises(InvalidParameter, match="NoSuch"):
        read("NoSuch")
    assert "Blur" in accepted_functions()


@pytest.mark.parametrize(
    "name", ["ndvi", "NDVIFunction", "Python", "None", "Plus", "PythonAdapter"]
)
def test_names_of_swath_are_taken(name):
    assert is_taken(name)


def test_a_free_name_is_not_taken():
    assert not is_taken("Blur")


def test_a_function_without_rasters_has_none():
    class Reader:
        def one(self, name, value):
            raise AssertionError

        several = one

    manifest = FunctionManifest(
        format_version=1, name="N", version="v", file="n.py", class_name="N", parameters=()
    )
    rule, inputs = python_rule(manifest, {"raster": "$$"}, Reader())
    assert (rule.rasters, inputs, rule.scalars) == ((), [], "{}")
