"""What a service of one raster is: statistics, picture bands and kind of data, from a decimated read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.build.attribute_table_file import found_table
from engine.build.band_description import band_infos, data_type_of, natural_colour
from engine.build.footprint_rule import FootprintRule
from engine.build.item_build import ItemJob, build_item
from engine.build.service_facts import ServiceFacts
from engine.build.tally import histogram_of, statistics_of, unpack_tallies
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.build.band_mapping import BandMapping
    from engine.build.item_compiler import Geotransform
    from engine.build.raster_record import RasterDefinition
    from engine.readers.header import RasterHeader


def facts_of_raster(
    raster: RasterDefinition,
    header: RasterHeader,
    mapping: BandMapping,
    geotransform: Geotransform,
) -> ServiceFacts:
    """Return the facts of a service whose only item is this raster; reads it decimated.

    Raises
    ------
    ConfigError
        The raster cannot be served; the text says why.
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    pixel_type = mapping.pixel_type
    built = build_item(
        ItemJob(
            id=1,
            raster=raster,
            headers=(header,),
            service_crs=header.crs,
            band_count=len(mapping.bands),
            pixel_type=pixel_type,
            # What is no data is told by the pixels; an outline would only say it again.
            footprints=FootprintRule(method="extent"),
            statistics=True,
        )
    )
    if built.status.is_failed:
        raise ConfigError(header.path, "", built.message)
    tallies = unpack_tallies(built.tallies)
    seen = any(tally.count for tally in tallies)
    size_x, size_y = _pixel_size(geotransform)
    level, coarsest = header.levels[0], header.levels[-1]
    ratio = min(level.width / coarsest.width, level.height / coarsest.height)
    samples = header.width * header.height * len(mapping.bands)
    return ServiceFacts(
        crs=header.crs,
        pixel_type=pixel_type,
        bands=band_infos(mapping.headers),
        no_data_texts=tuple("" if value is None else repr(value) for value in mapping.no_data),
        pixel_size_x=size_x,
        pixel_size_y=size_y,
        statistics=tuple(map(statistics_of, tallies)) if seen else (),
        histograms=tuple(histogram_of(t, pixel_type) for t in tallies) if seen else (),
        data_type=data_type_of(
            mapping.headers, pixel_type, header.driver, has_colormap=bool(header.colormap)
        ),
        colormap=header.colormap,
        attribute_table=found_table(header.path) if len(mapping.bands) == 1 else None,
        picture_bands=natural_colour(mapping.headers),
        coarsest_ps=math.sqrt(size_x * size_y) * ratio * 2 if len(header.levels) > 1 else 0.0,
        uncompressed_size=samples * pixel_type.bytes_per_sample,
        block_width=level.block_width,
        block_height=level.block_height,
    )


def _pixel_size(geotransform: Geotransform) -> tuple[float, float]:
    _, b, c, _, e, f = geotransform
    return math.hypot(b, e), math.hypot(c, f)
