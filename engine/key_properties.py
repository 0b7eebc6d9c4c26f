"""What the catalog knows of the sensor, the sun and the clouds: of one item, or where all items agree.

References
----------
ArcGIS REST API, image service: key properties (names of acquisition properties).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.results import KeyPropertiesResult
from engine.service_properties import known_values

if TYPE_CHECKING:
    from engine.render_work import Work
    from engine.request import KeyPropertiesRequest

# What functions alone ask for.
_OWN = ("Values",)


def key_properties(request: KeyPropertiesRequest, work: Work) -> KeyPropertiesResult:
    """Return the properties that are known, under Esri's names.

    Raises
    ------
    ItemNotFound
    """
    if request.item is not None:
        work.service.catalog.item(request.item)
    known = known_values(work.service, request.item)
    return KeyPropertiesResult(
        properties={name: value for name, value in known.items() if name not in _OWN}
    )
