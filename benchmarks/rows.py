"""What is measured: the rows of the comparison, and the record of each figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from benchmarks.load import CONNECTIONS
from benchmarks.machine import Machine
from benchmarks.peers.base import Dataset, Peer, Target, TileFormat
from benchmarks.scenes import SceneSize, ensure_scenes
from benchmarks.tile_lists import Tile, View, tiles_over, views_over


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of work: a list of tiles or views, and how it is asked for.

    Attributes
    ----------
    floors : name of a peer -> ratio
        How many times its rate this server must reach.
    fully_covered_share : float
        Tiles that lie inside the data altogether; every listed tile has some.
    """

    key: str
    title: str
    target: Target
    tile_format: TileFormat
    places: Sequence[Tile | View]
    connections: int = CONNECTIONS
    floors: Mapping[str, float] = field(default_factory=dict)
    fully_covered_share: float = 1.0

    def urls(self, peer: Peer) -> list[str] | None:
        """Return the addresses at a peer, or None where it has no such service."""
        urls = [self._url(peer, place) for place in self.places]
        return [url for url in urls if url is not None] or None

    def _url(self, peer: Peer, place: Tile | View) -> str | None:
        if isinstance(place, Tile):
            return peer.tile_url(self.target, place, self.tile_format)
        return peer.view_url(self.target, place, self.tile_format)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One server's result of one row; medians over the rounds.

    Attributes
    ----------
    cold_ms, warm_ms : float
        Wall-clock milliseconds a tile: of the first pass after a restart, and of the warm rounds.
    memory_mb : float
        Proportional set size of all its processes, after the rounds.
    """

    row: str
    server: str
    rate: float
    rates: list[float]
    p50_ms: float
    p99_ms: float
    warm_ms: float
    cold_ms: float
    start_s: float
    bytes_per_tile: float
    non_empty_share: float
    fully_covered_share: float
    tiles: int
    connections: int
    memory_mb: float
    driver: str
    settings: dict[str, str]
    machine: Machine


def dataset(size: SceneSize) -> Dataset:
    """Return the scenes; the one that is measured alone lies inside the mosaic."""
    scenes = ensure_scenes(size)
    inner = (size.side // 2) * (size.side + 1)
    return Dataset(one=scenes[inner], mosaic=tuple(scenes))


def comparison_rows(data: Dataset, size: SceneSize) -> list[Row]:
    """Return the rows for a size of scenes; the tiny ones begin two zooms finer."""
    tiny = size.pixels < 4096
    finer, part = (2, 16) if tiny else (0, 1)
    one = tiles_over([data.one], range(11 + finer, 15), 272 // part)
    mosaic = tiles_over(data.mosaic, range(9 + finer, 14), 365 // part)
    views = views_over(data.mosaic, 100 // part, cols=800, rows=600)
    return [
        Row(
            key="one-jpg",
            title="one COG, JPEG",
            target="one",
            tile_format="jpg",
            places=one.tiles,
            floors={"MapServer": 3.5, "TiTiler": 30.0},
            fully_covered_share=one.fully_covered_share,
        ),
        Row(
            key="mosaic-jpg",
            title=f"mosaic of {len(data.mosaic)}, JPEG",
            target="mosaic",
            tile_format="jpg",
            places=mosaic.tiles,
            floors={"MapServer": 4.5, "TiTiler": 60.0},
            fully_covered_share=mosaic.fully_covered_share,
        ),
        Row(
            key="mosaic-png",
            title=f"mosaic of {len(data.mosaic)}, PNG (RGBA)",
            target="mosaic",
            tile_format="png",
            places=mosaic.tiles,
            floors={"MapServer": 5.0, "TiTiler": 60.0},
            fully_covered_share=mosaic.fully_covered_share,
        ),
        Row(
            key="views-jpg",
            title="800x600 JPEG of the mosaic, one client",
            target="mosaic",
            tile_format="jpg",
            places=views,
            connections=1,
        ),
    ]
