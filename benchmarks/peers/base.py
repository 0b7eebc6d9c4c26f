"""What the comparison asks of a server, and the settings all of them share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from benchmarks.peers.process_tree import ProcessTree
from benchmarks.scenes import Scene
from benchmarks.tile_lists import Tile, View

Target = Literal["one", "mosaic"]
TileFormat = Literal["jpg", "png"]

PROCESSES = 2
# Per rendering process; 1 GB in all, the same for every server.
BLOCK_CACHE_MB = 512
JPEG_QUALITY = 75
PNG_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Dataset:
    """The scenes: `one` is measured alone, all of them as the mosaic."""

    one: Scene
    mosaic: tuple[Scene, ...]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a server may write, and what it serves.

    The folder's path must be short: a Unix socket in it may have 108 bytes.
    """

    folder: Path
    dataset: Dataset


class Peer(Protocol):
    """One server under measurement."""

    @property
    def name(self) -> str:
        """How the report calls it."""

    @property
    def settings(self) -> dict[str, str]:
        """Version, processes, cache sizes and filter rule, for the report."""

    def check(self) -> None:
        """Raise `PeerMissing` when it cannot run here."""

    def prepare(self, bench: Bench) -> None:
        """Write configuration and definitions; start nothing that stays."""

    def start(self) -> ProcessTree:
        """Start with empty block caches; return when it answers."""

    def tile_url(self, target: Target, tile: Tile, tile_format: TileFormat) -> str:
        """Return the address of a 256-pixel tile, in Web Mercator, bilinear."""

    def view_url(self, target: Target, view: View, tile_format: TileFormat) -> str | None:
        """Return the address of a picture of a free box, or None where it serves none."""


@contextmanager
def running(peer: Peer) -> Iterator[ProcessTree]:
    """Start a server for the length of a block."""
    processes = peer.start()
    try:
        yield processes
    finally:
        processes.stop()
