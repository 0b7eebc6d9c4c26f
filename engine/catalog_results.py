"""Answers about the catalog as a whole: its boundary, its images and their cameras, whether rules fit it."""

from __future__ import annotations

from engine.results import Result


class BoundaryResult(Result, frozen=True, kw_only=True):
    """The union of all footprints as WKB in `crs` ("" = the service's), and its area on the ground."""

    shape: bytes
    area_m2: float
    crs: str = ""


class CatalogImage(Result, frozen=True, kw_only=True):
    """One image and where it was taken from; places are (x, y) or (x, y, height in metres).

    Attributes
    ----------
    acquired_ms : int or None
        Since 1970 UTC.
    camera : str
        What took it; "" = not known.
    perspective_center : tuple or None
        Of a frame camera, its height in the datum of its orientation; of others the place below the
        sensor, where that is known.
    """

    id: int
    name: str
    acquired_ms: int | None = None
    camera: str = ""
    center: tuple[float, ...]
    perspective_center: tuple[float, ...] | None = None


class CatalogCamera(Result, frozen=True, kw_only=True):
    """What took images; 0 = not known. `focal_length` is in `focal_unit`, "mm" or "px"."""

    id: str
    columns: int = 0
    rows: int = 0
    focal_length: float = 0.0
    focal_unit: str = ""


class CatalogImagesResult(Result, frozen=True, kw_only=True):
    """Images, their cameras, and whether there are more; places in `crs` ("" = the service's)."""

    images: tuple[CatalogImage, ...] = ()
    cameras: tuple[CatalogCamera, ...] = ()
    exceeded: bool = False
    crs: str = ""


class ValidateResult(Result, frozen=True, kw_only=True):
    """Why rules cannot be followed; () = they can."""

    problems: tuple[str, ...] = ()
