"""STAC documents on local disks: read with bounds, walked from catalogs to items, links never fetched."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

import msgspec

from engine.errors import SourceCorrupt, SourceError, SourceUnavailable, UnknownProduct
from raster_types.base import state_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from raster_types.base import Product

Json: TypeAlias = "dict[str, object]"

# A collection of 100,000 items in one file.
MAX_BYTES = 512 << 20
# Of what is to be written after --rewrite: a sentence has some 300 characters.
_LONGEST_BEGIN = 140
_MAX_DOCUMENTS = 200_000
_WALKED = ("child", "item", "items", "next")


@dataclass(frozen=True, slots=True)
class StacItem:
    """One item and the document it stands in."""

    document: str
    body: Json


@dataclass(frozen=True, slots=True)
class LostLink:
    """A link that leads to no document that can be read."""

    document: str
    href: str
    error: SourceError


@dataclass(frozen=True, slots=True)
class Links:
    """How links become local paths.

    Attributes
    ----------
    rewrite : tuple of (from, to)
    """

    rewrite: tuple[tuple[str, str], ...] = ()

    def path(self, document: str, href: str) -> str:
        """Return the local file that a link of a document leads to; "" = it is elsewhere."""
        for start, local in self.rewrite:
            if href.startswith(start):
                return _collapsed(local + href.removeprefix(start))
        if href.startswith("file://"):
            href = href.removeprefix("file://")
        if "://" in href or href.startswith(("/vsi", "data:")) or "\0" in href:
            return ""
        path = _collapsed(str(PurePosixPath(document).parent / href))
        if "%" in path and state_of_file(path)[0] < 0:
            return unquote(path)
        return path

    def asset(self, document: str, href: str) -> str:
        """Return the local file of an asset: what the link leads to, or its copy beside the document.

        Landsat's and others' documents are delivered beside their files and link to the archive's.
        """
        path = self.path(document, href)
        name = unquote(PurePosixPath(href.partition("?")[0]).name)
        if path or "://" not in href or "/" in name or "\0" in name:
            return path
        beside = str(PurePosixPath(document).parent / name)
        return beside if name and state_of_file(beside)[0] >= 0 else ""


def elsewhere(what: str, href: str) -> str:
    """Return the sentence about a link that is not local, without its end."""
    start = href.rpartition("/")[0] or href
    begin = f"{start}/" if len(start) < _LONGEST_BEGIN else _machine(href)
    name = href.rpartition("/")[2][:80]
    return (
        f"{what} is not on this machine and is not fetched; say where a copy lies by "
        f"--rewrite {begin}=FOLDER/ ({name})"
    )


def _machine(href: str) -> str:
    """Return what all links to one machine begin with."""
    scheme, _, rest = href.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"[:_LONGEST_BEGIN]


def walk(product: Product, links: Links) -> Iterator[StacItem | LostLink]:
    """Yield the items of a document: its own, those of its list, or all below a catalog.

    Raises
    ------
    SourceError
        The document cannot be read, or is no STAC.
    """
    waiting = deque([product.main])
    seen = {product.main}
    while waiting:
        path = waiting.popleft()
        try:
            body = _read(product, path)
            yield from _items(path, body)
        except SourceError as err:
            if path == product.main:
                raise
            yield LostLink(path, path, err)
            continue
        for href in _links(body):
            target = links.path(path, href)
            if not target:
                why = elsewhere(f"what {PurePosixPath(path).name} links to", href)
                yield LostLink(path, href, SourceUnavailable(href, why))
            elif target not in seen:
                if len(seen) >= _MAX_DOCUMENTS:
                    why = f"leads to more than {_MAX_DOCUMENTS} documents"
                    raise SourceCorrupt(product.main, why)
                seen.add(target)
                waiting.append(target)


def _read(product: Product, path: str) -> Json:
    size, _ = state_of_file(path)
    if size > MAX_BYTES:
        raise SourceCorrupt(path, f"has {size >> 20} MB; at most {MAX_BYTES >> 20} MB are read")
    text = product.text(path, MAX_BYTES)
    try:
        body: object = msgspec.json.decode(text.lstrip("\ufeff"))
    except (msgspec.DecodeError, RecursionError) as err:
        raise UnknownProduct(path, "is no JSON that can be read (cut off, perhaps)") from err
    if not isinstance(body, dict) or not _is_stac(body):
        accepted = "an item, an item collection, a collection or a catalog"
        raise UnknownProduct(path, f"is no STAC document; expected {accepted}")
    return body


def _is_stac(body: Json) -> bool:
    kind = body.get("type")
    if kind == "FeatureCollection":
        features = body.get("features")
        listed = isinstance(features, list) and all(map(is_item, features[:10]))
        return listed and (bool(features) or "stac_version" in body)
    return is_item(body) or kind in ("Catalog", "Collection") or "stac_version" in body


def is_item(body: object) -> bool:
    """Tell whether a JSON value is a STAC item."""
    return (
        isinstance(body, dict) and body.get("type") == "Feature" and is_mapping(body.get("assets"))
    )


def is_mapping(value: object) -> bool:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def mapping(value: object) -> Json:
    """Return a JSON object, {} for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """Return a JSON list, [] for anything else."""
    return value if isinstance(value, list) else []


def mappings(values: object) -> Sequence[Json]:
    """Return the objects of a JSON list, {} in place of anything else; () for no list."""
    return tuple(map(mapping, listed(values)))


def _items(path: str, body: Json) -> Iterator[StacItem]:
    if is_item(body):
        yield StacItem(path, body)
    for feature in listed(body.get("features")):
        if is_item(feature):
            yield StacItem(path, mapping(feature))


def _links(body: Mapping[str, object]) -> Iterator[str]:
    """Yield where a list goes on, and what is below a catalog."""
    if is_item(body):
        return
    followed = ("next",) if "features" in body else _WALKED
    for link in mappings(body.get("links")):
        href = link.get("href")
        if link.get("rel") in followed and isinstance(href, str) and href:
            yield href


def _collapsed(path: str) -> str:
    """Return a path without "." and "..", so that one file has one name."""
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts and parts[-1] not in ("/", ".."):
            parts.pop()
        elif part != ".":
            parts.append(part)
    return str(PurePosixPath(*parts))
