"""The bounds on what clients say stand in one place, are all used, and fit each other."""

from __future__ import annotations

import ast
import re

from config.settings import LimitSettings
from engine.geometry.projection import MAX_WKT_CHARS
from engine.where_tokens import MAX_CHARS
from server.access import credentials
from server.protocols import input_limits

# Bounds of what is answered, remembered, or written by authors.
OTHERS = {
    ("arcgis/errors.py", "MAX_BYTES"),
    ("arcgis/operations/legend.py", "MAX_CLASSES"),
    ("arcgis/readable.py", "MAX_ROWS"),
    ("arcgis/readable.py", "_MAX_TEXT"),
    ("arcgis/readable.py", "_MAX_WORDS"),
    ("arcgis/template_xml.py", "MOST_BYTES"),
    ("arcgis/template_xml.py", "_MOST_DEEP"),
    ("arcgis/units.py", "_MOST_DECIMALS"),
    ("wms/coordinate_systems.py", "_MOST_KNOWN"),
    ("wms/dimensions.py", "_MOST_LISTED"),
    ("wms/layer_boxes.py", "_MOST_DEGREES"),
    ("wms/legend_picture.py", "_MOST_WIDTH"),
    ("xyz.py", "_LONGEST_KEPT"),
    ("xyz.py", "_MOST_QUERIES"),
}
BOUNDS = {name: value for name, value in vars(input_limits).items() if name.startswith("MAX_")}


def _protocol_files(repo_root):
    folder = repo_root / "server" / "protocols"
    return [path for path in folder.rglob("*.py") if path.name != "input_limits.py"]


def test_every_bound_is_used(repo_root):
    used = {
        node.id
        for path in _protocol_files(repo_root)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    assert BOUNDS.keys() - used == set()


def test_no_other_module_has_a_bound_of_its_own_of_that_name(repo_root):
    defined = [
        f"{path.name}: {node.id}"
        for path in _protocol_files(repo_root)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in BOUNDS
    ]
    assert defined == []


def test_bounds_of_what_clients_say_stand_nowhere_else(repo_root):
    folder = repo_root / "server" / "protocols"
    found = {
        (path.relative_to(folder).as_posix(), target.id)
        for path in _protocol_files(repo_root)
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and re.match(r"_?(MAX|MOST|LONGEST)", target.id)
    }
    assert found == OTHERS


def test_bounds_are_whole_and_positive():
    assert all(isinstance(value, int) and value > 0 for value in BOUNDS.values())


def test_bounds_fit_each_other():
    body = LimitSettings().max_body_kb * 1024
    assert input_limits.MAX_JSON_CHARACTERS < input_limits.MAX_PART_BYTES < body
    assert body > input_limits.MAX_SLD_CHARACTERS
    assert input_limits.MAX_SLOPPY_CHARACTERS < input_limits.MAX_JSON_CHARACTERS
    assert input_limits.MAX_RULE_DEPTH < input_limits.MAX_RULE_DEPTH_IN_ALL
    # A rule may be as deep as it may; JSON has an object and a list for each function.
    assert 2 * input_limits.MAX_RULE_DEPTH < input_limits.MAX_JSON_DEPTH


def test_bounds_are_no_wider_than_those_of_the_engine():
    assert input_limits.MAX_WKT <= MAX_WKT_CHARS
    assert input_limits.MAX_WHERE <= MAX_CHARS


def test_a_token_is_found_among_as_many_parameters_as_may_be():
    assert credentials._MAX_FIELDS == input_limits.MAX_PARAMETERS
