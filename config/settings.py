"""Process settings, as records; `config.load` reads them once at start."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from config.machine import core_count, memory_limit_mb

Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86400)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]

_DEFAULT_BLOCK_CACHE_MB = 512
_SMALLEST_BLOCK_CACHE_MB = 32


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the settings tables."""


class MemorySettings(_Table, frozen=True, kw_only=True):
    """The memory table in MB; `Settings.memory_table` gives the sum.

    Attributes
    ----------
    total_mb : int
        What the server may use altogether; 0 = three quarters of the machine (or its container).
    response_cache_mb : int
        Finished answers kept in the front; 0 = none.
    block_cache_mb : int or None
        Decoded blocks, per instance; None = what is left, at most 512.
    scratch_mb, gdal_mb, terrain_mb : int
        Per instance: pictures under way, GDAL's own block cache, heights.
    front_mb, instance_mb : int
        What the code itself takes: front and fork parent together; each instance.
    """

    total_mb: NotNegative = 0
    response_cache_mb: NotNegative = 128
    block_cache_mb: Positive | None = None
    scratch_mb: Positive = 256
    gdal_mb: Positive = 32
    terrain_mb: Positive = 32
    front_mb: Positive = 192
    instance_mb: Positive = 64


class TimeoutSettings(_Table, frozen=True, kw_only=True):
    """Seconds.

    Attributes
    ----------
    request_s, wait_s : float
        Upper bounds of a service's own usage and wait timeouts.
    header_s, body_s : float
        A client sends its head, then its body, within these.
    stall_s : float
        A client that takes nothing of its answer for so long is cut off.
    shutdown_s : float
        Requests under way may end within this after SIGTERM.
    hang_s : float
        An instance that has not answered so long after the deadline is replaced.
    """

    request_s: Seconds = 600.0
    wait_s: Seconds = 60.0
    header_s: Seconds = 10.0
    body_s: Seconds = 30.0
    keep_alive_s: Seconds = 30.0
    stall_s: Seconds = 60.0
    shutdown_s: Seconds = 30.0
    hang_s: Seconds = 10.0


class FunctionSettings(_Table, frozen=True, kw_only=True):
    """What registered functions in Python may take.

    Attributes
    ----------
    time_s, start_s : float
        Of one call (at most a million pixels); of the first, in which the file is loaded.
    memory_mb : int
        Of one process, beyond the interpreter.
    workers : int
        Processes of an instance at most.
    reserve : bool
        Their memory is part of the memory table; set at start where functions are registered.
    """

    time_s: Seconds = 10.0
    start_s: Seconds = 30.0
    memory_mb: Positive = 256
    workers: Positive = 2
    reserve: bool = False


class LimitSettings(_Table, frozen=True, kw_only=True):
    """What a client may send and how much may wait.

    Attributes
    ----------
    large_export_mb : int
        Uncompressed pixels beyond which a TIFF is made in strips over all instances.
    """

    max_body_kb: Positive = 4096
    max_head_kb: Positive = 64
    max_connections: Positive = 4096
    max_queue: Positive = 1024
    large_export_mb: Positive = 64
    open_services: Positive = 64


class MemoryRow(msgspec.Struct, frozen=True, array_like=True):
    """One line of the memory table."""

    what: str
    each_mb: int
    times: int

    @property
    def sum_mb(self) -> int:
        """The line's share."""
        return self.each_mb * self.times


class Settings(_Table, frozen=True, kw_only=True):
    """Everything that is fixed for the life of the server.

    Attributes
    ----------
    instances : int
        Processes that render; 0 = one per core.
    public_url : str
        "https://host/path" of the outside, where links cannot be derived from the request.
    prefix : str
        Path under which the server answers ("/imagery") when a proxy does not take it away.
    trusted_proxies : addresses or networks
        Whose X-Forwarded-* headers count.
    spool : str
        Folder for large compressed exports while they are made; "" = the system's.
    """

    data: str = "swath-data"
    host: str = "127.0.0.1"
    port: Port = 8080
    instances: NotNegative = 0
    public_url: str = ""
    prefix: str = ""
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ("*",)
    spool: str = ""
    log_format: Literal["text", "json"] = "text"
    access_log: bool = False
    memory: MemorySettings = MemorySettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    limits: LimitSettings = LimitSettings()
    functions: FunctionSettings = FunctionSettings()

    @property
    def instance_count(self) -> int:
        """Processes that render."""
        return self.instances or core_count()

    @property
    def memory_total_mb(self) -> int:
        """What the server may use altogether."""
        return self.memory.total_mb or memory_limit_mb() * 3 // 4

    @property
    def block_cache_mb(self) -> int:
        """Decoded blocks of one instance: as set, else what is left, at most 512."""
        if self.memory.block_cache_mb is not None:
            return self.memory.block_cache_mb
        rest = self.memory_total_mb - sum(row.sum_mb for row in self._rows_without_blocks())
        share = rest // self.instance_count
        return max(_SMALLEST_BLOCK_CACHE_MB, min(_DEFAULT_BLOCK_CACHE_MB, share))

    def _rows_without_blocks(self) -> list[MemoryRow]:
        memory, count, functions = self.memory, self.instance_count, self.functions
        rows = [
            MemoryRow("front and fork parent", memory.front_mb, 1),
            MemoryRow("response cache", memory.response_cache_mb, 1),
            MemoryRow("instance", memory.instance_mb, count),
            MemoryRow("scratch", memory.scratch_mb, count),
            MemoryRow("GDAL cache", memory.gdal_mb, count),
            MemoryRow("terrain", memory.terrain_mb, count),
        ]
        if functions.reserve:
            each = functions.memory_mb * functions.workers
            rows.append(MemoryRow("functions in Python", each, count))
        return rows

    def memory_table(self) -> list[MemoryRow]:
        """Return the lines whose sum must fit the memory of the server."""
        blocks = MemoryRow("block cache", self.block_cache_mb, self.instance_count)
        return [*self._rows_without_blocks(), blocks]
