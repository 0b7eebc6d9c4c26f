"""Images with nothing but ground control points: scanned maps and photographs, radar in its own geometry.

The points are those of the file, or of a table that the author names (`--gcps`); a polynomial or a
thin-plate spline is fitted to them. There is no terrain in it: the ground is taken as flat as the points say.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from engine.build.raster_record import NewItem, RasterDefinition
from engine.errors import InvalidParameter, UnknownProduct
from engine.geolocation import Geolocation
from engine.geometry.projection import describe_crs
from engine.geotransforms.polynomial import PolynomialFromGcps
from engine.geotransforms.thin_plate_spline import ThinPlateSpline
from raster_types.items.control_points import (
    LARGE_RESIDUAL_PX,
    crs_of_points,
    large_residual_note,
    points_file,
    worst_point,
)
from raster_types.items.image_files import SingleImageType, source_of
from raster_types.items.product_acquisition import acquisition_of
from raster_types.sensor_files.gcps import in_one_piece, usual_polynomial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.geotransforms.gcps import Gcp
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product

    Floats = NDArray[np.float64]

_ORDERS = {"order1": 1, "order2": 2, "order3": 3}
# A spline meets its points whatever they are; one left out is missed by what the others cannot know.
_LARGE_LEFT_OUT_PX = 20.0


class GcpImageType(SingleImageType):
    """The raster type "gcp"."""

    name = "gcp"

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one image.

        Raises
        ------
        UnknownProduct
            No control points, no CRS for them, or nothing can be fitted to them.
        """
        header = product.header(product.main)
        try:
            gcps, crs = _points(product, header, options)
            geolocation = Geolocation(image_side=(_record(gcps, options.gcp_fit),), crs=crs)
            fit, rms, notes = _quality(geolocation, gcps)
        except InvalidParameter as err:
            why = f"its control points cannot be used: {err}"
            raise UnknownProduct(product.main, why) from err
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(
                raster_type=self.name,
                sources=(source_of(header, options),),
                geolocation=geolocation,
                notes=notes,
            ),
            headers=(header,),
            attributes=acquisition_of(product, header).attributes()
            | {"GcpCount": len(gcps), "GcpFit": fit, "GcpRmsAfter": rms},
        )


def _points(
    product: Product, header: RasterHeader, options: ItemOptions
) -> tuple[tuple[Gcp, ...], str]:
    """Return the control points of an image and their CRS."""
    file = points_file(product, options) if options.gcps else None
    name = PurePath(product.main).name
    if file is not None and (file.has_points_of(name) or not header.gcps):
        crs, gcps = crs_of_points(file, options), file.points_of(name)
    else:
        crs, gcps = options.crs or header.crs, header.gcps
    if not gcps:
        accepted = "control points in the file, or a table of them with --gcps"
        raise InvalidParameter("gcps", "none that can be used", accepted)
    if not crs:
        raise InvalidParameter("--srs", "", "the CRS of the control points: say it")
    return (in_one_piece(gcps) if describe_crs(crs).is_geographic else gcps), crs


def _record(gcps: tuple[Gcp, ...], fit: str) -> PolynomialFromGcps | ThinPlateSpline:
    if fit == "spline":
        return ThinPlateSpline(gcps=gcps)
    if not fit:
        return usual_polynomial(gcps)
    if fit not in _ORDERS:
        raise InvalidParameter("--gcp-fit", fit, "order1, order2, order3 or spline for type gcp")
    return PolynomialFromGcps(gcps=gcps, order=_ORDERS[fit])


def _quality(
    geolocation: Geolocation, gcps: tuple[Gcp, ...]
) -> tuple[str, float | None, tuple[str, ...]]:
    """Return the kind of fit, by how much it misses the points (RMS, pixels) and sentences about it."""
    (record,) = geolocation.image_side
    if isinstance(record, ThinPlateSpline):
        left_out = record.bind().left_out_residuals()
        known = left_out[np.isfinite(left_out).all(axis=1)]
        rms = _rms(known)
        words = f"one left out would be missed by {rms:.1f} px (RMS)" if known.size else ""
        note = f"Bent to {len(gcps)} control points{f'; {words}' if words else ''}."
        doubts = _doubts(gcps, left_out) if rms > _LARGE_LEFT_OUT_PX else ()
        return "spline", rms if known.size else None, (note, *doubts)
    if not isinstance(record, PolynomialFromGcps):
        raise TypeError(type(record))
    residuals = record.bind().residuals(gcps)
    rms = _rms(residuals)
    note = (
        f"Fitted to {len(gcps)} control points (polynomial of order {record.order}):"
        f" they are missed by {rms:.2f} px (RMS)."
    )
    doubts = _doubts(gcps, residuals) if rms > LARGE_RESIDUAL_PX else ()
    return f"order{record.order}", rms, (note, *doubts)


def _doubts(gcps: tuple[Gcp, ...], residuals: Floats) -> tuple[str, ...]:
    if len(residuals) != len(gcps):
        return ()
    return (large_residual_note(_rms(residuals), worst_point(gcps, residuals)),)


def _rms(residuals: Floats) -> float:
    return float(np.sqrt(np.nanmean((residuals**2).sum(axis=1)))) if residuals.size else 0.0
