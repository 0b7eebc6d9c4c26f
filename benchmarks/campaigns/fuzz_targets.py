"""Every parser of what comes from outside: inputs to begin with, and what reads them.

Rule: a target is given any text or bytes and either reads it or raises one of `REFUSALS`. Anything else
that leaves it is a defect.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.operations import QUESTIONS
from config.load import SettingsError, load_settings
from config.run_file import read_run_file
from config.site import read_site
from engine.build.definition_file import default_text, read_properties
from engine.errors import ImageServerError
from engine.readers.header import read_header
from engine.summary import ServiceSummary
from engine.where import parse_where
from server.access.binding import Binding
from server.access.credentials import credential_of
from server.access.signing_keys import SigningKey
from server.access.tokens import Claims, read_token, signed
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.operations.base import Question
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import rendering_rule, rule_scope
from server.protocols.arcgis.rules import mosaic_rule, time_range
from server.protocols.arcgis.spatial_reference import parse_crs
from server.protocols.arcgis.template_xml import template_of_xml
from server.protocols.wms import operations as wms
from server.protocols.wms.operations.base import Question as WmsQuestion
from server.protocols.wms.sld import read_sld
from server.protocols.wms.time_dimension import read_times

REFUSALS = (ImageServerError, SettingsError)

_WKT = (
    'PROJCS["x",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["central_meridian",15],PARAMETER["scale_factor",0.9996],UNIT["metre",1]]'
)
_RULES = (
    '{"rasterFunction":"Stretch","rasterFunctionArguments":{"StretchType":5,"Min":0,"Max":255}}',
    '{"rasterFunction":"BandArithmetic","rasterFunctionArguments":{"Method":0,"BandIndexes":"(b1-b2)/(b1+b2)*1.5e-3"}}',
    (
        '{"rasterFunction":"Colormap","rasterFunctionArguments":{"Colormap":[[0,1,2,3],[1,4,5,6]],'
        '"Raster":{"rasterFunction":"Remap","rasterFunctionArguments":{"InputRanges":[0,9],"OutputValues":[1]}}}}'
    ),
    '{"rasterFunction":"Hillshade","rasterFunctionArguments":{"Azimuth":315,"Altitude":45,"ZFactor":1}}',
    '{"rasterFunction":"Convolution","rasterFunctionArguments":{"Rows":3,"Columns":3,"Kernel":[0,1,0,1,-4,1,0,1,0]}}',
)
_MOSAIC_RULES = (
    '{"mosaicMethod":"esriMosaicLockRaster","lockRasterIds":[1,2],"mosaicOperation":"MT_BLEND"}',
    (
        '{"mosaicMethod":"esriMosaicAttribute","sortField":"AcqDate","sortValue":"2020/01/01","ascending":true,'
        '"where":"Category = 1","fids":[1],"viewpoint":{"x":1,"y":2}}'
    ),
    "{mosaicMethod:'esriMosaicCenter',multidimensionalDefinition:[{variableName:'t',values:[[1,2]]}]}",
)
_GEOMETRIES = (
    '{"rings":[[[0,0],[0,9],[9,9],[0,0]],[[1,1],[2,1],[2,2],[1,1]]],"spatialReference":{"wkid":4326}}',
    "{x: 1.0, y: 2.0, spatialReference: {wkid: 102100, latestWkid: 3857}}",
    '{"points":[[1,2],[3,4]]}',
    "420000,5430000,430000,5440000",
)
_WHERES = (
    "Category = 1 AND (Name LIKE 'sc%' OR CenterX BETWEEN 1 AND 2e3) AND NOT MinPS IN (1,2)",
    "AcqDate >= DATE '2020-02-01' AND Tag IS NOT NULL OR UPPER(Name) <> 'A''B'",
    "EXTRACT(YEAR FROM AcqDate) = 2020 AND OBJECTID / 2 > -3",
)
_SLD = (
    '<StyledLayerDescriptor version="1.0.0"><NamedLayer><Name>scenes</Name><UserStyle><FeatureTypeStyle>'
    '<Rule><RasterSymbolizer><ColorMap type="ramp"><ColorMapEntry color="#ff0000" quantity="1"/>'
    '<ColorMapEntry color="#00ff00" quantity="2" opacity="0.5"/></ColorMap></RasterSymbolizer></Rule>'
    "</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
)
_MAP = (
    "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=scenes&STYLES=&CRS=EPSG:4326"
    "&BBOX=48.9,13.9,49.2,14.3&WIDTH=64&HEIGHT=48&FORMAT=image/png&TRANSPARENT=TRUE&TIME=2020-01-01/P1D"
)
_TEMPLATE = (
    '<RasterFunctionTemplate><Name>a</Name><Function xsi:type="typens:StretchFunction">'
    "<Name>Stretch</Name></Function><Arguments/></RasterFunctionTemplate>"
)
_RUN_FILE = (
    '[definition]\npath = "a.isdef"\n[service]\ntitle = "t"\n[[add]]\npaths = ["a.tif"]\n'
    '[build]\noverviews = "none"\n[compile]\noutput = "a.zmd"\n[publish]\nname = "a/b"\n'
)
_NOW = float(int(time.time()))  # PyJWT looks at the clock by itself
_SETTINGS = 'port = 1\ncors_origins = ["*"]\n[memory]\ntotal_mb = 9000\n[timeouts]\nwait_s = 3.5\n'


@dataclass(frozen=True, slots=True)
class Target:
    """One parser, with inputs that it accepts."""

    seeds: tuple[bytes, ...]
    read: Callable[[bytes], object]


def _of_texts(seeds: tuple[str, ...], read: Callable[[str], object]) -> Target:
    encoded = tuple(seed.encode() for seed in seeds)
    return Target(encoded, lambda data: read(data.decode("utf-8", "replace")))


def _of_parameter(
    name: str, seeds: tuple[str, ...], read: Callable[[Parameters], object]
) -> Target:
    return _of_texts(seeds, lambda text: read(Parameters([(name, text)])))


def _of_file(seeds: tuple[bytes, ...], path: Path, read: Callable[[Path], object]) -> Target:
    """Return a target that reads what it is given from the file `path`."""

    def through_file(data: bytes) -> object:
        path.write_bytes(data)
        return read(path)

    return Target(seeds, through_file)


def _operations(summary: ServiceSummary) -> Target:
    """Return the front half of all ArcGIS operations: `name?query`."""

    def read(text: str) -> object:
        name, _, query = text.partition("?")
        operation = OPERATIONS[name] if name in OPERATIONS else OPERATIONS["exportImage"]
        pairs = Parameters.from_query(query)
        question = Question(
            service="scenes", url="http://host/s", f="json", summary=summary, parameters=pairs
        )
        parse = getattr(operation, "parse", None) or getattr(operation, "describe", None)
        return parse(question) if parse is not None else None

    return _of_texts(
        tuple(
            f"{name}?" + "&".join(f"{key}={value}" for key, value in asked.items())
            for name, asked in QUESTIONS.items()
            if name
        ),
        read,
    )


def _wms(summary: ServiceSummary) -> Target:
    def read(text: str) -> object:
        parameters = Parameters.from_query(text)
        question = WmsQuestion(
            version="1.3.0",
            service="scenes",
            sequence="1",
            url="http://host/wms",
            summary=summary,
            parameters=parameters,
        )
        operation = wms.OPERATIONS["GetMap"]
        parse = getattr(operation, "parse")  # noqa: B009 -- GetMap is one of those that ask an instance
        return parse(question)

    return _of_texts((_MAP, _MAP.replace("1.3.0", "1.1.1").replace("CRS=", "SRS=")), read)


def _token() -> Target:
    """Return what tokens are read by; one that was not signed here must never be let in."""
    key = SigningKey(b"k" * 32, None)
    good = signed(Claims("anna", "1", int(_NOW) + 3600, Binding()), key, _NOW)
    head, payload, _ = good.split(".")

    def read(text: str) -> object:
        claims = read_token(text, (key,), _NOW)
        if text != good:
            raise AssertionError(f"let in: {text!r}")
        return claims

    return _of_texts((good, f"{head}.{payload}.", "eyJhbGciOiJub25lIn0.e30."), read)


def _credential() -> Target:
    """Return what finds tokens in requests: the query on the first line, then a header a line."""

    def read(data: bytes) -> object:
        query, *lines = data.split(b"\n")
        pairs = (line.partition(b":") for line in lines)
        return credential_of([(name.lower(), value.strip()) for name, _, value in pairs], query)

    seeds = (
        b"f=json&token=abc",
        b"a=1\nAuthorization: Bearer abc\nX-API-Key: swath_abc",
        b"\nCookie: agstoken=%41bc; swath_session=x\nX-Esri-Authorization: Bearer y",
    )
    return Target(seeds, read)


def targets(summary: ServiceSummary, rasters: tuple[bytes, ...], folder: Path) -> dict[str, Target]:
    """Return all targets by name.

    Parameters
    ----------
    summary
        Of the service that is asked.
    rasters
        Files to begin with, whole or broken.
    folder
        For inputs that are read from a file; one target at a time.
    """
    scope = rule_scope("scenes", summary)
    fields = summary.fields
    return {
        "operations": _operations(summary),
        "wms": _wms(summary),
        "renderingRule": _of_parameter(
            "renderingRule", _RULES, lambda found: rendering_rule(found, scope)
        ),
        "mosaicRule": _of_parameter("mosaicRule", _MOSAIC_RULES, mosaic_rule),
        "geometry": _of_parameter("geometry", _GEOMETRIES, geometry_parameter),
        "time": _of_parameter("time", ("1577836800000,1580515200000", "null,5", "7"), time_range),
        "where": _of_texts(_WHERES, lambda text: parse_where(text, fields)),
        "crs": _of_texts(
            (_WKT, "EPSG:3857", "urn:ogc:def:crs:EPSG::4326", '{"wkid":102100}', "0:1"),
            lambda text: parse_crs("bboxSR", text),
        ),
        "sld": _of_texts((_SLD,), lambda text: read_sld(text, ("scenes",), summary)),
        "wms time": _of_texts(
            ("2020-01-01T00:00:00Z/2021-01/P1M,current", "2020"),
            lambda text: read_times("TIME", text, 0),
        ),
        "token": _token(),
        "credential": _credential(),
        "site settings": _of_file(
            (_SETTINGS.encode(),), folder / "system.toml", lambda path: read_site(path.parent)
        ),
        "template": _of_file((_TEMPLATE.encode(),), folder / "input.rft.xml", template_of_xml),
        "run file": _of_file((_RUN_FILE.encode(),), folder / "input.toml", read_run_file),
        "settings": _of_file(
            (_SETTINGS.encode(),), folder / "input.toml", lambda path: load_settings(path, {})
        ),
        "definition": _of_file(
            (default_text(summary.properties).encode(),), folder / "input.toml", read_properties
        ),
        "raster header": _of_file(
            rasters, folder / "input.tif", lambda path: read_header(str(path))
        ),
    }
