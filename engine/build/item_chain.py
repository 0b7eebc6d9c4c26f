"""Between an item's row in the service table and its raster process definition.

An item whose definition nobody wrote has one all the same: what its raster type found, put in words.
One that was imported is kept whole in the row; files and geolocation of the row follow from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build.raster_record import SourceDefinition
from engine.chain import RasterFunctionProcess, SamplerOrtho, split
from engine.chain_rules import item_faults
from engine.errors import ConfigError, InvalidParameter
from engine.geolocation import Geolocation, bind_sensor
from engine.geometry.projection import canonical_crs
from engine.geometry.terrain_definition import AverageHeight, RasterTerrain
from engine.item_process import bind_process, make_process
from engine.item_rasters import MAX_RASTERS
from engine.process_definition import (
    BandFile,
    RasterEntry,
    RasterProcessDefinition,
    check_definition,
    faults_of,
    process_place,
    raster_place,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import RasterDefinition
    from engine.chain import Chain
    from engine.functions.base import BandsInfo
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms import PlaneRecord, SensorRecord
    from engine.item_process import BoundProcess, ItemProcess
    from engine.pixel_type import PixelType
    from engine.process_definition import NoData


def definition_of_item(name: str, raster: RasterDefinition) -> RasterProcessDefinition:
    """Return an item's definition: the one that was imported, else what its row amounts to."""
    if raster.process is not None:
        return msgspec.structs.replace(raster.process, name=name)
    geolocation = raster.geolocation
    first, *others = raster.sources
    crs = first.crs if geolocation is None else geolocation.crs
    entry = RasterEntry(
        source=first.path,
        bands=first.bands,
        no_data=_no_data_values(first),
        valid_range=first.valid_range,
        format=first.driver,
        process_chain=_chain_of_geolocation(geolocation),
        more_bands=tuple(
            BandFile(
                source=each.path,
                bands=each.bands,
                no_data=_no_data_values(each),
                valid_range=each.valid_range,
                enabled=each.enabled,
            )
            for each in others
        ),
        enabled=first.enabled,
    )
    return RasterProcessDefinition(name=name, crs=crs, rasters=(entry,))


def _chain_of_geolocation(geolocation: Geolocation | None) -> Chain:
    if geolocation is None:
        return ()
    if geolocation.sensor is None:
        return geolocation.image_side
    sampler = SamplerOrtho(terrain=geolocation.terrain)
    return (*geolocation.image_side, geolocation.sensor, *geolocation.ground_side, sampler)


def with_definition(
    raster: RasterDefinition, definition: RasterProcessDefinition, folder: Path
) -> RasterDefinition:
    """Return an item's record with another definition; files and geolocation follow from it.

    Parameters
    ----------
    folder
        That relative names of terrain count from.

    Raises
    ------
    ConfigError
        Names the item, and the process at fault.
    """
    check_definition(definition)
    made = _with_checked(raster, definition, folder)
    raster_records(made, folder)
    return made


def _with_checked(
    raster: RasterDefinition, definition: RasterProcessDefinition, folder: Path
) -> RasterDefinition:
    item = f"item {definition.name!r}"
    number = shown_raster(definition)
    chain = definition.chain_of(number)
    try:
        geolocation = _geolocation(chain, definition.crs, folder)
        crs = canonical_crs(definition.crs, "crs") if definition.crs else ""
    except InvalidParameter as err:
        place = raster_place(number, definition.rasters[number].source)
        where = "crs" if len(definition.rasters) == 1 else f"{place}, crs"
        raise ConfigError(item, where, str(err)) from err
    return msgspec.structs.replace(
        raster,
        sources=_as_placed(
            _sources(definition.rasters[number], crs if geolocation is None else ""), raster
        ),
        geolocation=geolocation,
        process=definition,
    )


def shown_raster(definition: RasterProcessDefinition) -> int:
    """Return the number, from 0, of the first raster that an item shows; 0 where none is enabled."""
    return next(iter(definition.enabled_rasters()), 0)


def raster_records(raster: RasterDefinition, folder: Path) -> tuple[RasterDefinition, ...]:
    """Return a record for each enabled raster of an item that has several, () for other items.

    Raises
    ------
    ConfigError
        Names the item, and the raster or process at fault.
    """
    definition = raster.process
    numbers = () if definition is None else definition.enabled_rasters()
    if definition is None or len(numbers) < 2:
        return ()
    item = f"item {definition.name!r}"
    if len(numbers) > MAX_RASTERS:
        raise ConfigError(item, "rasters", f"{len(numbers)} are enabled; at most {MAX_RASTERS}")
    return tuple(_record_of(raster, definition, number, folder) for number in numbers)


def _record_of(
    raster: RasterDefinition, definition: RasterProcessDefinition, number: int, folder: Path
) -> RasterDefinition:
    """Return the record of one raster: of the item with all others disabled."""
    rasters = tuple(
        msgspec.structs.replace(entry, enabled=index == number)
        for index, entry in enumerate(definition.rasters)
    )
    alone = msgspec.structs.replace(definition, rasters=rasters)
    first, own = (_terrain_of(definition, n) for n in (shown_raster(definition), number))
    if own is not None and own != first:
        place = raster_place(number, definition.rasters[number].source)
        why = "its terrain is not that of the first; the rasters of an item share one"
        raise ConfigError(f"item {definition.name!r}", place, why)
    made = _with_checked(raster, alone, folder)
    if own is None or made.geolocation is None or raster.geolocation is None:
        return made
    # As the item's was settled and found.
    geolocation = msgspec.structs.replace(made.geolocation, terrain=raster.geolocation.terrain)
    return msgspec.structs.replace(made, geolocation=geolocation)


