"""What is said across the border of the process in which a user's function runs; no pixels here.

Pixels follow a message as plain bytes, in the order of its blocks: samples, then one byte a pixel of validity.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from engine.pixel_type import PixelType
from engine.summary import BandStatistics, Histogram

DataType = Literal["raster", "rasters", "numeric", "string", "boolean"]
Scalar = str | int | float | bool | None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all of them."""


class ParameterInfo(Message, frozen=True, kw_only=True):
    """One entry of `getParameterInfo`.

    Attributes
    ----------
    value
        The default; None = none, and always of rasters.
    domain : tuple
        What a text may be; () = anything.
    """

    name: str
    data_type: DataType
    value: Scalar = None
    required: bool = False
    display_name: str = ""
    description: str = ""
    domain: tuple[str, ...] = ()

    @property
    def is_raster(self) -> bool:
        """Whether it is a raster or a list of them."""
        return self.data_type in ("raster", "rasters")


class RasterPlace(Message, frozen=True, kw_only=True):
    """Where a raster lies.

    Attributes
    ----------
    extent : (xmin, ymin, xmax, ymax)
    wkid : int
        0 = a CRS without a number.
    cell_size : (x, y)
        In units of the CRS.
    """

    extent: tuple[float, float, float, float]
    wkid: int
    cell_size: tuple[float, float]


class RasterFacts(Message, frozen=True, kw_only=True):
    """What is known of a raster; the engine's `BandsInfo` as a record."""

    pixel_type: PixelType
    bands: int
    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    names: tuple[str, ...] = ()
    wavelengths_nm: tuple[tuple[float | None, float | None], ...] = ()
    colormap: tuple[tuple[int, int, int, int], ...] = ()
    properties: tuple[tuple[str, str | float], ...] = ()
    is_thematic: bool = False
    place: RasterPlace | None = None


class BlockShape(Message, frozen=True, kw_only=True):
    """What the bytes of a block are: samples (bands, rows, cols), validity of one band or of each."""

    dtype: str
    bands: int
    rows: int
    cols: int
    valid_bands: int

    @property
    def sample_bytes(self) -> int:
        """Bytes of the samples."""
        size = 8 if self.dtype.endswith("64") else 4 if self.dtype.endswith("32") else 2
        return self.bands * self.rows * self.cols * (1 if self.dtype in ("uint8", "int8") else size)

    @property
    def valid_bytes(self) -> int:
        """Bytes of the validity."""
        return math.prod((self.valid_bands, self.rows, self.cols))


# Questions.


class Describe(Message, tag="describe", frozen=True, kw_only=True):
    """Ask for the parameters."""


class Bind(Message, tag="bind", frozen=True, kw_only=True):
    """Give scalars and rasters; without rasters the padding alone is asked for.

    Attributes
    ----------
    scalars : str
        JSON of an object.
    rasters : tuple of str
        Names of the parameters that are given, one for each raster; that of a list comes as often as
        the list has members.
    """

    scalars: str = "{}"
    rasters: tuple[str, ...] = ()
    facts: tuple[RasterFacts, ...] = ()


class Compute(Message, tag="compute", frozen=True, kw_only=True):
    """Ask for pixels of what was bound.

    Attributes
    ----------
    place : RasterPlace
        Of the pixels that are asked for, without the padding.
    blocks : tuple of BlockShape
        Of the rasters, with the padding.
    """

    bound: Bind
    place: RasterPlace
    blocks: tuple[BlockShape, ...] = ()


Question = Describe | Bind | Compute


# Answers.


class Described(Message, tag="described", frozen=True, kw_only=True):
    """What the function is and takes."""

    class_name: str
    description: str = ""
    parameters: tuple[ParameterInfo, ...] = ()


class Bound(Message, tag="bound", frozen=True, kw_only=True):
    """What comes out; None where no rasters were given."""

    padding: int
    output: RasterFacts | None = None


class Computed(Message, tag="computed", frozen=True, kw_only=True):
    """Pixels, which follow."""

    block: BlockShape


class Failed(Message, tag="failed", frozen=True, kw_only=True):
    """The function cannot do it.

    Attributes
    ----------
    why : str
        One sentence for the caller.
    traceback : str
        For the log alone.
    is_spent : bool
        The process has run out of memory and ends.
    """

    why: str
    line: int = 0
    traceback: str = ""
    is_spent: bool = False


Answer = Described | Bound | Computed | Failed
