"""What an output format is: pixels in, bytes and their media type out.

Pictures (`is_picture`) take `Rgbv`, or a `PixelBlock` of 1 or 3 uint8 bands; data formats take any
`PixelBlock`. What invalid pixels hold never reaches the bytes: equal answers are equal byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Georeference:
    """Where the pixels lie.

    Attributes
    ----------
    crs : str
        Canonical key ("EPSG:n", "ESRI:n" or WKT); "" = none. `wkt` is used where the key is no code.
    geotransform : 6 floats
        GDAL order.
    """

    crs: str
    geotransform: tuple[float, float, float, float, float, float]
    wkt: str = ""


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How pixels are written; each format reads what concerns it.

    Attributes
    ----------
    quality : int
        0 to 100, JPEG and WebP (also JPEG inside TIFF).
    compression : str
        TIFF only, see `engine.formats.tiff.COMPRESSIONS`; "" = none.
    tolerance : float
        LERC: largest error of a sample; 0 = lossless.
    no_data : one per band, or one for all, or ()
        Value to write where a sample is invalid; None = no such value.
    colormap : (value, r, g, b)
        Written into one-band TIFFs of 8 and 16 bits.
    """

    quality: int = 75
    compression: str = ""
    tolerance: float = 0.0
    lerc_version: int = 2
    georeference: Georeference | None = None
    no_data: tuple[float | None, ...] = ()
    band_names: tuple[str, ...] = ()
    colormap: tuple[tuple[int, int, int, int], ...] = ()

    def no_data_of(self, band: int) -> float | None:
        """Return the no-data value of a band (from 0); one value stands for all bands."""
        if len(self.no_data) == 1:
            return self.no_data[0]
        return self.no_data[band] if band < len(self.no_data) else None


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished answer."""

    data: bytes | memoryview
    media_type: str


class Format(Protocol):
    """An output format; implementations hold no state."""

    @property
    def extension(self) -> str:
        """File ending without the dot."""
        ...

    @property
    def is_picture(self) -> bool:
        """Whether it takes pictures (8-bit colours) rather than samples."""
        ...

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return the pixels as a file.

        Raises
        ------
        InvalidParameter
            The options ask for what the format or these pixels cannot have.
        """
        ...
