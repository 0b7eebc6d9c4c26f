"""The raster process definition of an item: what it is made of, as a person can read and write it.

It is kept with the item's row in the service table and travels as a `.rpdef.json` file. Group
properties and processes come first, then each raster with its own; pixels go through a raster's chain,
then its group's. Everything wrong in a file is told with the item's name, the raster and the process,
so that one bad item does not hide among a thousand good ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from engine.chain import Chain, Process, process_name
from engine.chain_rules import Fault, item_faults, service_faults
from engine.errors import ConfigError, InvalidParameter
from engine.geotransforms import GEOTRANSFORMS
from engine.geotransforms.outside import (
    OUTSIDE_PLANES,
    OUTSIDE_SENSORS,
    is_outside,
    outside_record,
)
from engine.pixel_type import PixelType
from engine.process_plain import with_tags, without_tags

if TYPE_CHECKING:
    from pathlib import Path

    from engine.functions.base import BandsInfo

SUFFIX = ".rpdef.json"
VERSION = 1
# As many as a raster may have (engine.readers.header).
_MOST_BANDS = 4096

_OTHERS = ("RasterFunction", "Sampler2D", "SamplerOrtho")


NoData = tuple[float | Literal["nan"] | None, ...]


class BandFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A further file of a raster, on the same grid, whose bands follow; fields as of RasterEntry."""

    source: str
    bands: tuple[int, ...] = ()
    no_data: NoData = ()
    valid_range: tuple[float, float] | None = None
    enabled: bool = True


