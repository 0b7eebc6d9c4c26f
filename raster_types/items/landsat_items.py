"""The items of one Landsat scene: spectral bands, and pan, thermal and quality bands beside them."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.errors import UnknownProduct
from raster_types.base import ALL_QUALITY
from raster_types.items.item_values import BandValues, reflectance_fields
from raster_types.items.stacked_bands import StackedBand, StackedItem, stacked_item
from raster_types.sensor_files.landsat_bands import LandsatBand, Role, bands_of
from raster_types.sensor_files.landsat_mtl import BandCalibration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.acquisition import Attributes
    from raster_types.sensor_files.landsat_mtl import LandsatProduct

_SUFFIXES = {Role.SPECTRAL: "", Role.PAN: "_pan", Role.THERMAL: "_thermal"}


def scene_items(
    found: LandsatProduct, files: Mapping[str, str], product: Product, options: ItemOptions
) -> Iterator[NewItem]:
    """Yield a scene's items: spectral bands first, what goes with them after.

    Parameters
    ----------
    files
        Key of a band or further raster in the metadata -> its path; what lacks is not there.

    Raises
    ------
    UnknownProduct
        Bands are asked for that the sensor does not have.
    SourceError
        A file cannot be read.
    """
    name = found.name or PurePath(product.main).stem
    is_companion = False
    for role, suffix in _SUFFIXES.items():
        bands = _bands(found, role, options, product.main)
        if not any(band.key in files for band in bands):
            continue
        made = StackedItem(
            raster_type="landsat",
            name=f"{name}{suffix}",
            bands=tuple(
                _stacked(found, band, files.get(band.key, ""), options.values) for band in bands
            ),
            attributes=_attributes(found, role)
            | {"Values": _kind(found, bands, files, options.values)}
            | _constants(found, bands, role)
            | _gains(found, bands, options.values),
            notes=_notes(found, bands, files, options.values),
            is_companion=is_companion,
        )
        # What an author picks by number are bands of the spectral item.
        own = options if role is Role.SPECTRAL else _without_bands(options)
        yield stacked_item(made, product, own)
        is_companion = True
    for key, short in _extras(found, files, name, options).items():
        made = StackedItem(
            raster_type="landsat",
            name=f"{name}_{short}",
            bands=(StackedBand(path=files[key], name=short),),
            attributes=_attributes(found, Role.QUALITY if key in found.quality else Role.OTHER)
            | {"Tag": short, "Values": "dn"},
            is_companion=is_companion,
            is_thematic=key in found.quality,
        )
        yield stacked_item(made, product, _without_bands(options))


def _without_bands(options: ItemOptions) -> ItemOptions:
    return msgspec.structs.replace(options, bands=(), no_data="", valid_range=None)


def _bands(
    found: LandsatProduct, role: Role, options: ItemOptions, main: str
) -> tuple[LandsatBand, ...]:
    """Return the bands of one role that the product names, in the sensor's order, or as asked for."""
    known = bands_of(found.sensor, found.spacecraft)
    bands = tuple(band for band in known if band.role is role and band.key in found.files)
    if role is Role.SPECTRAL and not known:
        # A sensor to come: its bands as they are numbered.
        bands = tuple(LandsatBand(key, f"Band {key}", "", 0.0) for key in found.files)
    if role is not Role.SPECTRAL or not options.assets:
        return bands
    return tuple(_asked(name, bands, main) for name in options.assets)


def _asked(name: str, bands: Sequence[LandsatBand], main: str) -> LandsatBand:
    wanted = name.casefold().removeprefix("band").strip(" _")
    for band in bands:
        names = {band.key.casefold(), f"b{band.key}".casefold(), band.name.casefold(), band.common}
        # What others call near infrared is one band of several only with Sentinel-2.
        if wanted in names or (wanted == "nir" and band.common == "nir08"):
            return band
    known = ", ".join(band.common or band.key for band in bands)
    raise UnknownProduct(main, f"band {name!r} is asked for; known are {known}")


def _stacked(found: LandsatProduct, band: LandsatBand, path: str, wanted: str) -> StackedBand:
    calibration = found.calibration.get(band.key, BandCalibration())
    values, _ = _values(calibration, band.role, wanted)
    return StackedBand(
        path=path,
        name=band.name,
        wavelength_nm=band.wavelength_nm or None,
        values=values,
        no_data=found.no_data,
    )


