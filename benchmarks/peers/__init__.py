"""The servers that are measured, one a file, all behind `benchmarks.peers.base.Peer`."""

from collections.abc import Callable
from functools import partial

from benchmarks.peers.base import Peer
from benchmarks.peers.mapserver import MapServer
from benchmarks.peers.swath import Swath
from benchmarks.peers.titiler import TiTiler

PEERS: tuple[Callable[[], Peer], ...] = (Swath, MapServer, TiTiler)

# What was found to help them here, beyond what their own guides recommend.
TUNED_PEERS: tuple[Callable[[], Peer], ...] = (
    partial(MapServer, "MapServer tuned", oversample=1.0),
    partial(TiTiler, "TiTiler tuned", mosaic_threads=1),
)
