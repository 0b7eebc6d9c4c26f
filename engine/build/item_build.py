"""Build one item: its footprint, place, pixel sizes and tallies. Runs in a worker, writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.build.band_mapping import BandMapping, bands_to_read, map_bands
from engine.build.item_chain import bound_of_item
from engine.build.item_outline import Outline, OutlineJob, finest_level, outline_of_item
from engine.build.item_pixels import ItemPixels, Strip
from engine.build.placement import Placement, place
from engine.build.plausibility import doubts_about
from engine.build.processed_tallies import processed_tallies
from engine.build.raster_record import ItemStatus, RasterDefinition
from engine.build.readable_bands import damage_note, readable_band
from engine.build.sensor_placement import bind_for_build, place_sensor
from engine.build.source_grids import arranged
from engine.build.source_headers import headers_of_sources
from engine.build.tally import BandTally, as_served, pack_tallies, tally_samples
from engine.errors import ConfigError, InvalidParameter, SourceCorrupt, SourceError
from engine.footprint import pack_rings
from engine.functions.base import BandsInfo
from engine.geometry.projection import vertical_crs
from engine.level_ground import level_ground
from engine.process_memory import process_memory

if TYPE_CHECKING:
    from engine.build.footprint_rule import FootprintRule
    from engine.geolocation import Geolocation
    from engine.item_process import BoundProcess
    from engine.level_ground import LevelGround
    from engine.pixel_type import PixelType
    from engine.readers.header import RasterHeader

Floats = NDArray[np.float64]

_TALLY_PIXELS = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemJob:
    """One item to be built.

    Attributes
    ----------
    headers
        As kept; read anew where a file has changed.
    footprints : FootprintRule
        Of the definition; the item's own comes before it.
    rasters : tuple of RasterDefinition
        One for each raster of an item that has several (`engine.build.build_rasters`).
    """

    id: int
    raster: RasterDefinition
    headers: tuple[RasterHeader, ...]
    service_crs: str
    band_count: int
    pixel_type: PixelType
    footprints: FootprintRule
    statistics: bool
    rasters: tuple[RasterDefinition, ...] = ()

    @property
    def path(self) -> str:
        """The first file."""
        return self.raster.sources[0].path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltItem:
    """What became of an item.

    Attributes
    ----------
    rings : bytes
        Footprint in level-0 pixels, b"" = the whole raster.
    placement : Placement or None
        None where `status` is a failure.
    notes : tuple of str
        Sentences about what is not as it should be.
    """

    headers: tuple[RasterHeader, ...]
    mapping: BandMapping | None = None
    status: ItemStatus = ItemStatus.READY
    message: str = ""
    rings: bytes = b""
    placement: Placement | None = None
    low_ps: float = 0.0
    high_ps: float = 0.0
    tallies: bytes = b""
    notes: tuple[str, ...] = ()


def current_headers(job: ItemJob) -> tuple[RasterHeader, ...]:
    """Return the headers of an item's files as they are now, reading only those that changed."""
    return headers_of_sources(job.raster.sources, job.headers)


def build_item(job: ItemJob) -> BuiltItem:
    """Build one item.

    Raises
    ------
    SourceError
        A file is gone, or none of its pixels can be read.
    """
    headers = current_headers(job)
    try:
        return _build(job, headers)
    except _NotBuilt as err:
        return BuiltItem(headers=headers, status=err.status, message=err.message)


