"""Users' functions in this process: the convention, and what they may do wrong."""

from __future__ import annotations

import numpy as np
import pytest

from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.python_functions.hosted import HostedFunction
from engine.python_functions.hosted_blocks import checked_pixels, input_blocks
from engine.python_functions.messages import (
    Bind,
    Compute,
    Failed,
    RasterFacts,
    RasterPlace,
)
from engine.python_functions.user_code import UserFault, guarded
from engine.summary import BandStatistics, Histogram

KNOWN = BandStatistics(min=1, max=9, mean=4, std=2, count=7)
FACTS = RasterFacts(
    pixel_type=PixelType.U16,
    bands=2,
    statistics=(KNOWN, KNOWN),
    histograms=(Histogram(min=1, max=9, counts=(3, 4)),) * 2,
    names=("Red", "Green"),
    wavelengths_nm=((600, 700), (500, 600)),
    place=RasterPlace(extent=(0, 0, 40, 30), wkid=32633, cell_size=(10, 10)),
)
PLACE = RasterPlace(extent=(0, 0, 40, 30), wkid=3857, cell_size=(10, 10))
BIND = Bind(rasters=("raster",), facts=(FACTS,))
RASTER = '[{"name": "raster", "dataType": "raster", "required": True}]'


@pytest.fixture
def hosted(tmp_path):
    """Return a function from the methods of a class, written without their indent."""

    def make(methods, name="Own"):
        lines = "\n".join(f"    {line}" for line in methods.strip().splitlines())
        text = f"import numpy as np\n\n\nclass {name}:\n{lines}\n"
        if "def getParameterInfo" not in text:
            text += f"\n    def getParameterInfo(self):\n        return {RASTER}\n"
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        return HostedFunction(tmp_path / f"{name}.py")

    return make


def block(bands=2, rows=3, cols=4):
    data = np.arange(bands * rows * cols, dtype=np.uint16).reshape(bands, rows, cols) + 1
    valid = np.ones((1, rows, cols), np.bool_)
    valid[0, 0, 0] = False
    return PixelBlock(data, valid)


def compute(function, bound=BIND, given=None):
    return function.compute(Compute(bound=bound, place=PLACE), [given or block()])


def test_without_more_methods_the_output_is_as_the_first_raster(hosted):
    function = hosted(
        "def updatePixels(self, tlc, shape, props, **p):\n    p['output_pixels'] = p['raster_pixels']\n    return p"
    )
    bound = function.bind(BIND)
    assert bound.padding == 0
    assert bound.output == FACTS
    made = compute(function)
    np.testing.assert_array_equal(made.valid, block().valid)
    # What invalid pixels held does not reach a function.
    assert made.data[0, 0, 0] == 0
    assert made.data.dtype == np.uint16


def test_what_is_invalidated_is_not_inherited(hosted):
    function = hosted(
        "def getConfiguration(self, **s):\n"
        "    return {'inheritProperties': 4 | 8, 'invalidateProperties': 2 | 4 | 8}"
    )
    output = function.bind(BIND).output
    assert output.statistics == output.histograms == output.names == ()
    assert output.pixel_type is PixelType.F32


def test_the_information_of_rasters_is_as_the_convention_has_it(hosted):
    function = hosted(
        "def updateRasterInfo(self, **kwargs):\n"
        "    i = kwargs['raster_info']\n"
        "    assert i['bandCount'] == 2 and i['pixelType'] == 'u2' and i['noData'] is None\n"
        "    assert i['extent'] == (0, 0, 40, 30) and i['cellSize'] == (10, 10)\n"
        "    assert i['spatialReference'] == 32633 and i['origin'] == (0, 30)\n"
        "    assert i['statistics'][1]['standardDeviation'] == 2\n"
        "    assert i['histogram'][0].tolist() == [3, 4] and i['colormap'] == ()\n"
        "    kwargs['output_info']['bandCount'] = 1\n"
        "    return kwargs"
    )
    assert function.bind(BIND).output.bands == 1


def test_bands_are_extracted_before_a_function_sees_the_raster(hosted):
    function = hosted(
        "def getConfiguration(self, **s):\n    return {'extractBands': (1,), 'inputMask': True}\n"
        "def updatePixels(self, tlc, shape, props, **p):\n"
        "    assert shape == (3, 4) == p['raster_pixels'].shape == p['raster_mask'].shape\n"
        "    assert p['raster_mask'].dtype == np.uint8 and p['raster_mask'][0, 0] == 0\n"
        "    p['output_pixels'] = p['raster_pixels'] + 1\n"
        "    p['output_mask'] = np.ones(shape, 'u1')\n"
        "    return p"
    )
    assert function.bind(BIND).output.names == ("Green",)
    made = compute(function)
    assert made.data.shape == (1, 3, 4)
    assert made.data[0, 1, 1] == block().data[1, 1, 1] + 1
    assert made.valid.all()


def test_each_binding_has_an_object_of_its_own(hosted):
    function = hosted(
        "def getParameterInfo(self):\n"
        "    return [{'name': 'raster', 'dataType': 2}, {'name': 'n', 'dataType': 0, 'value': 1}]\n"
        "def updateRasterInfo(self, **kwargs):\n    self.n = kwargs['n']\n    return kwargs\n"
        "def updatePixels(self, tlc, shape, props, **p):\n"
        "    p['output_pixels'] = np.full(shape, self.n)\n    return p"
    )
    binds = [Bind(scalars=f'{{"n": {n}}}', rasters=("raster",), facts=(FACTS,)) for n in (5, 6)]
    for bind in binds:
        function.bind(bind)
    assert [compute(function, bind).data.max() for bind in binds] == [5, 6]


