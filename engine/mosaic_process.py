"""Functions after the mosaic: the chain of the service, then what a rendering rule asks for.

The mosaic is made with a halo where functions look at neighbours, so tiles meet without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.chain import Chain, RasterFunctionProcess
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import ground_cells
from engine.pixel_type import PixelType
from engine.process_sources import cropped
from engine.process_steps import bind_steps, take_bands
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.function_tree import FunctionTree, TreeLeaf
    from engine.pixels import PixelBlock
    from engine.process_steps import Steps
    from engine.request_parts import RenderingRule
    from engine.target_grid import TargetGrid

META_KEY = "service_process"
# Functions that are a step of the picture, or nothing at all.
_PICTURE_FUNCTIONS = ("None", "Stretch")


class ServiceProcess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The chain of a service as it is compiled, with what is known of the mosaic that it gets.

    Attributes
    ----------
    chain : RasterFunctionProcess
        In order.
    statistics, histograms, names, wavelengths_nm : one per band, or ()
    height_m : float
        Metres of a unit of heights.
    """

    chain: Chain
    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    names: tuple[str, ...] = ()
    wavelengths_nm: tuple[tuple[float | None, float | None], ...] = ()
    height_m: float = 1.0

    @property
    def info(self) -> BandsInfo:
        """What is known of the mosaic."""
        return BandsInfo(
            self.pixel_type,
            self.bands,
            self.statistics,
            self.histograms,
            self.names,
            self.wavelengths_nm,
            height_m=self.height_m,
        )

    def bind(self) -> Steps:
        """Return the chain ready for use.

        Raises
        ------
        InvalidParameter
        """
        return bind_steps(functions_of(self.chain), self.info)


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ServiceProcess] = msgspec.msgpack.Decoder(ServiceProcess)


def pack_service_process(process: ServiceProcess | None) -> bytes:
    """Return the bytes that a compiled definition carries; b"" = none."""
    return b"" if process is None else _encoder.encode(process)


def unpack_service_process(packed: bytes) -> ServiceProcess | None:
    """Return what a compiled definition carries; raises msgspec.MsgspecError."""
    return _decoder.decode(packed) if packed else None


def functions_of(chain: Chain) -> list[RasterFunctionProcess]:
    """Return the radiometric processes of a chain; there are no others in one of a service."""
    return [process for process in chain if isinstance(process, RasterFunctionProcess)]


def is_function(rule: RenderingRule | None) -> bool:
    """Tell whether a rendering rule asks for more than a step of the picture."""
    return rule is not None and (rule.function not in _PICTURE_FUNCTIONS or bool(rule.inputs))


@dataclass(frozen=True, slots=True)
class MosaicProcess:
    """What is done to a mosaic.

    Attributes
    ----------
    service : Steps or None
        On all bands of the mosaic; what it gives are the bands of the service.
    bands : int
        Of the mosaic.
    pixel_type : PixelType
        Of the mosaic.
    rule : FunctionTree or None
        What a rendering rule makes of the service's rasters.
    chosen : tuple of int
        Bands of the service (from 0) that the rule knows.
    """

    service: Steps | None
    bands: int
    pixel_type: PixelType
    rule: FunctionTree | None = None
    chosen: tuple[int, ...] = ()

    @property
    def halo_px(self) -> int:
        """Pixels needed around the view."""
        service = 0 if self.service is None else self.service.halo_px
        return service + (0 if self.rule is None else self.rule.halo_px)

    def bands_to_read(self, bands: tuple[int, ...]) -> tuple[int, ...]:
        """Return the bands of the mosaic that are needed for some of the service."""
        return bands if self.service is None else tuple(range(self.bands))

    def leaf_bands(self, leaf: TreeLeaf) -> tuple[int, ...]:
        """Return the bands of the service that the rule reads of a leaf."""
        return tuple(self.chosen[band] for band in leaf.bands)

    def served(self, block: PixelBlock, bands: tuple[int, ...], grid: TargetGrid) -> PixelBlock:
        """Return bands of the service of a mosaic of `bands_to_read`.

        Parameters
        ----------
        grid
            Of the block: that of the view with the halo.
        """
        if self.service is None:
            return block
        return take_bands(self.service.apply(block, ground=lambda: ground_cells(grid)), bands)

    def apply(self, blocks: Sequence[PixelBlock], grid: TargetGrid) -> PixelBlock:
        """Return the processed view of what `served` gives, one block a leaf.

        Parameters
        ----------
        grid
            Of the blocks: that of the view with the halo.
        """
        block = blocks[0]
        if self.rule is not None:
            block = self.rule.run(blocks, lambda: ground_cells(grid), grid)
        return cropped(block, self.halo_px)
