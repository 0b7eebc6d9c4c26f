"""A list of rasters as one: the highest of all bands, and where on the map each pixel's centre lies."""

import numpy as np


class Stack:
    def getParameterInfo(self):
        return [{"name": "rasters", "dataType": "rasters", "required": True}]

    def getConfiguration(self, **scalars):
        return {"compositeRasters": True, "inputMask": True, "invalidateProperties": 2 | 4 | 8}

    def updateRasterInfo(self, **kwargs):
        self.count = kwargs["compositeraster_info"]["bandCount"]
        assert len(kwargs["rasters_info"]) * kwargs["rasters_info"][0]["bandCount"] == self.count
        kwargs["output_info"].update(bandCount=3, pixelType="f8")
        return kwargs

    def updatePixels(self, tlc, shape, props, **pixelBlocks):
        every = pixelBlocks["compositeraster_pixels"]
        assert len(every) == self.count
        rows, cols = shape[1:]
        assert (props["height"], props["width"]) == (rows, cols)
        xmin, _, _, ymax = props["extent"]
        across, down = props["cellSize"]
        x = xmin + (tlc[0] + np.arange(cols) + 0.5) * across
        y = ymax - (tlc[1] + np.arange(rows) + 0.5) * down
        out = np.empty(shape)
        out[0], out[1], out[2] = every.max(axis=0), x[None, :], y[:, None]
        pixelBlocks["output_pixels"] = out
        pixelBlocks["output_mask"] = pixelBlocks["compositeraster_mask"].any(axis=0)
        return pixelBlocks
