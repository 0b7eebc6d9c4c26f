"""Two rasters: where the second is more than a threshold above the first; a colormap comes with it."""

import numpy as np


class Change:
    def getParameterInfo(self):
        return [
            {"name": "before", "dataType": "raster", "required": True},
            {"name": "after", "dataType": "raster", "required": True},
            {"name": "threshold", "dataType": "numeric", "value": 10, "required": True},
        ]

    def updateRasterInfo(self, **kwargs):
        self.threshold = kwargs["threshold"]
        out = kwargs["output_info"]
        out.update(bandCount=1, pixelType="u1", statistics=(), histogram=())
        out["colormap"] = (
            np.array([0, 1], "i4"),
            np.array([0, 255], "u1"),
            np.array([0, 0], "u1"),
            np.array([128, 0], "u1"),
        )
        return kwargs

    def updatePixels(self, tlc, shape, props, **pixelBlocks):
        before, after = (np.asarray(pixelBlocks[f"{n}_pixels"], "f8") for n in ("before", "after"))
        first = [each[0] if each.ndim == 3 else each for each in (before, after)]
        pixelBlocks["output_pixels"] = first[1] - first[0] > self.threshold
        return pixelBlocks
