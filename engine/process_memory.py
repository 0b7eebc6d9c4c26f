"""The caches of one process: blocks, terrain, open files and position grids, shared by all its services."""

from __future__ import annotations

import threading

from engine.budget import InstanceMemory
from engine.geometry.node_cache import NodeCache
from engine.geometry.post_field import PostCache
from engine.readers.block_cache import BlockCache, Identities
from engine.readers.drivers import configure_gdal
from engine.readers.handles import HandlePool


class ProcessMemory:
    """What all services of a process share; handles and nodes are per thread.

    Attributes
    ----------
    scratch_bytes : int
        What the largest picture under way may take.
    """

    def __init__(self, memory: InstanceMemory) -> None:
        configure_gdal(max(1, memory.gdal_cache_bytes >> 20))
        self.blocks = BlockCache(memory.block_cache_bytes)
        self.scratch_bytes = memory.scratch_bytes
        self.posts = PostCache(memory.terrain_bytes)
        self.identities = Identities()
        self._local = threading.local()

    @property
    def handles(self) -> HandlePool:
        """Open datasets of the calling thread."""
        found: HandlePool | None = getattr(self._local, "handles", None)
        if found is None:
            found = self._local.handles = HandlePool()
        return found

    @property
    def nodes(self) -> NodeCache:
        """Position grids of the calling thread."""
        found: NodeCache | None = getattr(self._local, "nodes", None)
        if found is None:
            found = self._local.nodes = NodeCache()
        return found


class _Shared:
    memory: ProcessMemory | None = None


def process_memory(memory: InstanceMemory | None = None) -> ProcessMemory:
    """Return the process's shared memory, made at the first call."""
    if _Shared.memory is None:
        _Shared.memory = ProcessMemory(memory or InstanceMemory())
    return _Shared.memory
