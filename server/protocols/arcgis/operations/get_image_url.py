"""getImageUrl: an address of the file that an image was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from engine.readers.source_files import FileGone, files_there, item_record
from server.protocols.arcgis.file_ids import text_of
from server.protocols.arcgis.operations.base import FormField, OperationInfo
from server.protocols.arcgis.operations.place_form import RASTER_FIELD
from server.protocols.arcgis.raster_uri import raster_of_uri

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Get image URL",
    hint="An address of a raster's first file.",
    capability="Download",
    fields=(FormField("uri", "as find gave it"), RASTER_FIELD),
)


def look(question: Question) -> dict[str, Any]:
    """Return the address.

    Raises
    ------
    InvalidParameter
        No raster is named.
    ItemNotFound
    FileGone
        Its files are not as they were catalogued.
    """
    raster = raster_of_uri(question.parameters)
    for file, _ in files_there(item_record(question.compiled, raster)):
        if file.kind == 0:
            asked = urlencode({"id": text_of(file, question), "rasterId": raster})
            return {"imageURL": f"{question.url}/file?{asked}"}
    raise FileGone(raster)
