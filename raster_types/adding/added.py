"""How known items were added: with which options, from which files. It tells when to read them again.

Plain rasters added without options are not listed: path, size and time of change in the service table
say all about them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from raster_types.base import FileState, ItemOptions, state_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.build.service_table import ServiceTable

PLAIN = "raster-dataset"
# Of a file that could not be read: no file is like that.
NEVER: FileState = (-2, 0)
_STATE = "added"


class Added(msgspec.Struct, frozen=True, array_like=True):
    """How an item was added.

    Attributes
    ----------
    paths : tuple of str
        Of its product, the one that names it first.
    files : dict
        All files that were read, with size and time of change.
    made : str
        Digest of the process definition that the raster type made (`raster_types.adding.kept_process`).
    """

    raster_type: str
    paths: tuple[str, ...]
    options: ItemOptions
    files: dict[str, FileState]
    made: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether the service table says as much."""
        alone = self.files.keys() <= set(self.paths) and len(self.paths) == 1
        return alone and self.raster_type == PLAIN and self.options == ItemOptions()

    def has_changed_files(self) -> bool:
        """Tell whether a file is not as it was read."""
        return any(state_of_file(path) != state for path, state in self.files.items())


class AddedItems:
    """What is known of how the items of a definition were added, by OBJECTID.

    Parameters
    ----------
    fids
        OBJECTIDs that there are; what is kept of others is forgotten.
    """

    def __init__(self, table: ServiceTable, fids: Iterable[int]) -> None:
        self._table = table
        packed = table.state(_STATE)
        found = msgspec.msgpack.decode(packed, type=dict[int, Added]) if packed else {}
        there = set(fids)
        self._by_fid = {fid: added for fid, added in found.items() if fid in there}
        self._by_product: dict[str, list[int]] = {}
        for fid, added in self._by_fid.items():
            self._by_product.setdefault(added.paths[0], []).append(fid)

    def of_product(self, main: str) -> dict[int, Added]:
        """Return what is known of the items of the product that a file names."""
        return {fid: self._by_fid[fid] for fid in self._by_product.get(main, ())}

    def made(self, fid: int) -> str:
        """Return the digest of the process definition that an item was added with; "" = none."""
        added = self._by_fid.get(fid)
        return added.made if added else ""

    def note(self, fid: int, added: Added) -> None:
        """Remember how an item was added just now."""
        if added.is_plain:
            self._by_fid.pop(fid, None)
        else:
            self._by_fid[fid] = added

    def save(self) -> None:
        """Write it into the definition."""
        self._table.set_state(_STATE, msgspec.msgpack.encode(self._by_fid))


def options_in_force(stated: ItemOptions, known: Sequence[Added]) -> ItemOptions:
    """Return the options to read a product with: what is stated now, else as before."""
    if not known:
        return stated
    return msgspec.structs.replace(known[0].options, **_stated(stated))


def differs(stated: ItemOptions, added: Added) -> bool:
    """Tell whether an option is stated that is not as before."""
    return any(getattr(added.options, name) != value for name, value in _stated(stated).items())


def _stated(options: ItemOptions) -> dict[str, object]:
    usual = ItemOptions()
    return {
        name: value
        for name in options.__struct_fields__
        if (value := getattr(options, name)) != getattr(usual, name)
    }


def side_files(table: ServiceTable) -> dict[int, dict[str, FileState]]:
    """Return the files that were read for items, with size and time of change, by OBJECTID."""
    packed = table.state(_STATE)
    found = msgspec.msgpack.decode(packed, type=dict[int, Added]) if packed else {}
    return {fid: added.files for fid, added in found.items()}
