"""Any product whose bands are separate files: a pattern says which file is which band of which product."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import UnknownProduct
from raster_types.items.band_names import DEFAULT_PATTERN, band_key, wavelength_of
from raster_types.items.image_files import by_folder, claims_to_be_raster, is_image_name
from raster_types.items.product_acquisition import acquisition_of
from raster_types.items.stacked_bands import StackedBand, StackedItem, stacked_item

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.base import ItemOptions, Product


class StackType:
    """The raster type "stack".

    Parameters
    ----------
    pattern
        Regular expression searched in file names, with the groups product and band; a file without
        the group product belongs to its folder.
    """

    name = "stack"

    def __init__(self, pattern: str = DEFAULT_PATTERN) -> None:
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def configured(self, options: ItemOptions) -> StackType:
        """Return the type as the author wants it."""
        return StackType(options.stack_regex or DEFAULT_PATTERN)

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the files of each product, in the order of its bands."""
        for files in by_folder(paths):
            products: dict[str, dict[str, str]] = {}
            for path in files:
                found = self.band_of(path) if is_image_name(path) else None
                if found is not None:
                    # Of two files of one band, as .tif and .jp2, the first counts.
                    products.setdefault(found[0], {}).setdefault(found[1], path)
            for bands in products.values():
                yield tuple(bands[band] for band in sorted(bands, key=band_key))

    def band_of(self, path: str) -> tuple[str, str] | None:
        """Return product and band that a file's name says, None where it says none."""
        match = self._pattern.search(PurePath(path).name)
        if match is None:
            return None
        groups = match.groupdict()
        band = groups.get("band") or ""
        return (groups.get("product") or PurePath(path).parent.name, band) if band else None

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return claims_to_be_raster(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one product.

        Raises
        ------
        UnknownProduct
            The name of a file says no band.
        SourceError
            A file cannot be read.
        """
        kind = self.configured(options)
        header = product.header(product.main)
        bands = {}
        name = ""
        for path in product.paths:
            found = kind.band_of(path)
            if found is None:
                why = "its name says no band; state a pattern with --stack-regex"
                raise UnknownProduct(path, why)
            name, bands[found[1]] = found[0], path
        stacked, notes = _bands(bands, options.band_order)
        if not any(band.path for band in stacked):
            why = f"has none of the bands {', '.join(options.band_order)}; there are"
            raise UnknownProduct(product.main, f"{why} {', '.join(bands)}")
        made = StackedItem(
            raster_type=self.name,
            name=name or PurePath(product.main).stem,
            bands=stacked,
            attributes=acquisition_of(product, header).attributes(),
            notes=notes,
        )
        yield stacked_item(made, product, options)


def _bands(
    files: dict[str, str], order: Sequence[str]
) -> tuple[tuple[StackedBand, ...], tuple[str, ...]]:
    """Return the bands in the author's order, else by number or colour, and notes about what lacks."""
    by_name = {name.casefold(): path for name, path in files.items()}
    names = list(order) or list(files)
    bands = tuple(
        StackedBand(
            path=by_name.get(name.casefold(), ""), name=name, wavelength_nm=wavelength_of(name)
        )
        for name in names
    )
    gone = [band.name for band in bands if not band.path]
    if not gone:
        return bands, ()
    return bands, (f"Its images of {', '.join(gone)} are not there: these bands stay empty.",)
