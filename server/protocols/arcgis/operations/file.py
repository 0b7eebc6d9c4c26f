"""file: one file of a raster, as it lies on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.readers.source_files import FileGone, item_record, open_file, sidecars, source_files
from server.protocols.arcgis.clipped_copy import Part, part_request
from server.protocols.arcgis.file_ids import parse_file_id
from server.protocols.arcgis.operations.base import (
    Asked,
    FormField,
    OperationInfo,
    Question,
    RenderedFile,
)
from server.protocols.arcgis.operations.place_form import RASTER_FIELD
from server.protocols.input_limits import MAX_ID

if TYPE_CHECKING:
    from engine.readers.source_files import OpenedFile

INFO = OperationInfo(
    title="File",
    hint="A file of a raster, by the id that download gave; ranges of bytes are served.",
    capability="Download",
    fields=(FormField("id", "as download gave it"), RASTER_FIELD),
    returns_pixels=True,
)


def look(question: Question) -> OpenedFile | RenderedFile:
    """Open the file, or say how the part of a raster is made.

    Raises
    ------
    InvalidParameter
        The id is none of this service's, or not of the raster named.
    RequestTooLarge
        The part has more pixels than an image of the service.
    FileGone
        The file is not as it was catalogued.
    """
    asked = parse_file_id(question)
    raster = question.parameters.integer("rasterId", 0, MAX_ID)
    item = item_record(question.compiled, asked.item)
    if isinstance(asked, Part):
        if raster not in (None, asked.item):
            raise InvalidParameter("rasterId", raster, f"that of the part, {asked.item}")
        request = part_request(item, asked, question.summary)
        return RenderedFile(asked=Asked(request=request, is_final=True), name=asked.name)
    files = source_files(item)
    if asked.number >= len(files):
        raise FileGone(asked.item)
    file = files[asked.number]
    # A file may belong to several rasters, whoever of them gave its id.
    if raster not in (None, asked.item) and file.path not in _paths_of(question, raster):
        raise InvalidParameter("rasterId", raster, f"a raster with this file, such as {asked.item}")
    if asked.kind == 0:
        return open_file(file)
    for sidecar in sidecars(file):
        if sidecar.kind == asked.kind:
            return open_file(sidecar)
    raise FileGone(asked.item)


def _paths_of(question: Question, raster: int) -> set[str]:
    return {file.path for file in source_files(item_record(question.compiled, raster))}
