"""STAC documents among the files of folders: which there are, and which rasters they name.

They are known by what they hold, not by their names. Only their beginnings, their links and the links of
their assets are looked at; how their items are read is in `raster_types.stac`.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from raster_types.base import state_of_file
from raster_types.items.image_files import ZARR_GROUPS
from raster_types.stac_files.stac_document import Links, is_item, listed, mapping, mappings

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIXES = (".json", ".geojson")
# So much of a file tells what it is.
_PEEKED = 200_000
# Of larger ones it is not looked at which rasters they name.
_MOST_BYTES = 64 << 20
_KINDS = ("Feature", "FeatureCollection", "Catalog", "Collection")
_BELOW = ("child", "item", "items", "next")


class _Document(msgspec.Struct, frozen=True):
    type: Any = None
    stac_version: Any = None
    assets: Any = None
    features: Any = None
    links: Any = None


@dataclass(slots=True)
class StacSurvey:
    """What STAC documents there are.

    Attributes
    ----------
    documents : dict
        Each one that no other leads to -> local files of the assets of its items and those below it.
    inner : set of str
        Documents that others lead to.
    """

    documents: dict[str, set[str]] = field(default_factory=dict)
    inner: set[str] = field(default_factory=set)


def survey_stac(files: Iterable[str], rewrite: tuple[tuple[str, str], ...] = ()) -> StacSurvey:
    """Look at the JSON files among some, and at what they link to on local disks.

    Parameters
    ----------
    rewrite
        As of `raster_types.stac_files.stac_document.Links`.
    """
    links = Links(rewrite)
    found = {path: document for path in files if (document := _read(path)) is not None}
    survey = StacSurvey()
    # What leads to others first, so that most of those need no look of their own.
    for path in sorted(found, key=lambda each: (found[each].type == "Feature", each)):
        if path not in survey.inner:
            reached, rasters = _below(path, found, links)
            survey.inner |= reached
            for inner in reached & survey.documents.keys():
                del survey.documents[inner]
            survey.documents[path] = rasters
    return survey


def is_stac_file(path: Path) -> bool:
    """Tell by what it holds whether a JSON file is a STAC document."""
    return _read(str(path)) is not None


def _read(path: str) -> _Document | None:
    """Return a STAC document, None for other files; of a large one nothing but that it is one."""
    if PurePath(path).suffix.lower() not in _SUFFIXES or PurePath(path).name in ZARR_GROUPS:
        return None
    try:
        with Path(path).open("rb") as file:
            beginning = file.read(_PEEKED)
            if b'"stac_version"' not in beginning:
                return None
            if state_of_file(path)[0] > _MOST_BYTES:
                return _large(beginning)
            data = beginning + file.read(_MOST_BYTES)
        document = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Document)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # No JSON object, or none that can be read: whoever takes it for something else says so.
        return None
    return document if _is_stac(document.type, document.stac_version, document.features) else None


def _is_stac(kind: object, version: object, features: object) -> bool:
    if kind not in _KINDS:
        return False
    first = next(iter(listed(features)), None)
    if kind == "FeatureCollection" and first is not None:
        return is_item(first) and "stac_version" in mapping(first)
    return isinstance(version, str)


def _large(beginning: bytes) -> _Document | None:
    """Return what the first feature of a large collection tells of it."""
    text = beginning.decode("utf-8", "ignore")
    _, _, after = text.partition('"features"')
    start = after.find("{")
    try:
        first, _ = json.JSONDecoder().raw_decode(after[start:]) if start >= 0 else (None, 0)
    except (ValueError, RecursionError):
        return None
    is_one = is_item(first) and "stac_version" in mapping(first)
    return _Document(type="FeatureCollection") if is_one else None


def _below(top: str, found: dict[str, _Document], links: Links) -> tuple[set[str], set[str]]:
    """Return the documents that one leads to, and the local files that all of them name."""
    seen, rasters = {top}, set[str]()
    waiting = deque([top])
    while waiting:
        path = waiting.popleft()
        document = found.get(path) or _read(path)
        if document is None:
            continue
        for assets in (document.assets, *(each.get("assets") for each in _features(document))):
            for asset in mapping(assets).values():
                if isinstance(href := mapping(asset).get("href"), str) and href:
                    rasters.add(links.asset(path, href))
        for href in _hrefs(document):
            target = links.path(path, href)
            if target and target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen - {top}, rasters - {""}


def _features(document: _Document) -> Iterable[dict[str, object]]:
    return mappings(document.features)


def _hrefs(document: _Document) -> Iterable[str]:
    if document.type == "Feature":
        return
    followed = ("next",) if document.type == "FeatureCollection" else _BELOW
    for link in mappings(document.links):
        href = link.get("href")
        if link.get("rel") in followed and isinstance(href, str) and href:
            yield href
