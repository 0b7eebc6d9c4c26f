"""Sentinel-2 products: SAFE folders of levels 1C and 2A, and sets of bands named T31UFU_…_B02.

The bands of a tile are one item. True colour, scene classes, aerosol and water vapour are items of their
own, where asked for. Numbers become reflectance as the metadata say; of sets without metadata they stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, SourceError, SourceUnavailable, UnknownProduct
from raster_types.base import state_of_file
from raster_types.items.image_files import by_folder, claims_to_be_raster
from raster_types.items.sentinel2_item import Sentinel2Scene, failed_scene, scene_items
from raster_types.sensor_files.sentinel2_names import (
    image_name,
    is_product_metadata,
    is_tile_metadata,
)
from raster_types.sensor_files.sentinel2_product import BANDS, read_sentinel2_product
from raster_types.sensor_files.sentinel2_tile import read_sentinel2_tile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.sentinel2_product import Sentinel2Granule, Sentinel2Product
    from raster_types.sensor_files.sentinel2_tile import Sentinel2Tile

_ENDINGS = (".jp2", ".tif", ".tiff", ".JP2", ".TIF")


class Sentinel2Type:
    """The raster type "sentinel2"."""

    name = "sentinel2"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each MTD_MSIL1C.xml or MTD_MSIL2A.xml, and sets of bands that belong to none."""
        for files in by_folder(paths):
            mains = [path for path in files if is_product_metadata(path)]
            if mains:
                yield from ((path,) for path in mains)
                continue
            sets = _sets(files)
            tiles = tuple(path for path in files if is_tile_metadata(path))
            main = _product_above(files[0]) if sets else ""
            if main:
                yield (main,)
                continue
            yield from ((*images, *tiles) for images in sets)

    def is_expected(self, path: str) -> bool:
        """Tell by the name."""
        return is_product_metadata(path) or (
            claims_to_be_raster(path) and image_name(path) is not None
        )

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of each tile, and of each further raster asked for.

        Raises
        ------
        UnknownProduct
            Neither metadata nor images of Sentinel-2, or what they say cannot be used.
        SourceError
            The only tile cannot be read.
        """
        if not is_product_metadata(product.main):
            yield from _loose(product, options)
            return
        try:
            found = read_sentinel2_product(product.text(product.main))
        except InvalidParameter as err:
            raise UnknownProduct(product.main, f"its metadata cannot be used: {err}") from err
        for granule in found.granules:
            try:
                scene = _scene(product, found, granule)
                yield from scene_items(scene, product, options)
            except SourceError as err:
                yield failed_scene(self.name, product.main, granule.name, err)
        if not found.granules:
            raise UnknownProduct(product.main, "its metadata name no images")


def _sets(paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the images of each tile among the files of a folder."""
    found: dict[str, list[str]] = {}
    for path in paths:
        name = image_name(path)
        if name is not None and PurePath(path).suffix:
            found.setdefault(name.stem, []).append(path)
    return [tuple(images) for images in found.values() if _has_band(images)]


def _has_band(images: Sequence[str]) -> bool:
    names = map(image_name, images)
    return any(name is not None and name.band in BANDS for name in names)


def _product_above(path: str) -> str:
    """Return the metadata of the product that an image of a SAFE folder belongs to, "" = none.

    So a SAFE folder is one product from wherever it is looked at.
    """
    parents = PurePath(path).parents
    for number, parent in enumerate(parents[:5]):
        if parent.name.upper() == "GRANULE" and number + 1 < len(parents):
            safe = parents[number + 1]
            for name in ("MTD_MSIL2A.xml", "MTD_MSIL1C.xml"):
                if state_of_file(str(safe / name))[0] >= 0:
                    return str(safe / name)
    return ""


@dataclass(slots=True)
class _Found:
    files: dict[str, dict[int, str]] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    tile: str = ""

    def take(self, image: str, path: str) -> None:
        name = image_name(image)
        if name is None:
            return
        self.tile = self.tile or name.tile
        if path:
            self.files.setdefault(name.band, {})[name.resolution] = path
        else:
            self.lacking.add(name.band)


def _scene(product: Product, found: Sentinel2Product, granule: Sentinel2Granule) -> Sentinel2Scene:
    folder = PurePath(product.main).parent
    images = _Found()
    for image in granule.images:
        images.take(image, _existing(folder, image))
    if not images.files:
        where = granule.images[0] if granule.images else granule.folder
        why = f"none of its images is there, as {PurePath(where).name}.jp2 in {granule.folder}"
        raise SourceUnavailable(product.main, why)
    tile = _tile(product, str(folder / granule.metadata))
    several = len(found.granules) > 1
    stem = found.name or folder.name.removesuffix(".SAFE")
    return Sentinel2Scene(
        raster_type=Sentinel2Type.name,
        name=f"{stem}_T{images.tile}" if several else stem,
        product=found,
        tile=tile,
        tile_id=images.tile,
        files=images.files,
        lacking=images.lacking - images.files.keys(),
    )


def _existing(folder: PurePath, image: str) -> str:
    """Return the file of an image: where the product says, or beside its metadata; "" = not there."""
    for place in (folder / image, folder / PurePath(image).name):
        for ending in ("", *_ENDINGS):
            path = str(place) + ending
            if PurePath(path).suffix and state_of_file(path)[0] >= 0:
                return path
    return ""


def _tile(product: Product, path: str) -> Sentinel2Tile | None:
    """Return what the tile's metadata say, None where there are none."""
    if state_of_file(path)[0] < 0:
        return None
    try:
        return read_sentinel2_tile(product.text(path))
    except InvalidParameter as err:
        raise UnknownProduct(path, f"its tile's metadata cannot be used: {err}") from err


def _loose(product: Product, options: ItemOptions) -> Iterator[NewItem]:
    images = _Found()
    for path in product.paths:
        images.take(path, path if state_of_file(path)[0] >= 0 else "")
    if state_of_file(product.main)[0] < 0:
        raise SourceUnavailable(product.main, "no such file")
    if not images.files:
        accepted = "MTD_MSIL1C.xml, MTD_MSIL2A.xml, or bands named T31UFU_20230101T104309_B02"
        raise UnknownProduct(product.main, f"is no Sentinel-2 product; expected {accepted}")
    name = image_name(product.main)
    metadata = next((path for path in product.paths if is_tile_metadata(path)), "")
    scene = Sentinel2Scene(
        raster_type=Sentinel2Type.name,
        name=PurePath(product.main).stem if name is None else name.stem,
        product=None,
        tile=_tile(product, metadata) if metadata else None,
        tile_id=images.tile,
        files=images.files,
        lacking=set(),
    )
    yield from scene_items(scene, product, options)