def _terrain_of(definition: RasterProcessDefinition, number: int) -> RasterTerrain | None:
    """Return the terrain that a raster is taken to the ground over; None = a stated height."""
    found = None
    for process in definition.chain_of(number):
        if isinstance(process, SamplerOrtho) and isinstance(process.terrain, RasterTerrain):
            found = process.terrain
    return found


def _sources(entry: RasterEntry, crs: str) -> tuple[SourceDefinition, ...]:
    own = SourceDefinition(
        path=entry.source,
        bands=entry.bands,
        band_no_data=_no_data_texts(entry.no_data),
        valid_range=entry.valid_range,
        crs=crs,
        driver=entry.format,
        enabled=entry.enabled,
    )
    others = (
        SourceDefinition(
            path=file.source,
            bands=file.bands,
            band_no_data=_no_data_texts(file.no_data),
            valid_range=file.valid_range,
            crs=crs,
            driver=entry.format,
            enabled=file.enabled and entry.enabled,
        )
        for file in entry.more_bands
    )
    return (own, *others)


def _as_placed(
    sources: tuple[SourceDefinition, ...], raster: RasterDefinition
) -> tuple[SourceDefinition, ...]:
    """Return sources with the geotransforms that the item's record states for these files."""
    places = {source.path: source.geotransform for source in raster.sources}
    return tuple(
        msgspec.structs.replace(source, geotransform=places.get(source.path)) for source in sources
    )


def _no_data_values(source: SourceDefinition) -> NoData:
    texts = source.band_no_data or ((source.no_data,) if source.no_data else ())
    return tuple(
        None if not text else "nan" if text.strip().lower() == "nan" else float(text)
        for text in texts
    )


def _no_data_texts(values: NoData) -> tuple[str, ...]:
    return tuple("" if value is None else str(value) for value in values)


def _geolocation(chain: Chain, crs: str, folder: Path) -> Geolocation | None:
    """Return what places an item by its chain, None where its own geotransform does.

    Raises
    ------
    InvalidParameter
    """
    image_side: list[PlaneRecord] = []
    ground_side: list[PlaneRecord] = []
    sensor: SensorRecord | None = None
    terrain: TerrainDefinition = AverageHeight()
    stages = split(chain).stages
    if not any(stage.geotransforms for stage in stages):
        return None
    for stage in stages:
        (image_side if sensor is None else ground_side).extend(stage.image_side)
        if stage.sensor is not None and isinstance(stage.sampler, SamplerOrtho):
            sensor, terrain = stage.sensor, _absolute(stage.sampler.terrain, folder)
        ground_side.extend(stage.ground_side)
    if sensor is None and not crs:
        accepted = "the CRS that the geotransforms lead to"
        raise InvalidParameter("crs", "", accepted)
    key = canonical_crs(crs, "crs") if crs else ""
    found = Geolocation(
        sensor=sensor,
        image_side=tuple(image_side),
        ground_side=tuple(ground_side),
        crs=key if sensor is None or ground_side else "",
        terrain=terrain,
    )
    if sensor is not None and key and not ground_side:
        own = canonical_crs(bind_sensor(found).sensor.ground_crs, "ground_crs")
        if key != own:
            accepted = f"{own}, the ground of the sensor model, or nothing"
            raise InvalidParameter("crs", crs, accepted)
    return found


def _absolute(terrain: TerrainDefinition, folder: Path) -> TerrainDefinition:
    if not isinstance(terrain, RasterTerrain):
        return terrain
    return msgspec.structs.replace(terrain, path=str(folder / terrain.path))


def process_of_item(name: str, raster: RasterDefinition, info: BandsInfo) -> ItemProcess | None:
    """Return what a compiled item carries of its chain, None where it does nothing to pixels.

    Parameters
    ----------
    info : BandsInfo
        All bands that its files offer.

    Raises
    ------
    ValueError
        A sentence that names raster and process at fault.
    """
    if raster.process is None:
        return None
    definition = msgspec.structs.replace(raster.process, name=name)
    for where, why in faults_of(definition):
        raise ValueError(f"{where}: {why}")
    number = shown_raster(definition)
    chain = definition.chain_of(number)
    for fault in item_faults(chain, info):
        raise ValueError(f"{process_place(definition, number, fault)}: {fault.why}")
    crs = ""
    if raster.geolocation is not None:
        crs = bind_sensor(raster.geolocation).sensor.ground_crs
    chain = _over_terrain(chain, raster.geolocation)
    made = make_process(chain, crs=crs, bands=definition.bands)
    wanted = definition.pixel_type
    if wanted is None or wanted is _type_after(made, info):
        return made
    last = RasterFunctionProcess(function="None", output_pixel_type=wanted)
    return make_process((*chain, last), crs=crs, bands=definition.bands)


def _over_terrain(chain: Chain, geolocation: Geolocation | None) -> Chain:
    """Return the chain with the terrain that the item's geolocation has settled on."""
    if geolocation is None:
        return chain
    return tuple(
        msgspec.structs.replace(process, terrain=geolocation.terrain)
        if isinstance(process, SamplerOrtho)
        else process
        for process in chain
    )


def _type_after(process: ItemProcess | None, info: BandsInfo) -> PixelType:
    return info.pixel_type if process is None else bind_process(process, info).pixel_type


def bound_of_item(name: str, raster: RasterDefinition, info: BandsInfo) -> BoundProcess | None:
    """Return an item's chain ready for use, None where it does nothing to pixels.

    Raises
    ------
    ValueError
        As `process_of_item`.
    """
    process = process_of_item(name, raster, info)
    try:
        return None if process is None else bind_process(process, info)
    except InvalidParameter as err:
        raise ValueError(f"process chain: {err}") from err
