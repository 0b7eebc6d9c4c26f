"""The inputs that every page of a picture operation shares."""

from __future__ import annotations

from engine.format_names import FORMAT_NAMES
from server.protocols.arcgis.dimensions import EXAMPLE
from server.protocols.arcgis.operations.base import FormField

INTERPOLATIONS = (
    "",
    "RSP_NearestNeighbor",
    "RSP_BilinearInterpolation",
    "RSP_CubicConvolution",
    "RSP_Majority",
)
PIXEL_TYPES = ("", "UNKNOWN", "U8", "S8", "U16", "S16", "U32", "S32", "F32", "F64")
FORMAT_CHOICES = tuple(name for name in FORMAT_NAMES if name != "jpeg")

MOSAIC_FIELD = FormField("mosaicRule", '{"mosaicMethod":"esriMosaicNorthwest"}')
RENDERING_FIELD = FormField("renderingRule", '{"rasterFunction":"None"}')
DEFINITION_FIELD = FormField("multidimensionalDefinition", EXAMPLE)
SLICE_FIELD = FormField("sliceId", "a number of a slice")
VARIABLE_FIELD = FormField("variable", "of a multidimensional service")
ALL_SLICES_FIELD = FormField("processAsMultidimensional", choices=("", "true", "false"))
TIME_FIELD = FormField("time", "milliseconds since 1970, or start,end")
GEOMETRY_FIELDS = (
    FormField("geometry", "x,y or xmin,ymin,xmax,ymax or JSON", start="$x,$y"),
    FormField(
        "geometryType",
        choices=(
            "",
            "esriGeometryPoint",
            "esriGeometryEnvelope",
            "esriGeometryPolygon",
            "esriGeometryMultipoint",
            "esriGeometryPolyline",
        ),
    ),
)
IMAGE_FIELDS = (
    FormField("bbox", "xmin,ymin,xmax,ymax; absent = the full extent", start="$box"),
    FormField("bboxSR", "WKID, JSON or WKT; blank = the service's"),
    FormField("size", "width,height; blank = 400,400"),
    FormField("imageSR", "WKID, JSON or WKT; blank = the service's"),
    FormField("time", "milliseconds since 1970, or start,end"),
    FormField("format", choices=("", *FORMAT_CHOICES)),
    FormField("pixelType", choices=PIXEL_TYPES),
    FormField("noData", "a number, or one per band"),
    FormField("noDataInterpretation", choices=("", "esriNoDataMatchAny", "esriNoDataMatchAll")),
    FormField("interpolation", choices=INTERPOLATIONS),
    FormField("compression", "for tiff", ("", "None", "LZ77", "LZW", "ZSTD", "JPEG", "LERC")),
    FormField("compressionQuality", "0 to 100"),
    FormField("compressionTolerance", "for lerc: greatest error"),
    FormField("lercVersion", choices=("", "1", "2")),
    FormField("bandIds", "from 0: 2,1,0"),
    MOSAIC_FIELD,
    RENDERING_FIELD,
    SLICE_FIELD,
    FormField("adjustAspectRatio", choices=("", "true", "false")),
    FormField("validateExtent", "true: a box beside the data is an error", ("", "true", "false")),
)
