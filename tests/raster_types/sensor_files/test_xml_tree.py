"""XML of vendors: what is no plain document is refused before it is read."""

import pytest

from engine.errors import InvalidParameter
from raster_types.sensor_files.xml_tree import parse_xml


def test_a_plain_document_is_read():
    assert parse_xml("DIMAP", "<a><b>1</b></a>").findtext("b") == "1"


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "1">]><a>&x;</a>',
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a><b></a>",
        "",
        "no XML",
    ],
)
def test_anything_else_is_refused_with_its_kind(text):
    with pytest.raises(InvalidParameter, match="DIMAP"):
        parse_xml("DIMAP", text)
