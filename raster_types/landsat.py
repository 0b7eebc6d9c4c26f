"""Landsat 1 to 9 as USGS delivers it: an MTL file (text, JSON or XML) and a file a band.

The spectral bands of a scene are one item. Panchromatic and thermal bands, and quality bands where they
are asked for, are companions: items of their own that show only where they are asked for.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, SourceUnavailable, UnknownProduct
from raster_types.items.image_files import by_folder, claims_to_be_raster, is_image_name
from raster_types.items.landsat_items import scene_items
from raster_types.sensor_files.landsat_espa import read_espa
from raster_types.sensor_files.landsat_mtl import read_mtl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.landsat_mtl import LandsatProduct

# Of several forms of one scene's metadata the first is read.
_FORMS = (".txt", ".json", ".xml")
_MTL = re.compile(r"(?:(.*)[_.-])?MTL\.(txt|json|xml)", re.IGNORECASE)
# Sensor, level, path and row, day; before the collections sensor, path and row, day of the year.
_SCENE = re.compile(r"L[COTEM]\d{2}_\w{4}_\d{6}_\d{8}|L[COTEM]\d{14}", re.IGNORECASE)
_ESPA = re.compile(r"(L[COTEM]0?\d(?:\d{13}[A-Z]{3}\d{2}|_\w+))\.xml", re.IGNORECASE)


class LandsatType:
    """The raster type "landsat"."""

    name = "landsat"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each MTL file with its other forms and the images that go by its name."""
        for files in by_folder(paths):
            yield from _products(files)

    def is_expected(self, path: str) -> bool:
        """Tell by the name."""
        return bool(metadata_stem(path)) or claims_to_be_raster(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make the items of one scene.

        Raises
        ------
        UnknownProduct
            No Landsat metadata, or such as cannot be used.
        SourceUnavailable
            None of the bands that the metadata name is there.
        """
        main = product.main
        text = product.text(main)
        if not metadata_stem(main):
            raise UnknownProduct(main, "landsat scenes are named by their MTL file")
        try:
            found = _read(main, text)
        except InvalidParameter as err:
            raise UnknownProduct(main, f"its metadata cannot be used: {err}") from err
        files = _files_of(found, product.paths)
        if not any(key in files for key in found.files):
            first = next(iter(found.files.values()))
            why = f"none of the {len(found.files)} bands it names is beside it ({first} …)"
            raise SourceUnavailable(main, why)
        yield from scene_items(found, files, product, options)


def metadata_stem(path: str) -> str:
    """Return what the files of a scene begin with, by the name of its metadata; "" for other files."""
    name = PurePath(path).name
    if match := _MTL.fullmatch(name):
        # A file that is called MTL.txt alone stands for its folder.
        return match[1] or "*"
    match = _ESPA.fullmatch(name)
    return match[1] if match else ""


def _products(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the scenes among the files of one folder."""
    scenes: dict[str, list[str]] = {}
    for path in paths:
        if stem := metadata_stem(path):
            scenes.setdefault(stem.lower(), []).append(path)
    for documents in scenes.values():
        documents.sort(key=lambda path: (_FORMS.index(PurePath(path).suffix.lower()), path))
    if not scenes:
        return iter(())
    images = [path for path in paths if is_image_name(path) and not metadata_stem(path)]
    found = {stem: list(documents) for stem, documents in scenes.items()}
    for image in images:
        if stem := _stem_of_image(PurePath(image).stem.lower(), scenes):
            found[stem].append(image)
    return (tuple(group) for group in found.values())


def _stem_of_image(name: str, stems: dict[str, list[str]]) -> str:
    """Return the longest stem that an image's name begins with; the only scene takes what is no other's."""
    fitting = [stem for stem in stems if name.startswith((f"{stem}_", f"{stem}."))]
    if fitting:
        return max(fitting, key=len)
    if len(stems) > 1:
        return ""
    (stem,) = stems
    own, its = _SCENE.match(stem), _SCENE.match(name)
    is_other = its is not None and own is not None and own[0].lower() != its[0].lower()
    return "" if is_other else stem


def _read(main: str, text: str) -> LandsatProduct:
    if _MTL.fullmatch(PurePath(main).name) is None or "<espa_metadata" in text[:2000]:
        return read_espa(text)
    return read_mtl(text)


def _files_of(found: LandsatProduct, paths: Sequence[str]) -> dict[str, str]:
    """Return the file of each band, quality band and further raster that is there.

    A file counts that has the name, in any case, or the end of it after the product's own name.
    """
    images = [path for path in paths if is_image_name(path)]
    by_name = {PurePath(path).name.lower(): path for path in images}
    by_end = {_end(PurePath(path).stem): path for path in images}
    files = {}
    for key, name in {**found.files, **found.quality, **found.others}.items():
        path = by_name.get(name.lower()) or by_end.get(_end(PurePath(name).stem))
        if path:
            files[key] = path
    return files


_END = re.compile(r"(?:^|_)((?:SR_|ST_|toa_|sr_|bt_)?(?:B|band)\d+(?:_VCID_\d)?)$", re.IGNORECASE)


def _end(stem: str) -> str:
    match = _END.search(stem)
    return (match[1] if match else stem).lower()
