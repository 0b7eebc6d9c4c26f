"""Process settings, as records; `config.load` reads them once at start."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from config.machine import core_count, memory_limit_mb

Positive = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86400)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
# Signing keys that were replaced are kept until no token of theirs can be left.
LONGEST_TOKEN_MIN = 60 * 24 * 30
TokenMinutes = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_TOKEN_MIN)]

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
    scratch_mb, gdal_mb, terrain_mb, remote_mb : int
        Per instance: pictures under way, GDAL's own block cache, heights, bytes of remote rasters.
    front_mb, instance_mb : int
        What the code itself takes: front and fork parent together; each instance.
    """

    total_mb: NotNegative = 0
    response_cache_mb: NotNegative = 128
    block_cache_mb: Positive | None = None
    scratch_mb: Positive = 256
    gdal_mb: Positive = 32
    terrain_mb: Positive = 32
    remote_mb: Positive = 16
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
    heartbeat_s : float
        So is one whose whole process gives no sign for so long; a stopped one is at once.
    quarantine_s : float
        A request that took two instances down is refused for so long; 0 = it is tried again.
    output_s : float
        The links that exports give with f=json live so long.
    session_s : float
        A browser stays signed in so long.
    """

    request_s: Seconds = 600.0
    wait_s: Seconds = 60.0
    header_s: Seconds = 10.0
    body_s: Seconds = 30.0
    keep_alive_s: Seconds = 30.0
    stall_s: Seconds = 60.0
    shutdown_s: Seconds = 30.0
    hang_s: Seconds = 10.0
    heartbeat_s: Annotated[float, msgspec.Meta(ge=1, le=86400)] = 10.0
    quarantine_s: Annotated[float, msgspec.Meta(ge=0, le=86400)] = 600.0
    output_s: Seconds = 600.0
    session_s: Seconds = 43_200.0


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


class AccessSettings(_Table, frozen=True, kw_only=True):
    """Who may see services, and how long a sign-in lasts.

    Attributes
    ----------
    new_services : "public", "signed-in" or "private"
        Who sees a service for which nothing was said, nor for its folder; "private" = administrators
        and publishers.
    require_https : bool
        Take no password over plain http, except from this machine.
    token_minutes, longest_token_minutes : int
        How long a token lasts when its client does not say, and at most.
    """

    new_services: Literal["public", "signed-in", "private"] = "public"
    require_https: bool = False
    token_minutes: TokenMinutes = 60
    longest_token_minutes: TokenMinutes = 20_160


class OidcSettings(_Table, frozen=True, kw_only=True):
    """An identity provider (OpenID Connect) through which browsers sign in; without an issuer there is none.

    Its users are here as long as they are signed in. They have the rights of their groups, and are named
    "oidc:NAME", so nobody gets the rights of a user of this server by being called so there.

    Attributes
    ----------
    issuer : str
        "https://login.example.org/realm"; what it says of itself is read from there.
    client_id : str
        What the provider calls this server. The secret is in OIDC_CLIENT_SECRET of the environment, or
        in a file; without one PKCE protects the sign-in alone.
    client_secret_file : str
        Path of that file.
    label : str
        What the sign-in page calls the provider.
    scopes : tuple of str
        What the provider is asked for; some tell of groups only when asked.
    name_claim, groups_claim : str
        Where an ID token tells the name and the groups.
    administrators, publishers : tuple of str
        Groups whose members are one.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    label: str = "single sign-on"
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    administrators: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()


class RecyclingSettings(_Table, frozen=True, kw_only=True):
    """When an instance is replaced by a new one, though nothing is wrong with it; 0 = never for that reason.

    One seat of a pool at a time, and the new instance is there before the old one goes.

    Attributes
    ----------
    requests : int
        Answers it has given.
    age_s : float
        Seconds since it was started.
    memory_percent : int
        Of its share of the memory table.
    """

    requests: NotNegative = 0
    age_s: Annotated[float, msgspec.Meta(ge=0)] = 86400.0
    memory_percent: NotNegative = 150


class CacheSettings(_Table, frozen=True, kw_only=True):
    """Finished pictures on disk, behind those in memory, and how long kept answers count as fresh.

    Attributes
    ----------
    disk_mb : int
        Most that the files take; 0 = no disk cache.
    folder : str
        Where they lie, a folder of this server's own; "" = "cache" in the data folder.
    fresh_s : float
        An answer older than this is made anew, so that what the front keeps outlives a source that
        changed under a published version for no longer; 0 = it counts as long as its version serves.
    """

    disk_mb: NotNegative = 0
    folder: str = ""
    fresh_s: Annotated[float, msgspec.Meta(ge=0, le=31_536_000)] = 0.0

    @property
    def index_mb(self) -> int:
        """Memory of the list of what is on disk: some 250 bytes for each picture of 16 kB."""
        return -(-self.disk_mb // 64)


class TracingSettings(_Table, frozen=True, kw_only=True):
    """Traces of requests for OpenTelemetry; needs the extra `tracing`.

    Attributes
    ----------
    endpoint : str
        Address of an OTLP receiver over HTTP ("http://host:4318/v1/traces"); "" = no traces.
    sample_ratio : float
        Share of the requests that are traced.
    every_s : float
        Traces are sent so often.
    """

    endpoint: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\s@]+)?$")] = ""
    sample_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    every_s: Seconds = 5.0


