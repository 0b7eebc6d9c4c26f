"""Questions that measure: places, distances, areas, heights, volumes, and the values of classes."""

from __future__ import annotations

from typing import Literal

from engine.request_parts import MosaicRule, Record, RenderingRule

MeasureOperation = Literal[
    "Point",
    "Point3D",
    "Centroid",
    "Centroid3D",
    "DistanceAndAngle",
    "DistanceAndAngle3D",
    "AreaAndPerimeter",
    "AreaAndPerimeter3D",
    "HeightFromBaseAndTop",
    "HeightFromBaseAndTopShadow",
    "HeightFromTopAndTopShadow",
]


class MeasureRequest(Record, tag="measure", frozen=True, kw_only=True):
    """A measurement in the topmost raster at a geometry.

    Attributes
    ----------
    from_geometry, to_geometry : bytes
        WKB in `from_crs` and `to_crs`, which may be the image space of a raster; b"" = there is none.
    pixel_size : (x, y) or None
        In units of `pixel_size_crs` ("" = `from_crs`); None = the service's own.
    """

    operation: MeasureOperation
    from_geometry: bytes
    from_crs: str = ""
    to_geometry: bytes = b""
    to_crs: str = ""
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None


class MeasureImageRequest(Record, tag="measure_image", frozen=True, kw_only=True):
    """Length and area on the ground of a geometry (WKB) in the image space of an item."""

    item: int
    geometry: bytes


VolumeBase = Literal["constant", "plane", "lowest", "highest", "average"]


class VolumeRequest(Record, tag="volume", frozen=True, kw_only=True):
    """Volumes between the surface of a service of heights and a base, within areas.

    Attributes
    ----------
    areas : tuple of (WKB, CRS)
        "" = the service's CRS.
    base : VolumeBase
        "constant" = the height `constant_z`; the others come from the heights along each area's edge.
    pixel_size : (x, y) or None
        In units of `pixel_size_crs` ("" = each area's CRS); None = the service's own, coarser where there are many pixels.
    """

    areas: tuple[tuple[bytes, str], ...]
    base: VolumeBase = "plane"
    constant_z: float = 0.0
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None


class ClassArea(Record, frozen=True, kw_only=True):
    """Where pixels of a class are: WKB in `crs`."""

    id: int
    name: str
    geometry: bytes
    crs: str = ""


class ClassStatisticsRequest(Record, tag="class_statistics", frozen=True, kw_only=True):
    """Means and covariances of the bands within the areas of classes.

    Attributes
    ----------
    pixel_size : (x, y) or None
        In units of `pixel_size_crs` ("" = each area's CRS); None = the service's own, coarser where there are many pixels.
    """

    classes: tuple[ClassArea, ...]
    pixel_size: tuple[float, float] | None = None
    pixel_size_crs: str = ""
    mosaic: MosaicRule | None = None
    rendering: RenderingRule | None = None
