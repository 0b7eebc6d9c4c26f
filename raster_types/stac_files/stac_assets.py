"""Assets of STAC items: which are rasters of bands, and what the item says of each band.

References
----------
STAC 1.0 and 1.1 (common metadata: bands), extensions eo 1 and 2, raster 1 and 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from raster_types.items.image_files import claims_to_be_raster
from raster_types.items.item_values import BandValues
from raster_types.sensor_files.sentinel2_product import BANDS as SENTINEL2_BANDS
from raster_types.stac_files.stac_document import listed, mapping, mappings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

from raster_types.stac_files.stac_document import Json

# Middle of what extension eo calls by these names, nanometres.
_COMMON = {
    "coastal": 443.0,
    "blue": 490.0,
    "green": 560.0,
    "green05": 531.0,
    "yellow": 600.0,
    "red": 665.0,
    "rededge": 705.0,
    "rededge071": 705.0,
    "rededge075": 740.0,
    "rededge078": 783.0,
    "nir": 840.0,
    "nir08": 865.0,
    "nir09": 945.0,
    "cirrus": 1375.0,
    "swir16": 1610.0,
    "swir22": 2200.0,
    "lwir": 11000.0,
    "lwir11": 10900.0,
    "lwir12": 12000.0,
}
_RASTER_TYPES = ("image/tiff", "image/jp2", "image/vnd.stac.geotiff", "image/x.geotiff")
_PICTURES = ("image/png", "image/jpeg", "image/jpg", "image/webp")
_NO_DATA_ROLES = {"thumbnail", "overview", "metadata", "tiles"}
_VISUAL = {"visual", "tci"}
_PLAIN = BandValues()


@dataclass(frozen=True, slots=True)
class AssetBand:
    """What an item says of one band of an asset.

    Attributes
    ----------
    number : int
        In its file, from 1.
    common : str
        As extension eo names it; "" = not said.
    wavelength_nm : float or None
    values : BandValues
        Scale and offset.
    no_data : str
        A number, "nan", or "" = none.
    """

    number: int
    name: str = ""
    common: str = ""
    wavelength_nm: float | None = None
    values: BandValues = _PLAIN
    no_data: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset that may be a raster; `bands` () where the item says nothing of them."""

    key: str
    href: str
    body: Json
    bands: tuple[AssetBand, ...]

    @property
    def is_spectral(self) -> bool:
        """Whether the item says what light its bands are of."""
        return any(band.common or band.wavelength_nm for band in self.bands)

    @property
    def roles(self) -> set[str]:
        """Roles, in lower case."""
        return {str(role).lower() for role in listed(self.body.get("roles"))}


def assets_of(body: Json) -> tuple[Asset, ...]:
    """Return the assets of an item that have a link."""
    properties = mapping(body.get("properties"))
    found = []
    for key, value in mapping(body.get("assets")).items():
        asset = mapping(value)
        href = asset.get("href")
        if isinstance(href, str) and href:
            bands = tuple(_bands(asset, properties)) or _band_of_key(key, properties)
            found.append(Asset(key, href, asset, bands))
    return tuple(found)


def _band_of_key(key: str, properties: Json) -> tuple[AssetBand, ...]:
    """Return the band that an asset's key names by itself; () where it names none."""
    if wave := _COMMON.get(key.lower()):
        return (AssetBand(1, key, key.lower(), wave),)
    who = str(properties.get("constellation") or properties.get("platform") or "").lower()
    if who.startswith("sentinel-2") and key.upper() in SENTINEL2_BANDS:
        return (AssetBand(1, key.upper(), "", SENTINEL2_BANDS[key.upper()]),)
    return ()


def chosen_assets(assets: Sequence[Asset]) -> list[Asset]:
    """Return what an item is made of where nobody says: its spectral bands, else its data."""
    rasters = [asset for asset in assets if _is_raster(asset)]
    bands = [a for a in rasters if a.is_spectral and not _is_visual(a)]
    if bands:
        return _without_doubles(bands)
    data = [a for a in rasters if "data" in a.roles and not _is_visual(a)]
    plain = [a for a in rasters if not _is_visual(a)]
    return data or plain or rasters