class LimitSettings(_Table, frozen=True, kw_only=True):
    """What a client may send and how much may wait.

    Attributes
    ----------
    max_queue : int
        Requests that wait for the instances of one pool; then who has most waiting loses its newest.
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
    """Everything that is said of a server; `config.site.LIVE` are those that change while it runs.

    Attributes
    ----------
    instances : int
        Processes that render for all services that share; 0 = one per core.
    dedicated_instances : int
        Processes that render for single services, at most; counted from the data folder.
    public_url : str
        "https://host/path" of the outside, where links cannot be derived from the request.
    prefix : str
        Path under which the server answers ("/imagery") when a proxy does not take it away.
    trusted_proxies : addresses or networks
        Whose X-Forwarded-* headers count.
    slow_request_s : float
        A request that takes longer is logged with its stages.
    roots : folders
        Local rasters are read below these alone, links resolved; none = wherever definitions say.
    spool : str
        Folder for large compressed exports while they are made; "" = the system's.
    open_metrics : bool
        Everybody may read /metrics and the details of health; otherwise this machine, administrators
        and API keys for all services.
    """

    data: str = "swath-data"
    host: str = "127.0.0.1"
    port: Port = 8080
    instances: NotNegative = 0
    dedicated_instances: NotNegative = 0
    public_url: str = ""
    prefix: str = ""
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ("*",)
    spool: str = ""
    roots: tuple[str, ...] = ()
    log_format: Literal["text", "json"] = "text"
    access_log: bool = False
    open_metrics: bool = False
    slow_request_s: Seconds = 10.0
    memory: MemorySettings = MemorySettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    limits: LimitSettings = LimitSettings()
    functions: FunctionSettings = FunctionSettings()
    access: AccessSettings = AccessSettings()
    oidc: OidcSettings = OidcSettings()
    recycling: RecyclingSettings = RecyclingSettings()
    tracing: TracingSettings = TracingSettings()
    cache: CacheSettings = CacheSettings()

    @property
    def instance_count(self) -> int:
        """Processes that render for all services that share."""
        return self.instances or core_count()

    @property
    def most_instances(self) -> int:
        """Processes that render, with all that dedicated pools may have."""
        return self.instance_count + self.dedicated_instances

    @property
    def memory_total_mb(self) -> int:
        """What the server may use altogether."""
        return self.memory.total_mb or memory_limit_mb() * 3 // 4

    @property
    def block_cache_mb(self) -> int:
        """Decoded blocks of one instance: as set, else an equal share of what is left, at most 512.

        Instances of dedicated pools count whether they run or not: what they may grow into is kept free.
        """
        if self.memory.block_cache_mb is not None:
            return self.memory.block_cache_mb
        rest = self.memory_total_mb - sum(row.sum_mb for row in self._rows_without_blocks())
        share = rest // self.most_instances
        return max(_SMALLEST_BLOCK_CACHE_MB, min(_DEFAULT_BLOCK_CACHE_MB, share))

    @property
    def instance_share_mb(self) -> int:
        """What one instance has of the memory table."""
        memory = self.memory
        own = memory.instance_mb + memory.scratch_mb + memory.gdal_mb + memory.terrain_mb
        return own + memory.remote_mb + self.block_cache_mb

    def _rows_without_blocks(self) -> list[MemoryRow]:
        memory, count, functions = self.memory, self.most_instances, self.functions
        rows = [
            MemoryRow("front and fork parent", memory.front_mb, 1),
            MemoryRow("response cache", memory.response_cache_mb, 1),
            MemoryRow("instance", memory.instance_mb, count),
            MemoryRow("scratch", memory.scratch_mb, count),
            MemoryRow("GDAL cache", memory.gdal_mb, count),
            MemoryRow("terrain", memory.terrain_mb, count),
            MemoryRow("remote rasters", memory.remote_mb, count),
        ]
        if self.cache.disk_mb:
            rows.append(MemoryRow("index of the disk cache", self.cache.index_mb, 1))
        if functions.reserve:
            each = functions.memory_mb * functions.workers
            rows.append(MemoryRow("functions in Python", each, count))
        return rows

    def memory_table(self) -> list[MemoryRow]:
        """Return the lines whose sum must fit the memory of the server."""
        blocks = MemoryRow("block cache", self.block_cache_mb, self.most_instances)
        return [*self._rows_without_blocks(), blocks]
