"""Raster functions by name: radiometric processes, one file each."""

from engine.contract import FUNCTIONS as GROUP
from engine.functions.arg_statistics import ArgStatistics
from engine.functions.arithmetic import Arithmetic
from engine.functions.aspect import Aspect
from engine.functions.aspect_slope import AspectSlope
from engine.functions.band_arithmetic import BandArithmetic
from engine.functions.base import RasterFunction
from engine.functions.cell_statistics import CellStatistics
from engine.functions.clip import Clip
from engine.functions.colormap import Colormap
from engine.functions.colormap_to_rgb import ColormapToRgb
from engine.functions.colorspace_conversion import ColorspaceConversion
from engine.functions.complex_values import Complex
from engine.functions.composite_band import CompositeBand
from engine.functions.compute_change import ComputeChange
from engine.functions.constant import Constant
from engine.functions.contour import Contour
from engine.functions.contrast_brightness import ContrastBrightness
from engine.functions.convolution import Convolution
from engine.functions.create_color_composite import CreateColorComposite
from engine.functions.curvature import Curvature
from engine.functions.elevation_void_fill import ElevationVoidFill
from engine.functions.extract_band import ExtractBand
from engine.functions.focal import Focal
from engine.functions.gain_offset import GainOffset
from engine.functions.gain_surface import GainSurface
from engine.functions.grayscale import Grayscale
from engine.functions.hillshade import Hillshade
from engine.functions.interpolate_irregular_data import InterpolateIrregularData
from engine.functions.local import Local
from engine.functions.mask import Mask
from engine.functions.merge_rasters import MergeRasters
from engine.functions.ndvi import Ndvi
from engine.functions.pansharpening import Pansharpening
from engine.functions.python import Python
from engine.functions.raster_calculator import RasterCalculator
from engine.functions.reflectance import Reflectance
from engine.functions.remap import Remap
from engine.functions.resample import Resample
from engine.functions.shaded_relief import ShadedRelief
from engine.functions.slope import Slope
from engine.functions.spectral_conversion import SpectralConversion
from engine.functions.statistics import Statistics
from engine.functions.statistics_histogram import StatisticsHistogram
from engine.functions.stretch import Stretch
from engine.functions.table import Table
from engine.functions.tasseled_cap import TasseledCap
from engine.functions.threshold import Threshold
from engine.functions.transpose_bits import TransposeBits
from engine.functions.unit_conversion import UnitConversion
from engine.functions.vector_field import VectorField
from engine.functions.vector_field_renderer import VectorFieldRenderer
from engine.functions.weighted_overlay import WeightedOverlay
from engine.functions.weighted_sum import WeightedSum
from engine.registry import Registry

FUNCTIONS: Registry[RasterFunction] = Registry(
    "raster function",
    {
        "Stretch": Stretch(),
        "Remap": Remap(),
        "Convolution": Convolution(),
        "Arithmetic": Arithmetic(),
        "Clip": Clip(),
        "TasseledCap": TasseledCap(),
        "Reflectance": Reflectance(),
        "ColorspaceConversion": ColorspaceConversion(),
        "TransposeBits": TransposeBits(),
        "Resample": Resample(),
        "GainOffset": GainOffset(),
        "GainSurface": GainSurface(),
        "BandArithmetic": BandArithmetic(),
        "CompositeBand": CompositeBand(),
        "ExtractBand": ExtractBand(),
        "Grayscale": Grayscale(),
        "SpectralConversion": SpectralConversion(),
        "CellStatistics": CellStatistics(),
        "Local": Local(),
        "MergeRasters": MergeRasters(),
        "Table": Table(),
        "RasterCalculator": RasterCalculator(),
        "ArgStatistics": ArgStatistics(),
        "Slope": Slope(),
        "Aspect": Aspect(),
        "Hillshade": Hillshade(),
        "AspectSlope": AspectSlope(),
        "Contour": Contour(),
        "Curvature": Curvature(),
        "ElevationVoidFill": ElevationVoidFill(),
        "ShadedRelief": ShadedRelief(),
        "Statistics": Statistics(),
        "Focal": Focal(),
        "Mask": Mask(),
        "ContrastBrightness": ContrastBrightness(),
        "Threshold": Threshold(),
        "UnitConversion": UnitConversion(),
        "Colormap": Colormap(),
        "ColormapToRGB": ColormapToRgb(),
        "WeightedSum": WeightedSum(),
        "WeightedOverlay": WeightedOverlay(),
        "ComputeChange": ComputeChange(),
        "Complex": Complex(),
        "CreateColorComposite": CreateColorComposite(),
        "Constant": Constant(),
        "VectorField": VectorField(),
        "VectorFieldRenderer": VectorFieldRenderer(),
        "InterpolateIrregularData": InterpolateIrregularData(),
        "NDVI": Ndvi(),
        "Pansharpening": Pansharpening(),
        "StatisticsHistogram": StatisticsHistogram(),
        "Python": Python(),
    },
    GROUP,
)
