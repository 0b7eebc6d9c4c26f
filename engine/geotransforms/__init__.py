"""Geotransforms: processes that change geometry only, in the plane or from the ground to an image.

A newcomer adds its record to the union of its sort and its line to GEOTRANSFORMS.
"""

from engine.geotransforms.affine import Affine
from engine.geotransforms.displacement_grid import DisplacementGrid
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.geotransforms.grid_sensor import GridSensorRecord
from engine.geotransforms.outside import OutsidePlane, OutsideSensor
from engine.geotransforms.polynomial import Polynomial, PolynomialFromGcps
from engine.geotransforms.projective import Projective
from engine.geotransforms.rpc import RpcRecord
from engine.geotransforms.thin_plate_spline import ThinPlateSpline
from engine.registry import Registry

PlaneRecord = (
    Affine
    | Projective
    | Polynomial
    | PolynomialFromGcps
    | ThinPlateSpline
    | DisplacementGrid
    | OutsidePlane
)
SensorRecord = RpcRecord | FrameCameraRecord | GridSensorRecord | OutsideSensor
Geotransform = PlaneRecord | SensorRecord

GEOTRANSFORMS: Registry[type[Geotransform]] = Registry(
    "geotransform",
    {
        "Affine": Affine,
        "Projective": Projective,
        "Polynomial": Polynomial,
        "PolynomialFromGcps": PolynomialFromGcps,
        "ThinPlateSpline": ThinPlateSpline,
        "DisplacementGrid": DisplacementGrid,
        "RPC": RpcRecord,
        "FrameCamera": FrameCameraRecord,
        "GridSensor": GridSensorRecord,
    },
)
