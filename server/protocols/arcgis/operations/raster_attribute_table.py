"""rasterAttributeTable: what is known of each value of a service of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.summary import AttributeTable, FieldInfo
from server.protocols.arcgis.esri_json import field
from server.protocols.arcgis.needs import ATTRIBUTE_TABLE
from server.protocols.arcgis.operations.base import OperationInfo

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Raster attribute table",
    hint="Names, counts and colours of the values, where the service has classes.",
    is_resource=True,
    needs=ATTRIBUTE_TABLE,
    empty="No raster attribute table: the service has no table of its values.",
)
_OBJECT_ID = FieldInfo(name="OBJECTID", type="oid", alias="OBJECTID")
_NOTHING = AttributeTable(fields=())


def describe(question: Question) -> dict[str, Any]:
    """Return one feature per value, without geometry; none where the service has no table."""
    return table_json(question.summary)


def table_json(summary: ServiceSummary) -> dict[str, Any]:
    """Return the table of a service."""
    table = summary.attribute_table or _NOTHING
    own = [
        each for each in table.fields if each.type != "oid" and each.name.casefold() != "objectid"
    ]
    places = [table.fields.index(each) for each in own]
    names = [each.name for each in own]
    return {
        "objectIdFieldName": "OBJECTID",
        "fields": [field(_OBJECT_ID), *map(field, own)],
        "features": [
            {
                "attributes": {
                    "OBJECTID": number,
                    **{name: row[place] for name, place in zip(names, places, strict=True)},
                }
            }
            for number, row in enumerate(table.rows)
        ],
    }
