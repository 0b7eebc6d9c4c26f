"""Settle what the service is: CRS, bands, pixel type. By the first build, and kept ever after.

What definition.toml states comes first, then what an earlier build settled, then what most sources
have. A service must not change its CRS because one more scene was added.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.build.attribute_table_file import found_table
from engine.build.band_description import DataType, band_infos, data_type_of, natural_colour
from engine.build.band_mapping import BandMapping, offered_bands
from engine.build.item_chain import bound_of_item
from engine.build.sensor_crs import crs_around, crs_or_place
from engine.build.service_facts import ServiceFacts
from engine.errors import ConfigError, InvalidParameter
from engine.functions.base import BandsInfo
from engine.geometry.projection import MERCATOR
from engine.pixel_type import PixelType
from engine.summary import BandInfo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from config.definition import ServiceProperties
    from engine.build.item_row import ItemRow
    from engine.build.raster_record import RasterDefinition
    from engine.readers.header import BandHeader, RasterHeader

# So many rasters tell what most of a service are.
_LOOKED_AT = 20_000
# So many images with a sensor model tell where most of them lie.
_PLACED = 1000


# The raster type whose rasters are heights, whatever their format.
_ELEVATION = "elevation"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What rasters that go together have in common."""

    count: int
    pixel_type: PixelType
    no_data: tuple[str, ...]
    is_elevation: bool = False


@dataclass(slots=True)
class _Census:
    crs: Counter[str] = field(default_factory=Counter)
    kinds: Counter[_Kind] = field(default_factory=Counter)
    samples: dict[_Kind, tuple[RasterHeader, tuple[BandHeader, ...]]] = field(default_factory=dict)
    widest: tuple[BandHeader, ...] = ()
    places: list[tuple[float, float]] = field(default_factory=list)

    def take(self, raster: RasterDefinition, headers: tuple[RasterHeader, ...]) -> None:
        offered = offered_bands(raster, headers)
        if not offered:
            return
        bands = tuple(band for _, band, _ in offered)
        texts = tuple("" if value is None else repr(value) for _, _, value in offered)
        count, pixel_type = _served(raster, bands)
        is_elevation = raster.raster_type == _ELEVATION
        kind = _Kind(count, pixel_type, (texts + ("",) * count)[:count], is_elevation)
        self.kinds[kind] += 1
        known = self.samples.get(kind)
        if known is None or _named(bands) > _named(known[1]):
            # A scene that lacks bands does not say what they are called.
            self.samples[kind] = (headers[0], bands)
        if len(bands) > len(self.widest):
            self.widest = bands
        self._take_place(raster, headers[0])

    def _take_place(self, raster: RasterDefinition, header: RasterHeader) -> None:
        if raster.geolocation is None:
            self.crs[raster.sources[0].crs or header.crs] += 1
        elif len(self.places) < _PLACED and len(self.crs) < 2:
            found = crs_or_place(raster.geolocation, (header.width, header.height))
            if isinstance(found, str):
                self.crs[found] += 1
            elif found is not None:
                self.places.append(found)

    def common_crs(self) -> str:
        """Return the CRS that all share; of images without one, a CRS that suits where they lie."""
        keys = [key for key in self.crs if key]
        if len(keys) == 1:
            return keys[0]
        return crs_around(self.places) if self.places and not keys else MERCATOR


def _named(bands: tuple[BandHeader, ...]) -> int:
    return sum(bool(band.name) for band in bands)


def _served(raster: RasterDefinition, bands: tuple[BandHeader, ...]) -> tuple[int, PixelType]:
    """Return how many bands an item gives, and of which type, when its chain is done."""
    count, pixel_type = len(bands), bands[0].pixel_type
    if raster.process is None:
        return count, pixel_type
    bound = bound_of_item(raster.process.name, raster, BandsInfo(pixel_type, count))
    return (count, pixel_type) if bound is None else (bound.bands, bound.pixel_type)


def settle(
    file: Path, properties: ServiceProperties, facts: ServiceFacts | None, rows: Iterable[ItemRow]
) -> ServiceFacts:
    """Return the facts with CRS, bands, pixel type and what follows from them settled.

    Parameters
    ----------
    file
        definition.toml, for messages.
    facts
        Of the last build, None before the first.
    rows
        Primaries that may be served; looked at only where something is not settled yet.

    Raises
    ------
    ConfigError
        There is no raster to take it from, or a property does not fit the rasters.
    """
    if facts is not None and properties.bands in (0, len(facts.bands)):
        settled = facts
    else:
        settled = _from_rasters(file, properties, facts, rows)
    return _with_properties(file, properties, settled)


