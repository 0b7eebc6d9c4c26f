"""The process chain of a compiled item: as it is packed, and bound to the item's bands.

Items with one chain share one binding: tables and kernels are made once in a process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from engine.band_statistics import BandStatistics, Histogram
from engine.chain import (
    DEFAULT_SAMPLER,
    Chain,
    RasterFunctionProcess,
    Sampler2D,
    SplitChain,
    Stage,
    split,
)
from engine.errors import InvalidParameter
from engine.functions.base import BandsInfo
from engine.geometry.projection import vertical_crs
from engine.pixel_type import PixelType
from engine.process_steps import Steps, TreeStep, bind_steps, tree_step
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from engine.item import Item


class ItemRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a request has done to each item behind its chain, with what is known of the service's mosaic.

    Attributes
    ----------
    rule : RenderingRule
        Its only raster is the item's own.
    pixel_type, bands
        Of the service's mosaic, which the item's pixels become before the rule.
    statistics, histograms, names, wavelengths_nm, colormap, properties, is_thematic, height_m
        As of `BandsInfo`.
    """

    rule: RenderingRule
    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    names: tuple[str, ...] = ()
    wavelengths_nm: tuple[tuple[float | None, float | None], ...] = ()
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    properties: tuple[tuple[str, str | float], ...] = ()
    is_thematic: bool = False
    height_m: float = 1.0

    def behind(self, steps: Steps) -> Steps:
        """Return an item's last functions with the rule behind them; raises InvalidParameter."""
        own = [*steps.functions]
        if steps.output.pixel_type is not self.pixel_type:
            as_mosaic = RasterFunctionProcess(function="None", output_pixel_type=self.pixel_type)
            own += bind_steps([as_mosaic], steps.output).functions
        given = msgspec.structs.asdict(self)
        tree = tree_step(given.pop("rule"), BandsInfo(**given)).tree
        return Steps(
            (*own, TreeStep(tree)),
            steps.halo_px + tree.halo_px,
            tree.output,
            steps.taps + tree.taps,
        )


class ItemProcess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is done to an item's pixels between its files and the mosaic.

    Attributes
    ----------
    split : SplitChain
        Geotransforms stand here only where there are several stages; those of a chain with one
        sampling are the item's geolocation.
    crs : str
        Canonical key of the map that the last stage leads to; "" = the item's geotransform places it.
    bands : int
        Bands of the item after all; 0 = what the chain gives.
    rule : ItemRule or None
        Of a request, after all that.
    """

    split: SplitChain
    crs: str = ""
    bands: int = 0
    rule: ItemRule | None = None


@dataclass(frozen=True, slots=True)
class BoundStage:
    """One sampling with its functions bound.

    Attributes
    ----------
    prefix : Steps
        Pixel by pixel, before the rest.
    focal : Steps
        From the first function with neighbours on.
    """

    stage: Stage
    prefix: Steps
    focal: Steps

    @property
    def steps(self) -> tuple[Steps, ...]:
        """Those that do something, in order."""
        return tuple(steps for steps in (self.prefix, self.focal) if steps.functions)


@dataclass(frozen=True, slots=True)
class BoundProcess:
    """A chain bound to the bands of its source.

    Attributes
    ----------
    after : Steps
        Done to sampled pixels.
    crs : str
        See `ItemProcess`.
    bands : int
        After all.
    pixel_type : PixelType
        After all.
    key : tuple
        Stands for the first stage's prefix in keys of decoded blocks.
    """

    stages: tuple[BoundStage, ...]
    after: Steps
    crs: str
    bands: int
    pixel_type: PixelType
    key: tuple[object, ...]

    @property
    def is_staged(self) -> bool:
        """Whether pixels are sampled more than once."""
        return len(self.stages) > 1

    @property
    def is_prefix(self) -> bool:
        """Whether all is done when blocks are decoded."""
        last = self.stages[-1]
        return not (self.is_staged or last.focal.functions or self.after.functions)

    @property
    def fits_words(self) -> bool:
        """Whether the item's pixels can be RGBV words, sampled as the request says."""
        own = self.stages[-1].stage.sampler.interpolation
        return self.is_prefix and own is None and self.pixel_type is PixelType.U8


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ItemProcess] = msgspec.msgpack.Decoder(ItemProcess)


def make_process(chain: Chain, *, crs: str = "", bands: int = 0) -> ItemProcess | None:
    """Return what a compiled item carries of its chain, None where it does nothing to pixels.

    Parameters
    ----------
    chain
        Without faults (see engine.chain_rules).
    """
    found = split(chain)
    if len(found.stages) == 1:
        only = replace(found.stages[0], geotransforms=())
        does_nothing = not (only.pointwise or only.focal or found.after or bands)
        # The terrain of an ortho sampler is the geolocation's.
        plain = Sampler2D(
            interpolation=only.sampler.interpolation, tolerance_px=only.sampler.tolerance_px
        )
        if does_nothing and plain == DEFAULT_SAMPLER:
            return None
        found = replace(found, stages=(replace(only, sampler=plain),))
    return ItemProcess(split=found, crs=crs, bands=bands)


def pack_process(process: ItemProcess | None) -> bytes:
    """Return the bytes that a compiled item carries; b"" = none."""
    return b"" if process is None else _encoder.encode(process)


def unpack_process(packed: bytes) -> ItemProcess:
    """Return the process of a compiled item.

    Raises
    ------
    InvalidParameter
        The bytes are none.
    """
    try:
        return _decoder.decode(packed)
    except msgspec.MsgspecError as err:
        raise InvalidParameter("process", "of an item", f"a compiled one ({err})") from err


def bound_process(item: Item) -> BoundProcess:
    """Return the bound chain of an item that has one (`item.process` is not empty).

    Raises
    ------
    InvalidParameter
        Arguments do not fit the item's bands.
    """
    return _bound(item.process, item.pixel_type, len(item.bands), item.crs)


@lru_cache(maxsize=512)
def _bound(packed: bytes, pixel_type: PixelType, bands: int, crs: str) -> BoundProcess:
    height_m = vertical_crs(crs)[1] if crs else 1.0
    return bind_process(unpack_process(packed), BandsInfo(pixel_type, bands, height_m=height_m))


def bind_process(process: ItemProcess, info: BandsInfo) -> BoundProcess:
    """Bind a chain to the bands of its source.

    Raises
    ------
    InvalidParameter
        Arguments do not fit the bands.
    """
    first = process.split.stages[0].pointwise
    source, stages = info, []
    for stage in process.split.stages:
        prefix = bind_steps(stage.pointwise, info)
        focal = bind_steps(stage.focal, prefix.output)
        stages.append(BoundStage(stage, prefix, focal))
        info = focal.output
    after = bind_steps(process.split.after, info)
    bands = process.bands or after.output.bands
    if process.rule is not None:
        after = process.rule.behind(after)
        bands = after.output.bands
    return BoundProcess(
        stages=tuple(stages),
        after=after,
        crs=process.crs,
        bands=bands,
        pixel_type=after.output.pixel_type,
        key=(_encoder.encode(first), source.pixel_type, source.bands, source.height_m),
    )
