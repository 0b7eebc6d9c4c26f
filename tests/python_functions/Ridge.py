"""A focal function: each pixel less the mean of the ring around it, in pixels of the map; wants padding."""

import numpy as np
from smoothing import ring_mean


class Ridge:
    def __init__(self):
        self.name = "Ridge"
        self.description = "Height above the surroundings."
        self.radius = 1

    def getParameterInfo(self):
        return [
            {"name": "dem", "dataType": "raster", "value": None, "required": True},
            {"name": "radius", "dataType": "numeric", "value": 2, "required": False},
        ]

    def getConfiguration(self, **scalars):
        return {"padding": int(scalars["radius"]), "inheritProperties": 4 | 8}

    def updateRasterInfo(self, **kwargs):
        self.radius = int(kwargs["radius"])
        kwargs["output_info"]["bandCount"] = kwargs["dem_info"]["bandCount"]
        kwargs["output_info"]["statistics"] = ()
        kwargs["output_info"]["histogram"] = ()
        return kwargs

    def updatePixels(self, tlc, shape, props, **pixelBlocks):
        heights = np.asarray(pixelBlocks["dem_pixels"], "f4")
        r = self.radius
        middle = heights[..., r : heights.shape[-2] - r, r : heights.shape[-1] - r]
        pixelBlocks["output_pixels"] = middle - ring_mean(heights, r)
        return pixelBlocks