class RasterEntry(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One raster of an item.

    Attributes
    ----------
    source : str
        File; relative names count from the definition's folder.
    bands : tuple of int
        Bands of the file to use, from 1, in this order; () = all but an alpha band.
    no_data : one for all bands, or one per band
        None = no such value; "nan" where it is not a number. Empty = as the file says.
    valid_range : (lowest, highest) or None
        Samples outside are no data.
    format : str
        GDAL driver; "" = found by opening the file.
    min_pixel_size, max_pixel_size : float
        Half-open range of output pixel sizes at which the raster shows, service-CRS units; 0 = no end.
    more_bands : tuple of BandFile
        Files with further bands.
    """

    source: str
    description: str = ""
    bands: tuple[int, ...] = ()
    no_data: NoData = ()
    valid_range: tuple[float, float] | None = None
    format: str = ""
    process_chain: Chain = ()
    more_bands: tuple[BandFile, ...] = ()
    min_pixel_size: float = 0.0
    max_pixel_size: float = 0.0
    enabled: bool = True


class RasterProcessDefinition(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """An item's rasters and processes.

    Attributes
    ----------
    name : str
        Of the item.
    crs : str
        CRS that the item's chain leads to; "" = the raster's own.
    bands : int
        0 = as the rasters have.
    pixel_type : PixelType or None
        None = as the rasters have.
    min_pixel_size, max_pixel_size : float
        As of RasterEntry, for all rasters of the item.
    process_chain : Process
        Done after each raster's own.
    """

    rpdef: int = msgspec.field(default=VERSION)
    name: str
    description: str = ""
    crs: str = ""
    bands: int = 0
    pixel_type: PixelType | None = None
    min_pixel_size: float = 0.0
    max_pixel_size: float = 0.0
    process_chain: Chain = ()
    rasters: tuple[RasterEntry, ...]

    def chain_of(self, raster: int) -> Chain:
        """Return all processes between a raster and the mosaic."""
        return self.rasters[raster].process_chain + self.process_chain

    def enabled_rasters(self) -> tuple[int, ...]:
        """Return the numbers, from 0, of rasters that take part."""
        return tuple(i for i, raster in enumerate(self.rasters) if raster.enabled)


def write_definition(definition: RasterProcessDefinition) -> bytes:
    """Return the text of a `.rpdef.json` file, indented, ending in a newline."""
    # The version is a default and would be left out.
    plain = {"rpdef": definition.rpdef, **without_tags(msgspec.to_builtins(definition))}
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def write_chain(chain: Chain) -> bytes:
    """Return the text of a file that holds processes alone, as a list."""
    plain = without_tags(msgspec.to_builtins(chain))
    return msgspec.json.format(msgspec.json.encode(plain), indent=2) + b"\n"


def read_definition(text: bytes | str, file: str) -> RasterProcessDefinition:
    """Return the definition that a `.rpdef.json` file holds, its rules checked (see `faults_of`).

    Parameters
    ----------
    file
        What to call the file where it does not name an item.

    Raises
    ------
    ConfigError
        Names the item, the raster and the process at fault.
    """
    definition = definition_of(plain_json(text, file), file)
    check_definition(definition)
    return definition


def plain_json(text: bytes | str, file: str | Path, field: str = "") -> object:
    """Return the plain mappings and lists that a text holds; `file` and `field` are for messages.

    Raises
    ------
    ConfigError
        Not JSON, or nested too deep.
    """
    try:
        found: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ConfigError(file, field, f"not JSON: {error}") from error
    return found


def definition_of(plain: object, file: str) -> RasterProcessDefinition:
    """Return the definition that plain mappings and lists hold; its rules are not checked.

    Raises
    ------
    ConfigError
    """
    if not isinstance(plain, Mapping):
        raise ConfigError(file, "", "expected an object with name and rasters")
    name = plain.get("name")
    if name == "":
        raise ConfigError(file, "name", "is empty")
    item = f"item {name!r}" if isinstance(name, str) else file
    version = plain.get("rpdef", VERSION)
    if version != VERSION:
        raise ConfigError(item, "rpdef", f"version {version!r}; this server reads {VERSION}")
    fields = dict(plain)
    fields["process_chain"] = processes_of(plain.get("process_chain", ()), item, "group")
    rasters = plain.get("rasters")
    if isinstance(rasters, Sequence) and not isinstance(rasters, str):
        fields["rasters"] = tuple(_entry(entry, item, i) for i, entry in enumerate(rasters))
    definition: RasterProcessDefinition = _converted(fields, RasterProcessDefinition, item, "")
    return definition


def processes_of(plain: object, item: str, place: str) -> Chain:
    """Return the processes that a list of plain mappings holds.

    Parameters
    ----------
    item, place
        For messages: whose chain it is, and which of its chains.

    Raises
    ------
    ConfigError
        Names the process.
    """
    if not isinstance(plain, Sequence) or isinstance(plain, str):
        raise ConfigError(item, f"{place}, process_chain", "expected a list of processes")
    known = (*GEOTRANSFORMS, *_OTHERS)
    chain = []
    for index, entry in enumerate(plain):
        where = f"{place}, process {index + 1}"
        tag = entry.get("process") if isinstance(entry, Mapping) else None
        if tag not in known and is_outside(tag):
            chain.append(_outside(entry, item, where))
            continue
        if tag not in known:
            accepted = ", ".join((*known, *OUTSIDE_PLANES, *OUTSIDE_SENSORS))
            raise ConfigError(item, where, f'"process" is {tag!r}; known processes: {accepted}')
        where = f"{where} ({tag})"
        try:
            tagged = with_tags(entry)
        except InvalidParameter as err:
            raise ConfigError(item, where, str(err)) from err
        chain.append(_converted(tagged, Process, item, where))
    return tuple(chain)


def _outside(entry: Mapping[str, Any], item: str, where: str) -> Process:
    fields = {key: value for key, value in entry.items() if key != "process"}
    try:
        return outside_record(entry["process"], fields)
    except InvalidParameter as err:
        raise ConfigError(item, where, str(err)) from err


def check_definition(definition: RasterProcessDefinition, info: BandsInfo | None = None) -> None:
    """Refuse a definition with any fault; the message tells the first.

    Raises
    ------
    ConfigError
    """
    faults = faults_of(definition, info)
    if faults:
        where, why = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ConfigError(f"item {definition.name!r}", where, why + more)


def faults_of(
    definition: RasterProcessDefinition, info: BandsInfo | None = None
) -> list[tuple[str, str]]:
    """Return (where, why) of everything wrong with a definition.

    Parameters
    ----------
    info
        Bands of the sources, where known: arguments of raster functions are checked against them.
    """
    faults = _group_faults(definition)
    for number, raster in enumerate(definition.rasters):
        place = raster_place(number, raster.source)
        faults += [(place, why) for why in _raster_faults(definition, raster)]
        chain = definition.chain_of(number)
        own = len(raster.process_chain)
        for fault in item_faults(chain, info):
            found = (_process_place(chain, fault, own, place), fault.why)
            # What is wrong with a process of the group is wrong for each raster alike.
            if found not in faults:
                faults.append(found)
    return faults


def check_service_chain(chain: Chain, service: str, info: BandsInfo | None = None) -> None:
    """Refuse a service's chain with any fault.

    Raises
    ------
    ConfigError
        Names the service and the process.
    """
    for fault in service_faults(chain, info):
        process = chain[fault.index]
        where = f"process {fault.index + 1} ({process_name(process)})"
        raise ConfigError(f"service {service!r}", where, fault.why)


def _group_faults(definition: RasterProcessDefinition) -> list[tuple[str, str]]:
    faults = []
    if not definition.name:
        faults.append(("name", "is empty"))
    if not definition.rasters:
        faults.append(("rasters", "the list is empty; an item has one raster or more"))
    if not 0 <= definition.bands <= _MOST_BANDS:
        accepted = f"a count up to {_MOST_BANDS}, or 0 = as the rasters have"
        faults.append(("bands", f"{definition.bands}; expected {accepted}"))
    why = _range_fault(definition.min_pixel_size, definition.max_pixel_size)
    if why:
        faults.append(("pixel sizes", why))
    return faults


def _raster_faults(definition: RasterProcessDefinition, raster: RasterEntry) -> list[str]:
    faults = [] if raster.source else ["source is empty"]
    count = len(raster.bands) or definition.bands
    if count and not raster.more_bands and len(raster.no_data) not in (0, 1, count):
        faults.append(f"no_data has {len(raster.no_data)} values; expected 1 or {count}")
    why = _range_fault(raster.min_pixel_size, raster.max_pixel_size)
    if why:
        return [*faults, why]
    low = max(raster.min_pixel_size, definition.min_pixel_size)
    high = min(raster.max_pixel_size or math.inf, definition.max_pixel_size or math.inf)
    if not low < high and not _range_fault(definition.min_pixel_size, definition.max_pixel_size):
        faults.append("its pixel sizes and the group's have none in common; it would never show")
    return faults


def _range_fault(low: float, high: float) -> str:
    if not (0 <= low < math.inf and 0 <= high < math.inf):
        return f"pixel sizes from {low:g} to {high:g}; expected finite sizes of 0 or more"
    if high and not low < high:
        return f"min_pixel_size {low:g} is not below max_pixel_size {high:g} (0 = no end)"
    return ""


def raster_place(number: int, source: object) -> str:
    """Return what messages call a raster, numbered from 0."""
    # The file's name tells an author enough, and messages may be seen by others than the author.
    name = str(source).replace("\\", "/").rpartition("/")[2]
    return f"raster {number + 1} ({name})" if name else f"raster {number + 1}"


def process_place(definition: RasterProcessDefinition, raster: int, fault: Fault) -> str:
    """Return where the fault of a raster's whole chain is."""
    entry = definition.rasters[raster]
    place = raster_place(raster, entry.source)
    return _process_place(definition.chain_of(raster), fault, len(entry.process_chain), place)


def _process_place(chain: Chain, fault: Fault, own: int, place: str) -> str:
    name = process_name(chain[fault.index])
    if fault.index < own:
        return f"{place}, process {fault.index + 1} ({name})"
    return f"group, process {fault.index - own + 1} ({name})"


def _entry(plain: object, item: str, number: int) -> RasterEntry:
    if not isinstance(plain, Mapping):
        raise ConfigError(item, f"raster {number + 1}", "expected an object with source")
    place = raster_place(number, plain.get("source", ""))
    fields = dict(plain)
    fields["process_chain"] = processes_of(plain.get("process_chain", ()), item, place)
    raster: RasterEntry = _converted(fields, RasterEntry, item, place)
    return raster


def _converted(plain: Any, kind: Any, item: str, where: str) -> Any:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(item, where, str(error).replace("`$.", "`")) from error
