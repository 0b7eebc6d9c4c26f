"""Output formats by name; the front reads `engine.format_names` instead, which needs no pixels."""

from engine.contract import FORMATS as GROUP
from engine.formats.base import Format
from engine.formats.bip import Bip
from engine.formats.bmp import Bmp
from engine.formats.bsq import Bsq
from engine.formats.gif import Gif
from engine.formats.jpeg import Jpeg
from engine.formats.jpgpng import JpgPng
from engine.formats.lerc import Lerc
from engine.formats.png import Png, Png32
from engine.formats.png8 import Png8
from engine.formats.png24 import Png24
from engine.formats.tiff import Tiff
from engine.formats.webp import WebP
from engine.registry import Registry

FORMATS: Registry[Format] = Registry(
    "output format",
    {
        "jpgpng": JpgPng(),
        "jpg": Jpeg(),
        "jpeg": Jpeg(),
        "png": Png(),
        "png8": Png8(),
        "png24": Png24(),
        "png32": Png32(),
        "webp": WebP(),
        "gif": Gif(),
        "bmp": Bmp(),
        "tiff": Tiff(),
        "lerc": Lerc(),
        "bip": Bip(),
        "bsq": Bsq(),
    },
    GROUP,
)
