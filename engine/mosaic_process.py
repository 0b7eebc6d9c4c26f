"""Functions after the mosaic: the chain of the service, then what a rendering rule asks for.

The mosaic is made with a halo where functions look at neighbours, so tiles meet without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.chain import Chain, RasterFunctionProcess
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.process_sources import cropped
from engine.process_steps import bind_steps, take_bands
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from engine.pixels import PixelBlock
    from engine.process_steps import Steps
    from engine.request import RenderingRule

META_KEY = "service_process"
# Functions that are a step of the picture, or nothing at all.
_PICTURE_FUNCTIONS = ("None", "Stretch")


class ServiceProcess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The chain of a service as it is compiled, with what is known of the mosaic that it gets.

    Attributes
    ----------
    chain : RasterFunctionProcess
        In order.
    statistics, histograms : one per band, or ()
    """

    chain: Chain
    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()

    def bind(self) -> Steps:
        """Return the chain ready for use.

        Raises
        ------
        InvalidParameter
        """
        info = BandsInfo(self.pixel_type, self.bands, self.statistics, self.histograms)
        return bind_steps(functions_of(self.chain), info)


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
    """Tell whether a rendering rule asks for a function that is no step of the picture."""
    return rule is not None and rule.function not in _PICTURE_FUNCTIONS


def rule_steps(rule: RenderingRule, info: BandsInfo) -> Steps:
    """Return the function that a rendering rule asks for.

    Raises
    ------
    InvalidParameter
    """
    process = RasterFunctionProcess(
        function=rule.function,
        arguments=rule.arguments,
        output_pixel_type=rule.output_pixel_type,
    )
    return bind_steps([process], info)


@dataclass(frozen=True, slots=True)
class MosaicProcess:
    """What is done to a mosaic.

    Attributes
    ----------
    service : Steps or None
        On all bands of the mosaic.
    bands : int
        Of the mosaic.
    pixel_type : PixelType
        Of the mosaic.
    rule : Steps or None
        On the bands of the answer.
    """

    service: Steps | None
    bands: int
    pixel_type: PixelType
    rule: Steps | None = None

    @property
    def halo_px(self) -> int:
        """Pixels needed around the view."""
        return sum(steps.halo_px for steps in (self.service, self.rule) if steps is not None)

    def bands_to_read(self, bands: tuple[int, ...]) -> tuple[int, ...]:
        """Return the bands of the mosaic that are needed for some of the answer."""
        return bands if self.service is None else tuple(range(self.bands))

    def apply(self, block: PixelBlock, bands: tuple[int, ...]) -> PixelBlock:
        """Return the processed view of a mosaic of `bands_to_read`, made with the halo."""
        if self.service is not None:
            block = take_bands(self.service.apply(block), bands)
        if self.rule is not None:
            block = self.rule.apply(block)
        return cropped(block, self.halo_px)
