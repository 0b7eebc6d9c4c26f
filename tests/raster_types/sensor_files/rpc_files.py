"""RPC files of all kinds, written from one record: what readers must give back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.geotransforms.rpc_models import made_record

if TYPE_CHECKING:
    from engine.geotransforms.rpc import RpcRecord

LISTS = {
    "LINE_NUM_COEFF": "row_numerator",
    "LINE_DEN_COEFF": "row_denominator",
    "SAMP_NUM_COEFF": "col_numerator",
    "SAMP_DEN_COEFF": "col_denominator",
}
RECORD = made_record(error_bias_m=1.5, error_random_m=0.5)


def scalars(record: RpcRecord = RECORD, first: int = 0) -> dict[str, float]:
    """The ten scalars under GDAL's names; pixel centres counted from `first`."""
    return {
        "LINE_OFF": record.row_offset_px - 0.5 + first,
        "SAMP_OFF": record.col_offset_px - 0.5 + first,
        "LAT_OFF": record.latitude_offset_deg,
        "LONG_OFF": record.longitude_offset_deg,
        "HEIGHT_OFF": record.height_offset_m,
        "LINE_SCALE": record.row_scale_px,
        "SAMP_SCALE": record.col_scale_px,
        "LAT_SCALE": record.latitude_scale_deg,
        "LONG_SCALE": record.longitude_scale_deg,
        "HEIGHT_SCALE": record.height_scale_m,
    }


def tags(record: RpcRecord = RECORD) -> dict[str, str]:
    """GDAL's metadata domain."""
    found = {key: repr(value) for key, value in scalars(record).items()}
    for key, name in LISTS.items():
        found[key] = " ".join(map(repr, getattr(record, name)))
    return found | {"ERR_BIAS": "1.5", "ERR_RAND": "0.5"}


def rpc_text(record: RpcRecord = RECORD) -> str:
    """_RPC.TXT."""
    units = {"LI": "pixels", "SA": "pixels", "LA": "degrees", "LO": "degrees", "HE": "meters"}
    lines = [f"{key}: {value!r} {units[key[:2]]}" for key, value in scalars(record).items()]
    lines += ["ERR_BIAS: 1.5 meters", "ERR_RAND: 0.5 meters"]
    for key, name in LISTS.items():
        lines += [f"{key}_{n}: {value!r}" for n, value in enumerate(getattr(record, name), start=1)]
    return "\n".join(lines)


def rpb(record: RpcRecord = RECORD, order: str = "RPC00B") -> str:
    """.RPB of DigitalGlobe."""
    own = {"LINE": "line", "SAMP": "samp", "LAT": "lat", "LONG": "long", "HEIGHT": "height"}
    lines = ['satId = "QB02";', f'SpecId = "{order}";', "BEGIN_GROUP = IMAGE"]
    lines += ["\terrBias = 1.5;", "\terrRand =    0.5;"]
    for key, value in scalars(record).items():
        what, _, kind = key.partition("_")
        lines.append(f"\t{own[what]}{'Offset' if kind == 'OFF' else 'Scale'} = {value!r};")
    for key, name in LISTS.items():
        what, kind, _ = key.split("_")
        numbers = ",\n\t\t\t".join(map(repr, getattr(record, name)))
        lines.append(f"\t{own[what]}{kind.title()}Coef = (\n\t\t\t{numbers});")
    return "\n".join([*lines, "END_GROUP = IMAGE", "END;"])


def digitalglobe_xml(record: RpcRecord = RECORD) -> str:
    """XML of WorldView."""
    parts = ["<ERRBIAS>1.5</ERRBIAS>", "<ERRRAND>0.5</ERRRAND>"]
    for key, value in scalars(record).items():
        tag = key.replace("_OFF", "OFFSET").replace("_SCALE", "SCALE")
        parts.append(f"<{tag}>{value!r}</{tag}>")
    for key, name in LISTS.items():
        tag = key.replace("_", "").removesuffix("F")
        numbers = " ".join(map(repr, getattr(record, name)))
        parts.append(f"<{tag}List><{tag}>{numbers}</{tag}></{tag}List>")
    body = "".join(parts)
    return (
        f"<?xml version='1.0'?><isd><RPB><SPECID>RPC00B</SPECID><IMAGE>{body}</IMAGE></RPB></isd>"
    )


def dimap(record: RpcRecord = RECORD, first: int = 1, profile: str = "PHR_SENSOR") -> str:
    """RPC XML of DIMAP, with a direct model of the same names that must not be taken."""
    names = (
        ("GroundtoImage_Values", "x") if "PNEO" in profile else ("Inverse_Model", "Direct_Model")
    )
    inverse = direct = ""
    for key, name in LISTS.items():
        for n, value in enumerate(getattr(record, name), start=1):
            inverse += f"<{key}_{n}>{value!r}</{key}_{n}>"
            direct += f"<{key}_{n}>{n / 7}</{key}_{n}>"
    validity = "".join(
        f"<{key}>{value!r}</{key}>" for key, value in scalars(record, first=first).items()
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><Dimap_Document><Metadata_Identification>"
        f"<METADATA_FORMAT version='2.0'>DIMAP</METADATA_FORMAT>"
        f"<METADATA_PROFILE>{profile}</METADATA_PROFILE></Metadata_Identification>"
        f"<Rational_Function_Model><Global_RFM><{names[1]}>{direct}</{names[1]}>"
        f"<{names[0]}>{inverse}</{names[0]}><RFM_Validity>{validity}</RFM_Validity>"
        "</Global_RFM></Rational_Function_Model></Dimap_Document>"
    )


def geom(record: RpcRecord = RECORD, order: str = "B", **adjustment: float) -> str:
    """.geom of OSSIM; an adjustment is written as parameter × sigma."""
    lines = [f"{key.lower()}:  {value!r}" for key, value in scalars(record).items()]
    lines += ["bias_error:  1.5", "rand_error:  0.5", f"polynomial_format:  {order}"]
    for key, name in LISTS.items():
        lines += [
            f"{key.lower()}_{n:02}:  {value!r}" for n, value in enumerate(getattr(record, name))
        ]
    lines.append("current_adjustment:  0")
    for n, (name, value) in enumerate(adjustment.items()):
        start = f"adjustment_0.adj_param_{n}."
        lines += [f"{start}center:  0", f"{start}description:  {name}"]
        lines += [f"{start}parameter:  {value / 50!r}", f"{start}sigma:  50"]
    return "\n".join(lines)


def nitf(coefficients: dict[str, list[float]]) -> str:
    """RPC00A or RPC00B of NITF: 1041 characters; rounded to the few digits that have room."""
    head = "1" + "0001.50" + "0000.50" + "012000" + "10000" + "+44.1000" + "+005.2800" + "+1075"
    head += "012000" + "10000" + "+00.0600" + "+000.0650" + "+0885"
    for key in LISTS:
        for value in coefficients[key]:
            digits, _, power = f"{value:+.6E}".partition("E")
            head += f"{digits}E{int(power):+d}"
    return head
