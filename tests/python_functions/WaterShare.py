"""A masked index of two bands of one raster: how much of the light is green."""

import numpy as np


class WaterShare:
    def __init__(self):
        self.name = "Water share"
        self.description = "(green - infrared) / (green + infrared), scaled."
        self.scale = 1.0

    def getParameterInfo(self):
        return [
            {"name": "raster", "dataType": "raster", "value": None, "required": True},
            {"name": "scale", "dataType": "numeric", "value": 1.0, "required": False},
            {
                "name": "mode",
                "dataType": "string",
                "value": "Signed",
                "required": False,
                "domain": ("Signed", "Absolute"),
            },
            {"name": "invert", "dataType": "boolean", "value": False, "required": False},
        ]

    def getConfiguration(self, **scalars):
        return {
            "extractBands": (1, 0),
            "inheritProperties": 2 | 4 | 8,
            "invalidateProperties": 2 | 4 | 8,
            "inputMask": True,
        }

    def updateRasterInfo(self, **kwargs):
        self.scale = float(kwargs["scale"])
        self.absolute = kwargs["mode"] == "Absolute"
        self.sign = -1.0 if kwargs["invert"] else 1.0
        out = kwargs["output_info"]
        out["bandCount"] = 1
        out["pixelType"] = "f4"
        out["statistics"] = ({"minimum": -self.scale, "maximum": self.scale},)
        out["histogram"] = ()
        return kwargs

    def updatePixels(self, tlc, shape, props, **pixelBlocks):
        green, infrared = pixelBlocks["raster_pixels"].astype("f8")
        mask = pixelBlocks["raster_mask"].all(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.sign * self.scale * (green - infrared) / (green + infrared)
        share = np.abs(share) if self.absolute else share
        pixelBlocks["output_pixels"] = share.astype(props["pixelType"], copy=False)
        pixelBlocks["output_mask"] = mask.astype("u1")
        return pixelBlocks

    def updateKeyMetadata(self, names, bandIndex, **keyMetadata):
        if bandIndex == 0:
            keyMetadata["bandname"] = "WaterShare"
        return keyMetadata
