"""What requests are made of: rules, views, times, encodings.

Everything here is typed and finite; nothing means "default" except None.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from config.definition import Interpolation, MosaicMethod, MosaicOperator, TileSchemeName
from engine.extent import Extent
from engine.function_rules import FunctionArguments, StretchRule
from engine.pixel_type import PixelType


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the request records."""


class MapPoint(Record, frozen=True, kw_only=True):
    """A point in a CRS; `crs` "" = the service's."""

    x: float
    y: float
    crs: str = ""


class DimensionValues(Record, frozen=True, kw_only=True):
    """Slices of a multidimensional service.

    Attributes
    ----------
    variable, dimension : str
        "" = all that have the dimension, and no dimension.
    values : tuple of (low, high)
        Closed ranges; milliseconds since 1970 UTC along time. () = as if the dimension was not named.
    """

    variable: str = ""
    dimension: str = ""
    values: tuple[tuple[float, float], ...] = ()


class MosaicRule(Record, frozen=True, kw_only=True):
    """Select, order and merge; None everywhere means the service's default.

    `dimensions`, or `slice_id`, say which slices of a multidimensional service take part; along what they
    do not say it is the first, or with `all_slices` all. `item_rule` is done to each item before they are
    mosaicked.
    """

    method: MosaicMethod | None = None
    operator: MosaicOperator | None = None
    where: str = ""
    fids: tuple[int, ...] | None = None
    sort_field: str = ""
    sort_value: str | float | None = None
    ascending: bool | None = None
    lock_ids: tuple[int, ...] = ()
    viewpoint: MapPoint | None = None
    dimensions: tuple[DimensionValues, ...] = ()
    slice_id: int | None = None
    all_slices: bool = False
    item_rule: RenderingRule | None = None


class MosaicInput(Record, tag="mosaic", tag_field="input", frozen=True, kw_only=True):
    """The service's own rasters; `mosaic` and `interpolation` None = as the request has them."""

    mosaic: MosaicRule | None = None
    interpolation: Interpolation | None = None


class ItemInput(Record, tag="item", tag_field="input", frozen=True, kw_only=True):
    """One raster of the service, by OBJECTID; `interpolation` None = as the request has it."""

    item: int
    interpolation: Interpolation | None = None


class ConstantInput(Record, tag="constant", tag_field="input", frozen=True, kw_only=True):
    """A number for a raster."""

    value: float


class RenderingRule(Record, tag="function", tag_field="input", frozen=True, kw_only=True):
    """What a client asks for: a tree of raster functions.

    Attributes
    ----------
    function : str
        "None" = samples as they are, or a name in engine.functions.FUNCTIONS.
    arguments : FunctionArguments or None
        Of that function; None = its defaults.
    inputs : tuple of RuleInput
        In the order of the function's inputs; () = the service's rasters.
    """

    function: str = "None"
    arguments: FunctionArguments | None = None
    inputs: tuple[RuleInput, ...] = ()
    output_pixel_type: PixelType | None = None

    @property
    def stretch(self) -> StretchRule | None:
        """The arguments of Stretch, where they are that."""
        return self.arguments if isinstance(self.arguments, StretchRule) else None

    @property
    def is_dynamic(self) -> bool:
        """Whether a stretch in it takes its cut from the pixels of each view."""
        if self.stretch is not None and self.stretch.dynamic_range:
            return True
        return any(each.is_dynamic for each in self.inputs if isinstance(each, RenderingRule))


RuleInput = RenderingRule | MosaicInput | ItemInput | ConstantInput


class TimeRange(Record, frozen=True, kw_only=True):
    """Milliseconds since 1970 UTC, both ends inclusive; None = open."""

    start: int | None = None
    end: int | None = None


class TileAddress(Record, frozen=True, kw_only=True):
    """A tile: 256·`scale` pixels square.

    Attributes
    ----------
    scheme : TileSchemeName or None
        None = Web Mercator.
    samples : "pixels" or "posts"
        Posts are values at the corners of the pixels: one more a side, the last those that the next
        tile begins with.
    """

    level: int
    row: int
    col: int
    scale: int = 1
    scheme: TileSchemeName | None = None
    samples: Literal["pixels", "posts"] = "pixels"


class View(Record, frozen=True, kw_only=True):
    """What pixels are asked for.

    Either `tile` (then extent, CRS and size follow from it) or `extent`, `extent_crs`, `width`, `height`
    and `out_crs` ("" = the service's CRS, for both). `adjust_aspect` grows the extent about its centre
    until output pixels are square. `must_meet`: a view beside the service's extent is an error.
    """

    tile: TileAddress | None = None
    extent: Extent | None = None
    extent_crs: str = ""
    width: int = 400
    height: int = 400
    out_crs: str = ""
    adjust_aspect: bool = False
    must_meet: bool = False


class Encoding(Record, frozen=True, kw_only=True):
    """How the answer is written; `format` is a name in engine.formats.FORMATS.

    `container` "kmz": a picture of a view in WGS 84, as a ground overlay.
    `background`: 0xRRGGBB under pixels without data, of pictures; None = as the format has them.
    """

    format: str
    quality: int | None = None
    compression: str = ""
    tolerance: float = 0.0
    lerc_version: int = 2
    container: Literal["", "kmz"] = ""
    background: int | None = None


StatisticKind = Literal[
    "count", "sum", "min", "max", "avg", "stddev", "var", "percentile_cont", "percentile_disc"
]


class QueryStatistic(Record, frozen=True, kw_only=True):
    """One figure of groups of catalog rows.

    Attributes
    ----------
    field : str
        "*" counts rows; else rows with a value.
    name : str
        Of the column that answers.
    share : float
        Of a percentile, 0 to 1, from the lowest value (`descending`: from the highest).
    """

    kind: StatisticKind
    field: str
    name: str
    share: float = 0.5
    descending: bool = False
