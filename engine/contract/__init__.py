"""The contract with plug-ins of other distributions: its version, how they join, checks to run on them.

A distribution joins by entry points of these groups; the `v1` in their names is the contract's version.
A change that plug-ins would notice makes new groups, and the old ones are served as long as they can be.
What an object must offer is said by the protocol of its kind; README.md beside this file tells the rest.

Rule: importing this module loads nothing; the front process imports it.
"""

from engine.contract.entries import (
    CONTRACT,
    FORMAT_NAMES,
    FORMATS,
    FUNCTIONS,
    GROUPS,
    PLANE_TRANSFORMS,
    RASTER_TYPES,
    SENSOR_MODELS,
    PluginEntry,
    PluginFailed,
    entry_points_of,
)

__all__ = [
    "CONTRACT",
    "FORMATS",
    "FORMAT_NAMES",
    "FUNCTIONS",
    "GROUPS",
    "PLANE_TRANSFORMS",
    "RASTER_TYPES",
    "SENSOR_MODELS",
    "PluginEntry",
    "PluginFailed",
    "entry_points_of",
]