def _from_rasters(
    file: Path, properties: ServiceProperties, facts: ServiceFacts | None, rows: Iterable[ItemRow]
) -> ServiceFacts:
    census = _take_census(rows)
    if not census.kinds:
        why = (
            "no raster can be served yet: add some with `swath definition add`, or see why those "
            "added cannot with `swath definition show`"
        )
        raise ConfigError(file.parent, "", why)
    kind = _most_common(census.kinds, properties)
    header, bands = census.samples[kind]
    count = properties.bands or kind.count
    described = bands if len(bands) >= count else census.widest
    infos = band_infos(described)[:count]
    infos += tuple(BandInfo(name=f"Band_{n + 1}") for n in range(len(infos), count))
    crs = facts.crs if facts else census.common_crs()
    return ServiceFacts(
        crs=crs,
        pixel_type=kind.pixel_type,
        bands=infos,
        no_data_texts=(kind.no_data + ("",) * count)[:count],
        colormap=header.colormap,
        attribute_table=found_table(header.path) if count == 1 else None,
        picture_bands=natural_colour(described[:count]),
        data_type="elevation"
        if kind.is_elevation
        else data_type_of(
            described[:count], kind.pixel_type, header.driver, has_colormap=bool(header.colormap)
        ),
        block_width=header.levels[0].block_width,
        block_height=header.levels[0].block_height,
    )


def _take_census(rows: Iterable[ItemRow]) -> _Census:
    census = _Census()
    for number, row in enumerate(rows):
        if number >= _LOOKED_AT:
            break
        try:
            raster, headers = row.raster, row.headers
            # Further headers are those of the item's other rasters.
            if headers and len(headers) >= len(raster.sources):
                census.take(raster, headers[: len(raster.sources)])
        except (msgspec.MsgspecError, ValueError, InvalidParameter):
            # Edited wrongly: building the item says so.
            continue
    return census


def _most_common(kinds: Counter[_Kind], properties: ServiceProperties) -> _Kind:
    """Return the commonest band count, of those the commonest type, of those the commonest no data."""
    fitting = [k for k in kinds if not properties.bands or k.count == properties.bands]
    chosen = fitting or list(kinds)
    for attribute in ("count", "pixel_type", "no_data"):
        votes: Counter[object] = Counter()
        for kind in chosen:
            votes[getattr(kind, attribute)] += kinds[kind]
        best = max(votes, key=lambda value: (votes[value], str(value)))
        chosen = [kind for kind in chosen if getattr(kind, attribute) == best]
    return chosen[0]


def _with_properties(
    file: Path, properties: ServiceProperties, facts: ServiceFacts
) -> ServiceFacts:
    count = len(facts.bands)
    names = properties.band_names
    if names and len(names) != count:
        raise ConfigError(file, "service.band_names", f"has {len(names)} names for {count} bands")
    if properties.vector_field and count != 2:
        why = f"{properties.vector_field.value}: vectors have 2 bands, the service {count}"
        raise ConfigError(file, "service.vector_field", why)
    if any(band > count for band in properties.picture_bands):
        why = f"{list(properties.picture_bands)}: the service has {count} bands"
        raise ConfigError(file, "service.picture_bands", why)
    bands = tuple(
        msgspec.structs.replace(info, name=name)
        for info, name in zip(facts.bands, names or (b.name for b in facts.bands), strict=True)
    )
    data_type: DataType = facts.data_type
    if properties.thematic is not None:
        plain: DataType = "generic" if data_type == "thematic" else data_type
        data_type = "thematic" if properties.thematic else plain
    return msgspec.structs.replace(
        facts,
        crs=properties.crs or facts.crs,
        pixel_type=PixelType(properties.pixel_type) if properties.pixel_type else facts.pixel_type,
        bands=bands,
        data_type=data_type,
        picture_bands=tuple(n - 1 for n in properties.picture_bands) or facts.picture_bands,
    )


def differences(facts: ServiceFacts, mapping: BandMapping, *, asked: bool) -> tuple[str, ...]:
    """Return sentences about how an item differs from the service, each with both values.

    Parameters
    ----------
    asked
        Whether the author chose the item's bands.
    """
    notes = []
    count, offered = len(facts.bands), len(mapping.headers)
    if offered < count:
        notes.append(f"Has {offered} bands, the service {count}: the others stay empty.")
    elif offered > count and not asked:
        used = "only the first is" if count == 1 else f"the first {count} are"
        notes.append(f"Has {offered} bands, the service {count}: {used} used.")
    types = sorted({band.pixel_type for band in mapping.headers[:count]})
    notes.extend(_type_note(t, facts.pixel_type) for t in types if t is not facts.pixel_type)
    own = tuple("" if value is None else repr(value) for value in mapping.no_data)
    if own != facts.no_data_texts:
        notes.append(
            f"Its no data is {_no_data_words(own)}, the service's {_no_data_words(facts.no_data_texts)}."
        )
    return tuple(notes)


def _type_note(own: PixelType, service: PixelType) -> str:
    low, high = own.limits
    service_low, service_high = service.limits
    loses = low < service_low or high > service_high or (own.is_float and not service.is_float)
    effect = "values beyond are cut off" if loses else "nothing is lost"
    return f"Its pixels are {own}, the service's {service}: {effect}."


def _no_data_words(texts: tuple[str, ...]) -> str:
    words = [text.removesuffix(".0") or "none" for text in texts]
    return words[0] if len(set(words)) == 1 else ", ".join(words)
