"""Landsat metadata files (MTL) in their three forms, as groups of plain texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Groups = dict[str, dict[str, str]]

_LINE = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*")
_MAX_LINES = 20_000
_MAX_DEPTH = 8


def read_groups(text: str) -> Groups:
    """Return the groups of a metadata file, in file order; keys in upper case, values without quotes.

    Parameters
    ----------
    text
        ODL ("GROUP = …"), JSON or XML. Groups inside groups stand beside them.

    Raises
    ------
    InvalidParameter
        The text is none of these.
    """
    start = text.lstrip("\ufeff \t\r\n\0")
    if start.startswith("{"):
        return _of_json(start.rstrip("\0 \r\n\t"))
    if start.startswith("<"):
        groups: Groups = {}
        _take_element(parse_xml("MTL", start), groups, 0)
        return groups
    return _of_odl(start)


def _of_odl(text: str) -> Groups:
    groups: Groups = {}
    stack = [""]
    for line in text.splitlines()[:_MAX_LINES]:
        match = _LINE.fullmatch(line.rstrip("\0"))
        if match is None:
            continue
        key, value = match[1].upper(), match[2].strip('"').strip()
        if key in ("GROUP", "BEGIN_GROUP"):
            stack.append(value.upper())
        elif key == "END_GROUP":
            # One too many closes nothing.
            stack = stack[:-1] or [""]
        else:
            groups.setdefault(stack[-1], {}).setdefault(key, value)
    if not groups:
        raise InvalidParameter("MTL", text[:40], "lines of KEY = VALUE, JSON or XML")
    return groups


def _of_json(text: str) -> Groups:
    try:
        plain: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as err:
        raise InvalidParameter("MTL", err, "well-formed JSON") from err
    groups: Groups = {}
    _take_mapping("", plain, groups, 0)
    return groups


def _take_mapping(name: str, plain: object, groups: Groups, depth: int) -> None:
    if not isinstance(plain, dict) or depth > _MAX_DEPTH:
        return
    for key, value in plain.items():
        if isinstance(value, dict):
            _take_mapping(str(key).upper(), value, groups, depth + 1)
        elif isinstance(value, str | int | float):
            groups.setdefault(name, {}).setdefault(str(key).upper(), str(value).strip())


def _take_element(element: Element, groups: Groups, depth: int) -> None:
    if depth > _MAX_DEPTH:
        return
    for child in element:
        if len(child):
            _take_element(child, groups, depth + 1)
        else:
            text = (child.text or "").strip().strip('"')
            groups.setdefault(element.tag.upper(), {}).setdefault(child.tag.upper(), text)
