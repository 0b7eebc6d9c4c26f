"""Entry points by which other distributions join Swath's registries."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from engine.errors import ConfigError

CONTRACT = 1
RASTER_TYPES = "swath.v1.raster_types"
FUNCTIONS = "swath.v1.functions"
PLANE_TRANSFORMS = "swath.v1.plane_transforms"
SENSOR_MODELS = "swath.v1.sensor_models"
FORMATS = "swath.v1.formats"
# What the front process needs of a format: an `engine.format_names.FormatName`, from a light module.
FORMAT_NAMES = "swath.v1.format_names"
GROUPS = {
    RASTER_TYPES: "raster type",
    FUNCTIONS: "raster function",
    PLANE_TRANSFORMS: "plane transform",
    SENSOR_MODELS: "sensor model",
    FORMATS: "output format",
    FORMAT_NAMES: "name of an output format",
}
_FAMILY = "swath."


class PluginFailed(ConfigError):
    """A plug-in cannot be used."""

    def __init__(self, name: str, distribution: str, why: str) -> None:
        super().__init__(f"plug-in {name} of {distribution}", "", why)


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One entry point of one of our groups.

    Attributes
    ----------
    distribution : str
        Name and version of the package that brings it.
    target : str
        As "module:object".
    """

    group: str
    name: str
    distribution: str
    target: str

    def load(self) -> object:
        """Import what it names.

        Raises
        ------
        PluginFailed
        """
        try:
            found: object = EntryPoint(self.name, self.target, self.group).load()
        except Exception as err:
            why = f"{self.target} cannot be loaded: {type(err).__name__}: {err}"
            raise PluginFailed(self.name, self.distribution, why) from err
        return found


def entry_points_of(group: str) -> list[PluginEntry]:
    """Return the entry points of a group, sorted by name."""
    found = [_entry(each) for each in entry_points(group=group)]
    return sorted(found, key=lambda each: (each.name, each.distribution))


def strangers() -> list[PluginEntry]:
    """Return entry points for groups of other versions of the contract, which are not used."""
    every = entry_points()
    groups = [name for name in every.groups if name.startswith(_FAMILY) and name not in GROUPS]
    return [_entry(each) for name in sorted(groups) for each in every.select(group=name)]


def _entry(found: EntryPoint) -> PluginEntry:
    dist = found.dist
    distribution = f"{dist.name} {dist.version}" if dist is not None else "an unknown package"
    return PluginEntry(found.group, found.name, distribution, found.value)
