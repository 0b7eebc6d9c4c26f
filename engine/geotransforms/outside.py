"""Geotransforms of other distributions, carried as their name and the JSON of their parameters.

The records of chains and compiled items are closed unions; a plug-in's record joins them inside one of
these, and is made from its JSON where it is bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.contract import PLANE_TRANSFORMS, SENSOR_MODELS
from engine.errors import InvalidParameter
from engine.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.base import PlaneTransform, SensorModel

# A record of a plug-in: a msgspec.Struct with a method `bind`.
OUTSIDE_PLANES: Registry[type[Any]] = Registry("plane transform", {}, PLANE_TRANSFORMS)
OUTSIDE_SENSORS: Registry[type[Any]] = Registry("sensor model", {}, SENSOR_MODELS)


class OutsidePlane(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="OutsidePlane",
):
    """A transform in the plane that a plug-in brings.

    Attributes
    ----------
    name : str
        Of the plug-in.
    parameters : str
        JSON of the plug-in's record.
    """

    name: str
    parameters: str = "{}"

    def bind(self) -> PlaneTransform:
        """Check the parameters.

        Raises
        ------
        InvalidParameter
            They cannot be, or there is no such plug-in.
        """
        bound: PlaneTransform = _record(OUTSIDE_PLANES, self.name, self.parameters).bind()
        return bound


class OutsideSensor(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="process",
    tag="OutsideSensor",
):
    """A sensor model that a plug-in brings; fields as of OutsidePlane."""

    name: str
    parameters: str = "{}"

    def bind(self) -> SensorModel:
        """Check the parameters; see `OutsidePlane.bind`."""
        bound: SensorModel = _record(OUTSIDE_SENSORS, self.name, self.parameters).bind()
        return bound


def is_outside(name: object) -> bool:
    """Tell whether a plug-in's geotransform has this name."""
    return name in OUTSIDE_PLANES or name in OUTSIDE_SENSORS


def outside_record(name: str, fields: Mapping[str, Any]) -> OutsidePlane | OutsideSensor:
    """Return the record that carries a plug-in's, its fields checked.

    Raises
    ------
    InvalidParameter
    """
    text = msgspec.json.encode(fields, order="sorted").decode()
    if name in OUTSIDE_PLANES:
        _record(OUTSIDE_PLANES, name, text)
        return OutsidePlane(name=OUTSIDE_PLANES.own_name(name), parameters=text)
    _record(OUTSIDE_SENSORS, name, text)
    return OutsideSensor(name=OUTSIDE_SENSORS.own_name(name), parameters=text)


def _record(registry: Registry[type[Any]], name: str, parameters: str) -> Any:
    if name not in registry:
        accepted = ", ".join(registry) or "none is installed"
        raise InvalidParameter(
            registry.kind, name, f"a plug-in that is installed here ({accepted})"
        )
    try:
        return msgspec.json.decode(parameters, type=registry[name])
    except msgspec.MsgspecError as err:
        raise InvalidParameter(name, "its parameters", f"what it knows: {err}") from err
