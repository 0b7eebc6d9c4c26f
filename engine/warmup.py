"""Load everything a render needs into this process, so that forks start warm; `settle` is for the forks.

Opens no dataset, makes no transformer and no SQLite handle, starts no thread. `python -m engine.warmup`
fills the disk cache of compiled kernels (make install, the container build).
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

import engine.answer  # noqa: F401 -- everything a render imports
from engine.expressions.lookup import valid_of, values_of
from engine.footprint import clip_valid, edges_of, pack_rings
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions
from engine.functions.convolution import convolve
from engine.functions.focal_statistics import focal
from engine.functions.gradient import rises
from engine.functions.neighbourhoods import rectangle
from engine.functions.picture_pass import warm_up
from engine.geometry.position_grid import WHOLE_CELL, NodeGrid
from engine.geometry.posts import SIDE, PostLevel, look_up, make_block, measure
from engine.geometry.projection import LONLAT, MERCATOR, describe_crs, operation
from engine.geotransforms.affine import Affine
from engine.geotransforms.camera_interior import InteriorNormalised
from engine.geotransforms.camera_orientation import OmegaPhiKappa
from engine.geotransforms.displacement_grid import DisplacementGrid
from engine.geotransforms.frame_camera import CameraPosition, FrameCameraRecord
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.grid_sensor import GridSensorRecord
from engine.geotransforms.lens_distortion import FisheyeDistortion
from engine.geotransforms.polynomial import PolynomialFromGcps
from engine.geotransforms.projective import Projective
from engine.geotransforms.rpc import RpcRecord
from engine.geotransforms.thin_plate_spline import ThinPlateSpline
from engine.mosaic.seam_canvas import warm_up as warm_seam_canvas
from engine.mosaic.seam_weight import warm_up as warm_seam_weights
from engine.pixels import PixelBlock, Rgbv
from engine.readers.pack import pack_rgbv
from engine.sample_counts import warm_up as warm_counts
from engine.samplers.placement import CanvasPart, LevelAffine
from engine.samplers.planes import sample_planes
from engine.samplers.rgbv import sample_rgbv
from engine.samplers.window import window_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DTYPES = ("uint8", "uint16", "int16", "float32")
_ALL_DTYPES = (*_DTYPES, "int8", "uint32", "int32", "float64")


def preload() -> None:
    """Call the kernels of the common pixel types once."""
    _warm(_DTYPES)


def settle() -> None:
    """Open what nearly every render needs and forks must not share: PROJ's database, with the maps' CRSs.

    For a new process that has no request yet; its first one would take that much longer.
    """
    for key in (MERCATOR, LONLAT):
        describe_crs(key)
    operation(MERCATOR, LONLAT)


def compile_all() -> None:
    """Call the kernels of every pixel type once."""
    _warm(_ALL_DTYPES)


def _warm(dtypes: tuple[str, ...]) -> None:
    part, affine = _tiny_place()
    window_of(affine, part, 1)
    words = np.full((8, 8), 0xFF000000, np.uint32)
    canvas = np.zeros((8, 8), np.uint32)
    sample_rgbv(words, (0, 0), affine, part, canvas, (1, True, True))
    ring = np.array([[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]])
    clip_valid(edges_of(pack_rings([ring])), (0.0, 0.0), (1.0, 1.0), np.ones((8, 8), np.bool_))
    for bands in (1, 3):
        pack_rgbv(np.zeros((3, 8, 8), np.uint8), np.ones((bands, 8, 8), np.bool_))
    for dtype in dtypes:
        data, valid = np.zeros((1, 8, 8), dtype), np.ones((1, 8, 8), np.bool_)
        skip = np.zeros((8, 8), np.bool_)
        sample_planes(data, valid, (0, 0), (affine, part), 1, (data.copy(), valid.copy(), skip))
        convolve(data[0], valid[0], np.ones((1, 1)))
    warm_up(dtypes)
    warm_counts(dtypes)
    _warm_functions()
    warm_seam_weights(part)
    warm_seam_canvas(dtypes)
    block = make_block(np.zeros((SIDE, SIDE)))
    here = np.array([0.5])
    look_up(here, here, PostLevel(0, (0.0, 1.0, 0.0, 0.0, 0.0, 1.0)), lambda _row, _col: block)
    measure((0, 0), (17, 17), lambda _row, _col: block)
    _warm_plane_transforms(here)
    _warm_frames_and_grids(here)
    _warm_rpc(here)
    # Opaque words for the RGB filter, empty ones for the white background.
    for name in ("jpg", "png", "png32", "webp"):
        for picture in (words, np.zeros_like(words)):
            FORMATS[name].encode(Rgbv(picture), EncodeOptions())
    heights = PixelBlock(np.zeros((1, 8, 8), np.float32), np.eye(8, dtype=np.bool_)[np.newaxis])
    FORMATS["lerc"].encode(heights, EncodeOptions(lerc_version=1))


def _warm_functions() -> None:
    """Call the kernels that functions of heights, and those of tables, use for pictures."""
    heights, valid = np.zeros((8, 8), np.float32), np.ones((8, 8), np.bool_)
    rises(heights, valid, np.ones((2, 8), np.float32))
    convolve(heights, valid, np.ones((3, 3)), np.float32)
    for statistic in ("mean", "min", "median"):
        focal(heights, valid, rectangle(3, 3), statistic)
    shades = np.zeros(8, np.uint8)
    for places in (np.zeros(8, np.uint8), np.zeros(8, np.uint16)):
        size = 1 << 8 * places.itemsize
        values_of(np.zeros(size, np.uint8), places, shades)
        valid_of(np.zeros(size, np.bool_), places, valid[0], valid[1])


def _warm_plane_transforms(here: NDArray[np.float64]) -> None:
    gcps = tuple(Gcp(col=x, row=y, x=x, y=y) for x, y in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)))
    still = ((0.0, 0.0), (0.0, 0.0))
    for record in (
        Affine(source_to_output=(0.0, 1.0, 0.0, 0.0, 0.0, 1.0)),
        Projective(source_to_output=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)),
        PolynomialFromGcps(gcps=gcps),
        ThinPlateSpline(gcps=gcps),
        DisplacementGrid(origin=(0.0, 0.0), step=(1.0, 1.0), dx=still, dy=still),
    ):
        bound = record.bind()
        bound.to_output(*bound.to_source(here, here))


def _warm_frames_and_grids(here: NDArray[np.float64]) -> None:
    camera = FrameCameraRecord(
        ground_crs="EPSG:32631",
        vertical_datum="ellipsoid",
        columns=1,
        rows=1,
        position=CameraPosition(x=0.0, y=0.0, z_m=9.0),
        orientation=OmegaPhiKappa(omega_deg=0.0, phi_deg=0.0, kappa_deg=0.0),
        interior=InteriorNormalised(columns=1, rows=1, focal_length_x=1.0, focal_length_y=1.0),
    )
    corners = (0.0, 1.0, 0.0, 1.0)
    grid = GridSensorRecord(
        ground_crs=camera.ground_crs,
        vertical_datum=camera.vertical_datum,
        columns=2,
        rows=2,
        first_x=0.0,
        first_y=0.0,
        step_x=1.0,
        step_y=1.0,
        heights_m=(0.0, 1.0),
        x=corners * 2,
        y=(0.0, 0.0, 1.0, 1.0) * 2,
    )
    fisheye = msgspec.structs.replace(camera, distortion=FisheyeDistortion())
    for record in (camera, fisheye, grid):
        bound = record.bind()
        bound.ground_to_image(*bound.image_to_ground(here, here, here), here)


def _warm_rpc(here: NDArray[np.float64]) -> None:
    zeros = (0.0,) * 17
    model = RpcRecord(
        row_offset_px=0.5,
        col_offset_px=0.5,
        latitude_offset_deg=0.0,
        longitude_offset_deg=0.0,
        height_offset_m=0.0,
        row_scale_px=1.0,
        col_scale_px=1.0,
        latitude_scale_deg=1.0,
        longitude_scale_deg=1.0,
        height_scale_m=1.0,
        row_numerator=(0.0, 0.0, -1.0, *zeros),
        row_denominator=(1.0, 0.0, 0.0, *zeros),
        col_numerator=(0.0, 1.0, 0.0, *zeros),
        col_denominator=(1.0, 0.0, 0.0, *zeros),
    ).bind()
    model.ground_to_image(*model.image_to_ground(here, here, here), here)


def _tiny_place() -> tuple[CanvasPart, LevelAffine]:
    axis = np.array([0.5, 256.5])
    x, y = np.meshgrid(axis, axis)
    nodes = NodeGrid(x, y, np.ones((1, 1), np.uint8), 256, WHOLE_CELL, 0.0)
    return CanvasPart(nodes, 0, 0, 0, 8, 0, 8), LevelAffine(1, 0, 0, 0, 1, 0, 8.0, 8.0)


if __name__ == "__main__":
    _start = time.perf_counter()
    compile_all()
    sys.stdout.write(f"Kernels compiled in {time.perf_counter() - _start:.1f} s.\n")