class _NotBuilt(Exception):
    def __init__(self, status: ItemStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, f"{message[:1].upper()}{message[1:]}"


def _build(job: ItemJob, headers: tuple[RasterHeader, ...]) -> BuiltItem:
    try:
        count = bands_to_read(job.raster, headers, job.band_count)
        mapping = map_bands(job.raster, headers, count)
        process = _process(job, mapping, job.raster.sources[0].crs or headers[0].crs)
        found = arranged(job.raster, headers, mapping)
    except (ValueError, ConfigError) as err:
        raise _NotBuilt(ItemStatus.BAD_DEFINITION, f"{err}.") from err
    # From here on the finest file is the first; what is kept of the item stays in its own order.
    kept_headers, kept_mapping, asked = headers, mapping, job
    headers, mapping = found.headers, found.mapping
    job = replace(asked, raster=found.raster)
    first = headers[0]
    crs = job.raster.sources[0].crs or first.crs
    geolocation = job.raster.geolocation
    problem = None if geolocation else placement_problem(first, crs)
    if problem is not None:
        raise _NotBuilt(*problem)
    rings, tallies, notes = _look_at_pixels(job, headers, mapping, process)
    if rings is not None and not rings:
        raise _NotBuilt(ItemStatus.EMPTY, "holds no valid pixel.")
    size = (first.width, first.height)
    doubts: tuple[str, ...] = ()
    try:
        if geolocation is not None:
            placement, doubts = _place_sensor(job, geolocation, first, rings)
        else:
            assert first.geotransform is not None
            placement = place(crs, first.geotransform, size, job.service_crs, rings)
    except InvalidParameter as err:
        why = "its CRS cannot be transformed to the service's or to longitude and latitude."
        raise _NotBuilt(ItemStatus.NOT_PLACED, why) from err
    if placement is None:
        why = f"has no place in the service's CRS {job.service_crs[:60]}."
        if geolocation is not None:
            why = "its lines of sight meet no terrain."
        raise _NotBuilt(ItemStatus.NOT_PLACED, " ".join((why, *doubts)))
    return BuiltItem(
        headers=kept_headers,
        mapping=kept_mapping,
        rings=pack_rings(rings or []),
        placement=placement,
        low_ps=placement.pixel_size,
        high_ps=placement.pixel_size * first.width / found.shared_levels()[-1].width,
        tallies=pack_tallies(tallies) if job.statistics else b"",
        notes=(*job.raster.notes, *doubts, *_model_notes(asked, kept_headers), *notes),
    )


def _model_notes(job: ItemJob, headers: tuple[RasterHeader, ...]) -> tuple[str, ...]:
    """Say where a file's own sensor model is no longer the one that was read when it was added."""
    before = {header.path: (header.rpc, header.tre) for header in job.headers}
    changed = any(
        before.get(header.path, (header.rpc, header.tre)) != (header.rpc, header.tre)
        for header in headers
    )
    if job.raster.geolocation is None or not changed:
        return ()
    return ("The RPC in its file has changed since it was added; add it again.",)


def _place_sensor(
    job: ItemJob, geolocation: Geolocation, header: RasterHeader, rings: list[Floats] | None
) -> tuple[Placement | None, tuple[str, ...]]:
    """Return where the image lies, and what is doubtful about that."""
    try:
        bound = bind_for_build(geolocation)
        placement = place_sensor(bound, (header.width, header.height), job.service_crs, rings)
        return placement, doubts_about(geolocation, bound, header, process_memory())
    except (InvalidParameter, ConfigError) as err:
        raise _NotBuilt(ItemStatus.BAD_DEFINITION, f"its sensor model or terrain: {err}") from err
    except SourceError as err:
        # The file it names is the terrain's, not the item's own.
        name = PurePath(str(err.fields[0])).name
        why = f"its terrain {name} cannot be read: {err.fields[1]}"
        raise _NotBuilt(ItemStatus.BAD_DEFINITION, f"{why.rstrip('.')}.") from err


def _process(job: ItemJob, mapping: BandMapping, crs: str) -> BoundProcess | None:
    """Return the item's chain, None where it does nothing to pixels; raises ValueError with a sentence."""
    if job.raster.process is None:
        return None
    height_m = vertical_crs(crs)[1] if crs else 1.0
    info = BandsInfo(mapping.pixel_type, len(mapping.bands), height_m=height_m)
    return bound_of_item(job.raster.process.name, job.raster, info)


def _look_at_pixels(
    job: ItemJob,
    headers: tuple[RasterHeader, ...],
    mapping: BandMapping,
    process: BoundProcess | None,
) -> tuple[list[Floats] | None, tuple[BandTally, ...], tuple[str, ...]]:
    """Return outline, tallies and notes; a raster with some bad blocks keeps its whole extent.

    Of each band what can be read is counted.
    """
    rule = job.raster.footprint or job.footprints
    outline, tallies = Outline(None), tuple[BandTally, ...]()
    damage: list[SourceCorrupt] = []
    try:
        outline = outline_of_item(OutlineJob(job.raster, headers, mapping, rule))
    except SourceCorrupt as err:
        damage.append(err)
    try:
        tallies = _tallies(job, headers, mapping, process, damage) if job.statistics else ()
    except SourceCorrupt as err:
        # Of its mask; bands tell by themselves.
        damage.append(err)
    if damage and not _can_read_some(job, headers, mapping):
        raise damage[0]
    note = damage_note(damage, mapping, headers)
    return outline.rings, tallies, (*outline.notes, *((note,) if note else ()))


def _reduced(shape: tuple[int, int], most_pixels: int) -> tuple[int, int]:
    """Return the shape, or a smaller one of the same form with at most so many pixels."""
    rows, cols = shape
    if rows * cols <= most_pixels:
        return shape
    factor = (rows * cols / most_pixels) ** 0.5
    return max(1, int(rows / factor)), max(1, int(cols / factor))


def _tallies(
    job: ItemJob,
    headers: tuple[RasterHeader, ...],
    mapping: BandMapping,
    process: BoundProcess | None,
    damage: list[SourceCorrupt],
) -> tuple[BandTally, ...]:
    level = finest_level(headers, _TALLY_PIXELS)
    with ItemPixels(job.raster, headers, mapping, level) as pixels:
        shape = _reduced((pixels.height, pixels.width), _TALLY_PIXELS)
        mask = pixels.mask(None, shape)
        if process is not None:
            served = (job.band_count, job.pixel_type)
            ground = _ground_of(job.raster.sources[0].crs or headers[0].crs, headers[0], shape)
            return processed_tallies(pixels, shape, process, served, damage, ground)
        tallies = []
        for index, band in enumerate(mapping.bands):
            if band.source < 0:
                tallies.append(BandTally())
                continue
            data, valid = readable_band(pixels, index, shape, damage)
            good = valid if mask is None else valid & mask
            # Choosing takes longer than counting, and most rasters are valid all over.
            samples = data.ravel() if good.all() else data[good]
            tallies.append(tally_samples(as_served(samples, job.pixel_type)))
    return tuple(tallies)


def _ground_of(crs: str, header: RasterHeader, shape: tuple[int, int]) -> LevelGround | None:
    """Return how large the pixels are on the ground that statistics look at."""
    if header.geotransform is None:
        return None
    rows, cols = shape
    scale = (cols / header.width, rows / header.height)
    return level_ground(crs, header.geotransform, scale)


def placement_problem(header: RasterHeader, crs: str) -> tuple[ItemStatus, str] | None:
    """Return status and sentence of a raster that does not say where it lies, None where it does.

    Parameters
    ----------
    crs
        Of the raster, stated or its own; "" = none.
    """
    if header.geotransform is None:
        if header.has_rpcs or header.has_gcps:
            why = "Placed by ground control points only; add it with --type gcp."
            if header.has_rpcs:
                why = "Placed by a sensor model (RPC) only; add it with --type rpc."
        else:
            why = "Has no geotransform or world file that says where it lies."
        return ItemStatus.NO_GEOREFERENCE, why
    if not crs:
        return ItemStatus.NO_CRS, "Names no coordinate system; state it with --srs when adding."
    return None


def _can_read_some(job: ItemJob, headers: tuple[RasterHeader, ...], mapping: BandMapping) -> bool:
    """Tell whether at least one of a few strips through the raster can be read."""
    with ItemPixels(job.raster, headers, mapping, 0) as pixels:
        for row in sorted({pixels.height * part // 8 for part in range(8)}):
            for index, band in enumerate(mapping.bands):
                if band.source < 0:
                    continue
                try:
                    pixels.band(index, Strip(row, 1))
                except SourceError:
                    continue
                return True
    return False