def _values(calibration: BandCalibration, role: Role, wanted: str) -> tuple[BandValues, str]:
    """Return how a band's numbers become values, and what those are."""
    if wanted == "dn":
        return BandValues(), "dn"
    if wanted == "radiance" and calibration.radiance is not None:
        return calibration.radiance, "radiance"
    if calibration.kelvin is not None:
        return calibration.kelvin, "kelvin"
    if calibration.reflectance is not None:
        return calibration.reflectance, "reflectance"
    if calibration.radiance is not None and role is Role.THERMAL:
        return calibration.radiance, "radiance"
    return BandValues(), "dn"


def _kind(
    found: LandsatProduct, bands: Sequence[LandsatBand], files: Mapping[str, str], wanted: str
) -> str:
    kinds = {
        _values(found.calibration.get(band.key, BandCalibration()), band.role, wanted)[1]
        for band in bands
        if band.key in files
    }
    if kinds == {"reflectance"}:
        return "surface reflectance" if found.is_level_2 else "top of atmosphere reflectance"
    return ", ".join(sorted(kinds))


def _notes(
    found: LandsatProduct, bands: Sequence[LandsatBand], files: Mapping[str, str], wanted: str
) -> tuple[str, ...]:
    notes = []
    gone = [band.name for band in bands if band.key not in files]
    if gone:
        notes.append(f"Its images of {', '.join(gone)} are not there: these bands stay empty.")
    kind = _kind(found, bands, files, wanted)
    if wanted == "radiance" and "radiance" not in kind and "kelvin" not in kind:
        notes.append(f"It does not say how its numbers become radiance: they are {kind}.")
    elif wanted != "dn" and "dn" in kind:
        notes.append("It does not say how its numbers become reflectance: they stay as delivered.")
    return tuple(notes)


def _constants(found: LandsatProduct, bands: Sequence[LandsatBand], role: Role) -> Attributes:
    """Return what makes a temperature of thermal radiance."""
    if role is not Role.THERMAL or not bands:
        return {}
    calibration = found.calibration.get(bands[0].key, BandCalibration())
    if calibration.k1 is None or calibration.kelvin is not None:
        return {}
    return {"K1": calibration.k1, "K2": calibration.k2}


def _gains(found: LandsatProduct, bands: Sequence[LandsatBand], wanted: str) -> Attributes:
    """Return what makes reflectance of numbers that stay as delivered."""
    if wanted != "dn" or found.is_level_2:
        return {}
    known = (found.calibration.get(band.key, BandCalibration()).reflectance for band in bands)
    return reflectance_fields(list(known), found.acquisition.sun_elevation_deg)


def _attributes(found: LandsatProduct, role: Role) -> Attributes:
    said: Attributes = {
        "Tag": str(role),
        "GroupName": found.name,
        "ProductName": found.level,
        "Collection": found.collection,
        "CollectionCategory": found.category,
        "WRSPath": found.path,
        "WRSRow": found.row,
    }
    known = {key: value for key, value in said.items() if value not in ("", None)}
    return found.acquisition.attributes() | known


def _extras(
    found: LandsatProduct, files: Mapping[str, str], name: str, options: ItemOptions
) -> dict[str, str]:
    """Return the keys of further rasters that are asked for and there, with a short name of each."""
    asked = {extra.upper() for extra in options.extras}
    chosen = {}
    for key in (*found.quality, *found.others):
        if key not in files:
            continue
        short = _short(PurePath(files[key]).stem, name)
        is_asked = short.upper() in asked or key.upper() in asked
        if is_asked or (ALL_QUALITY in asked and key in found.quality):
            chosen[key] = short
    return chosen


def _short(stem: str, name: str) -> str:
    """Return the end of a file's name after the product's: QA_PIXEL, ST_EMIS."""
    if stem.lower().startswith(f"{name.lower()}_"):
        return stem[len(name) + 1 :]
    match = re.search(r"_((?:SR_|ST_)?[A-Za-z]+(?:_[A-Za-z]+)?)$", stem)
    return match[1] if match else stem