def asked_assets(assets: Sequence[Asset], names: Sequence[str]) -> list[Asset | None]:
    """Return an asset for each name, with the bands that are meant; None = the item lacks it."""
    return [_asked(assets, name.casefold()) for name in names]


def _asked(assets: Sequence[Asset], name: str) -> Asset | None:
    for asset in assets:
        if asset.key.casefold() == name:
            return asset
    rasters = [asset for asset in assets if _is_raster(asset)]
    # A band by itself comes before one of a picture.
    for asset in sorted(rasters, key=lambda each: (_is_visual(each), len(each.bands))):
        for band in asset.bands:
            if name in (band.common, band.name.casefold()):
                return replace(asset, bands=(band,))
    return None


def _is_raster(asset: Asset) -> bool:
    if asset.roles & _NO_DATA_ROLES or asset.key.lower() in _NO_DATA_ROLES:
        return False
    media = str(asset.body.get("type") or "").lower()
    if media.startswith(_PICTURES):
        return False
    named = claims_to_be_raster(PurePosixPath(asset.href.partition("?")[0]).name)
    return media.startswith(_RASTER_TYPES) or (named and not media.startswith("application/json"))


def _is_visual(asset: Asset) -> bool:
    return bool(asset.roles & _VISUAL) or asset.key.lower() in _VISUAL


def _without_doubles(assets: Sequence[Asset]) -> list[Asset]:
    """Return assets that each bring something: bands come as COG and as JPEG 2000, say."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for asset in assets:
        names = tuple(band.name or band.common for band in asset.bands)
        if names not in seen:
            seen.add(names)
            found.append(asset)
    return found


def _bands(asset: Json, properties: Json) -> Iterator[AssetBand]:
    new = mappings(asset.get("bands"))
    described = new or _eo_bands(asset, properties)
    rasters = mappings(asset.get("raster:bands"))
    count = max(len(described), len(rasters))
    for index in range(count):
        eo = described[index] if index < len(described) else {}
        raster = rasters[index] if index < len(rasters) else {}
        yield _band(index + 1, eo, raster, asset)


def _eo_bands(asset: Json, properties: Json) -> Sequence[Json]:
    """Return what extension eo says; old items count bands of their properties."""
    of_item = mappings(properties.get("eo:bands"))
    found = []
    for value in listed(asset.get("eo:bands")):
        if isinstance(value, int) and 0 <= value < len(of_item):
            found.append(of_item[value])
        else:
            found.append(mapping(value))
    return found


def _band(number: int, eo: Json, raster: Json, asset: Json) -> AssetBand:
    places = (raster, eo, asset)
    common = str(eo.get("eo:common_name") or eo.get("common_name") or "").lower()
    wave = _number(eo.get("eo:center_wavelength", eo.get("center_wavelength")))
    # Micrometres; some write nanometres, some nonsense.
    wavelength = None if wave is None else wave * 1000.0 if wave < 100 else wave
    if wavelength is not None and not 200.0 < wavelength < 20_000.0:
        wavelength = None
    scale = _said(places, ("raster:scale",), raster.get("scale"))
    offset = _said(places, ("raster:offset",), raster.get("offset"))
    return AssetBand(
        number=number,
        name=str(eo.get("name") or common),
        common=common,
        wavelength_nm=wavelength or _COMMON.get(common),
        values=BandValues(scale or 1.0, offset or 0.0),
        no_data=_no_data(_first(places, "nodata")),
    )


def _said(places: Sequence[Json], names: Sequence[str], own: object) -> float | None:
    for name in names:
        found = _number(_first(places, name))
        if found is not None:
            return found
    return _number(own)


def _first(places: Sequence[Json], name: str) -> object:
    return next((place[name] for place in places if name in place), None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _no_data(value: object) -> str:
    if isinstance(value, str) and value.lower() == "nan":
        return "nan"
    number = _number(value)
    return "" if number is None else repr(number)
