"""STAC: items, item collections, and static catalogs and collections walked on local disks.

Links and assets that are elsewhere are never fetched: they make items that failed and say so, unless
`--rewrite` tells where a copy lies.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import UnknownProduct
from raster_types.stac_files.stac_document import Links, LostLink, walk
from raster_types.stac_files.stac_item import failed_item, stac_item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.base import ItemOptions, Product

_TOPS = ("catalog.json", "collection.json")


class StacType:
    """The raster type "stac"."""

    name = "stac"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each JSON file by itself, catalogs and collections first."""
        documents = [path for path in paths if _is_document(path)]
        documents.sort(key=lambda path: PurePath(path).name.lower() not in _TOPS)
        return ((path,) for path in documents)

    def is_expected(self, path: str) -> bool:
        """Tell by the name: other JSON files are many, these claim to be STAC."""
        return PurePath(path).name.lower() in _TOPS

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make an item of each STAC item in a document or below it.

        Raises
        ------
        UnknownProduct
            No STAC, or a catalog without items.
        SourceError
            The document cannot be read.
        """
        links = Links(options.rewrite)
        count = 0
        for found in walk(product, links):
            count += 1
            if isinstance(found, LostLink):
                name = PurePath(found.href).stem or PurePath(found.document).stem
                yield failed_item(name, found.href, found.error, {})
            else:
                yield stac_item(found, product, links, options)
        if not count:
            raise UnknownProduct(product.main, "is a STAC document without any item")


def _is_document(path: str) -> bool:
    return PurePath(path).suffix.lower() in (".json", ".geojson")
