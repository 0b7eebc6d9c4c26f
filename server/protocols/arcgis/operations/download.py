"""download: which files rasters are made of, for `file` to fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter, RequestTooLarge
from engine.readers.source_files import files_there, item_record
from server.protocols.arcgis.clipped_copy import (
    Part,
    asked_part,
    part_bytes,
    part_of,
    part_request,
)
from server.protocols.arcgis.file_ids import text_of
from server.protocols.arcgis.operations.base import FormField, OperationInfo, Question
from server.protocols.input_limits import MAX_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.extent import Extent
    from engine.readers.source_files import SourceFile
    from server.protocols.arcgis.parameters import Parameters

_MB = 1024 * 1024

INFO = OperationInfo(
    title="Download",
    hint="The files that rasters of the catalog are made of, or parts of the rasters, each with an id for file.",
    capability="Download",
    fields=(
        FormField("rasterIds", "OBJECTIDs: 1,2,3", start="$rasterId"),
        FormField("geometry", "xmin,ymin,xmax,ymax: this part of each raster, not its files"),
        FormField("format", "of parts", ("", "TIFF", "JPEG", "PNG", "GIF", "BMP", "BIP", "BSQ")),
    ),
)


def look(question: Question) -> dict[str, Any]:
    """Return the files of rasters, or parts of the rasters, with their sizes.

    A file that several rasters share comes once; the size of a part is that before compression.

    Raises
    ------
    InvalidParameter
        No rasters are named, or a part is not on the service's map or in a format that is not written.
    RequestTooLarge
        More rasters or bytes than the service gives at once.
    ItemNotFound
    """
    properties = question.summary.properties
    rasters = _rasters(question.parameters, properties.max_download_images)
    part = asked_part(question)
    files: dict[str, tuple[SourceFile | Part, int, list[int]]] = {}
    total = 0
    for raster in rasters:
        for key, file, size in _files(question, raster, part):
            if key not in files:
                files[key] = (file, size, [])
                total += size
            files[key][2].append(raster)
        if total > properties.max_download_mb * _MB:
            asked = f"{total / _MB:,.0f} MB and more"
            raise RequestTooLarge("size of the download", asked, f"{properties.max_download_mb} MB")
    return {
        "rasterFiles": [
            {"id": text_of(file, question), "size": size, "rasterIds": owners}
            for file, size, owners in files.values()
        ]
    }


def _files(
    question: Question, raster: int, asked: tuple[Extent, str] | None
) -> Iterator[tuple[str, SourceFile | Part, int]]:
    """Yield key, file and size of what a raster gives."""
    item = item_record(question.compiled, raster)
    if asked is None:
        yield from ((file.path, file, size) for file, size in files_there(item))
        return
    crs = question.summary.crs
    part = part_of(item, asked, crs)
    if part is not None:
        part_request(item, part, question.summary)
        yield part.text, part, part_bytes(item, part, crs)


def _rasters(parameters: Parameters, most: int) -> list[int]:
    rasters = list(dict.fromkeys(parameters.integers("rasterIds", 0, MAX_ID)))
    if not rasters:
        raise InvalidParameter("rasterIds", "", "the OBJECTIDs of rasters of this service")
    if len(rasters) > most:
        raise RequestTooLarge("number of rasters", len(rasters), most)
    return rasters
