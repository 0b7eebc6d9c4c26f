"""Every place that opens a raster or another file of many formats says with which driver, and is known here.

A new one fails until it is written down with what keeps it from opening anything.
"""

from __future__ import annotations

import ast

PACKAGES = ("config", "engine", "raster_types", "server")
# Calls that let a library find out what a file is.
OPENERS = frozenset(
    [
        "rasterio.open",
        "DatasetReader",
        "FilePath",
        "MemoryFile",
        "pyogrio.list_layers",
        "pyogrio.read_info",
        "pyogrio.raw.read",
        "netCDF4.Dataset",
        "zarr.open",
        "zarr.open_group",
        "zarr.open_array",
        "Image.open",
    ]
)
# Places that open what others may have made: what pins them.
READERS = {
    ("engine/readers/drivers.py", "DatasetReader"): "driver",
    ("engine/readers/remote/remote_dataset.py", "rasterio.open"): "driver",
    ("engine/build/overview_render.py", "rasterio.open"): "driver",
    ("engine/readers/cube_arrays.py", "netCDF4.Dataset"): "one format; the path is checked before",
    ("raster_types/tables/vector_file.py", "pyogrio.list_layers"): "other drivers are never loaded",
    ("raster_types/tables/vector_file.py", "pyogrio.read_info"): "other drivers are never loaded",
    ("raster_types/tables/vector_file.py", "pyogrio.raw.read"): "other drivers are never loaded",
    ("server/comparison/picture.py", "Image.open"): "formats",
    ("engine/build/balance/picture.py", "Image.open"): "a picture that was rendered just now",
    ("engine/build/demo_scenes.py", "Image.open"): "a picture of a package that is installed",
}
# Those pinned by an argument must give it.
ARGUMENTS = ("driver", "formats")


def _calls(repo_root):
    """Yield path, name and call of each opening in the packages."""
    for package in PACKAGES:
        for path in sorted((repo_root / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in OPENERS:
                    yield path.relative_to(repo_root).as_posix(), ast.unparse(node.func), node


def _writes(call):
    """Tell whether a call makes a file of our own: opened to write, or in memory from nothing."""
    name = ast.unparse(call.func)
    if name == "MemoryFile":
        return not call.args and not call.keywords
    return name == "rasterio.open" and len(call.args) > 1 and ast.unparse(call.args[1]) == "'w'"


def test_every_place_that_opens_files_is_known_and_pinned(repo_root):
    unknown, unpinned = [], []
    for path, name, call in _calls(repo_root):
        if _writes(call):
            continue
        how = READERS.get((path, name))
        if how is None:
            unknown.append(f"{path}:{call.lineno} {name}")
        elif how in ARGUMENTS and how not in {word.arg for word in call.keywords}:
            unpinned.append(f"{path}:{call.lineno} {name}")
    assert unknown == []
    assert unpinned == []


def test_no_place_is_known_that_opens_nothing(repo_root):
    found = {(path, name) for path, name, _ in _calls(repo_root)}
    assert READERS.keys() - found == set()
