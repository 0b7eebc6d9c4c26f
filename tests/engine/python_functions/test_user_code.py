"""Files of users: which class is meant, and what they say of their parameters."""

from __future__ import annotations

import pytest

from engine.pixel_type import PixelType
from engine.python_functions.esri_info import array_code, info_of
from engine.python_functions.messages import RasterFacts
from engine.python_functions.parameters import parameters_of
from engine.python_functions.user_code import UserFault, guarded, load_class

WITH = "class {}:\n    def getParameterInfo(self): return []\n"


def write(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / name


def test_the_class_called_as_the_file_is_meant(tmp_path):
    file = write(tmp_path, "first_one.py", WITH.format("Other") + WITH.format("First_One"))
    assert load_class(file).__name__ == "First_One"


def test_else_the_only_one_with_parameters(tmp_path):
    file = write(tmp_path, "second_one.py", "class Base: pass\n" + WITH.format("Whatever"))
    assert load_class(file).__name__ == "Whatever"
    both = write(tmp_path, "third_one.py", WITH.format("A") + WITH.format("B"))
    with pytest.raises(UserFault, match="A, B"):
        load_class(both)
    with pytest.raises(UserFault, match="getParameterInfo"):
        load_class(write(tmp_path, "fourth_one.py", "x = 1\n"))


def test_a_syntax_error_has_its_line(tmp_path):
    file = write(tmp_path, "broken_one.py", "x = 1\ndef f(:\n")
    failed = guarded(file, lambda: load_class(file))
    assert failed.line == 2
    assert failed.why.startswith("SyntaxError")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "list"),
        ([7], "no dictionary"),
        ([{"name": "two words", "dataType": "string"}], "not a word"),
        ([{"name": "a", "dataType": "shape"}], "shape"),
        ([{"name": "a", "dataType": 9}], "9"),
        ([{"name": "a", "dataType": "numeric", "value": []}], "not a number"),
        ([{"name": "a", "dataType": "numeric", "value": float("nan")}], "not a number"),
        ([{"name": "a", "dataType": "string", "domain": (1, 2)}], "domain"),
        ([{"name": "a", "dataType": 2}, {"name": "A", "dataType": 2}], "two parameters"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given, why):
    with pytest.raises(UserFault, match=why):
        parameters_of(given)


def test_types_may_be_numbers_as_in_the_first_releases():
    given = [{"name": f"p{n}", "dataType": n} for n in range(5)]
    kinds = [each.data_type for each in parameters_of(given)]
    assert kinds == ["numeric", "string", "raster", "rasters", "boolean"]


@pytest.mark.parametrize("kind", PixelType)
def test_arrays_of_every_pixel_type_have_a_code_of_numpy(kind):
    assert array_code(kind) in ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8")
    assert info_of(RasterFacts(pixel_type=kind, bands=1))["bandCount"] == 1