def test_functions_of_the_first_releases_run_too(hosted):
    function = hosted(
        "def updateRasterInfo(self, **kwargs):\n"
        "    kwargs['output_info']['pixelType'] = '32_BIT_FLOAT'\n    return kwargs\n"
        "def updatePixels(self, **p):\n"
        "    np.copyto(p['output_pixels'], p['raster_pixels'] / 2.0, casting='unsafe')\n    return p"
    )
    assert function.bind(BIND).output.pixel_type is PixelType.F32
    np.testing.assert_allclose(compute(function).data[1, 2, 3], block().data[1, 2, 3] / 2)


def test_key_metadata_of_bands_can_be_changed(hosted):
    function = hosted(
        "def updateKeyMetadata(self, names, bandIndex, **m):\n"
        "    if bandIndex == -1:\n        m['datatype'] = 'Processed'\n"
        "    elif bandIndex == 0:\n        m.update(bandname='New', wavelengthmin=None, wavelengthmax=None)\n"
        "    return m"
    )
    output = function.bind(BIND).output
    assert output.names == ("New", "Green")
    assert output.wavelengths_nm == ((None, None), (500, 600))
    assert output.properties == (("datatype", "Processed"),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("return None", "must return its pixelBlocks"),
        ("return {}", "must return its pixelBlocks"),
        ("p['output_pixels'] = np.zeros((5, 5)); return p", r"\(5, 5\), asked for was \(2, 3, 4\)"),
        ("p['output_pixels'] = np.zeros(shape, 'c8'); return p", "complex64, not real"),
        ("p['output_pixels'] = 'x'; return p", "not real"),
        (
            "p['output_pixels'] = np.zeros(shape); p['output_mask'] = np.zeros(7); return p",
            r"output_mask has the shape \(7,\)",
        ),
    ],
)
def test_pixels_that_cannot_be_are_refused(hosted, body, why):
    function = hosted(f"def updatePixels(self, tlc, shape, props, **p):\n    {body}")
    with pytest.raises(UserFault, match=why):
        compute(function)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("['bandCount'] = 0", "bandCount"),
        ("['bandCount'] = 'two'", "bandCount"),
        ("['pixelType'] = 'c8'", "pixelType"),
        ("['pixelType'] = object()", "pixelType"),
        ("['pixelType'] = 'nonsense'", "pixelType"),
        ("['colormap'] = (1, 2)", "colormap"),
    ],
)
def test_information_that_cannot_be_is_refused(hosted, entry, why):
    function = hosted(
        "def updateRasterInfo(self, **kwargs):\n"
        "    kwargs['output_info']['bandCount'] = 1\n"
        f"    kwargs['output_info']{entry}\n    return kwargs"
    )
    with pytest.raises(UserFault, match=why):
        function.bind(BIND)


@pytest.mark.parametrize(
    ("configuration", "why"),
    [
        ("{'padding': -1}", "padding"),
        ("{'padding': 'wide'}", "padding"),
        ("{'padding': 1e9}", "padding"),
        ("{'extractBands': (0, 'red')}", "extractBands"),
        ("{'extractBands': (7,)}", "needs band 8, the raster has 2"),
        ("7", "dictionary"),
    ],
)
def test_configurations_that_cannot_be_are_refused(hosted, configuration, why):
    function = hosted(f"def getConfiguration(self, **s):\n    return {configuration}")
    with pytest.raises(UserFault, match=why):
        function.bind(BIND)


def test_what_is_raised_is_told_with_its_line_and_without_paths(hosted, tmp_path):
    function = hosted(
        "def updatePixels(self, tlc, shape, props, **p):\n    open('/secret/place/table.csv')\n"
    )
    failed = guarded(tmp_path / "Own.py", lambda: compute(function))
    assert isinstance(failed, Failed)
    assert failed.line == 6
    assert "FileNotFoundError" in failed.why
    assert "secret" not in failed.why
    assert "secret" in failed.traceback
    assert not failed.is_spent


def test_leaving_and_running_out_of_memory_are_failures_of_the_function(hosted, tmp_path):
    function = hosted("def updatePixels(self, tlc, shape, props, **p):\n    raise SystemExit(3)")
    failed = guarded(tmp_path / "Own.py", lambda: compute(function))
    assert isinstance(failed, Failed)
    assert "SystemExit" in failed.why
    function = hosted("def updatePixels(self, t, s, props, **p):\n    raise MemoryError", "Big")
    assert guarded(tmp_path / "Big.py", lambda: compute(function)).is_spent


def test_samples_that_are_no_finite_numbers_and_masked_ones_are_invalid():
    given = np.array([[1.0, np.nan], [np.inf, 4.0]], ">f4")
    made = checked_pixels({"output_pixels": given}, (2, 2), np.ones((1, 2, 2), np.bool_))
    assert made.valid.tolist() == [[[True, False], [False, True]]]
    assert made.data.dtype == np.dtype("=f4")
    masked = np.ma.masked_array([[1, 2], [3, 4]], [[0, 1], [0, 0]])
    made = checked_pixels({"output_pixels": masked}, (2, 2), np.ones((1, 2, 2), np.bool_))
    assert made.valid.tolist() == [[[True, False], [True, True]]]


def test_several_rasters_are_usable_where_all_bands_of_all_are():
    one, other = block(), block(bands=1)
    other.valid[0, 1, 1] = False
    given, valid = input_blocks({"a": one, "b": (other,)}, wants_mask=True)
    assert set(given) == {"a_pixels", "a_mask", "b_pixels", "b_mask"}
    assert given["b_pixels"][0].shape == (3, 4)
    assert int(valid.sum()) == 10
