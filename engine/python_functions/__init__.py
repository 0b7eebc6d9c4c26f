"""Raster functions in Python that an administrator has registered, in the convention of Esri.

The convention: a class with `getParameterInfo`, and as it needs them `getConfiguration`,
`updateRasterInfo`, `updatePixels` and `updateKeyMetadata`. `hosted.py` talks to such an object and runs in
a process of its own, never in an instance; `runner.py` says what the engine asks of whoever keeps those
processes; `messages.py` is what both say to each other.

References
----------
Esri, raster-functions wiki: Anatomy of a Python Raster Function (PythonRasterFunction).
"""
