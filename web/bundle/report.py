"""The manifest of an export for reading: A4, in Dutch."""

from collections.abc import Iterator, Mapping
from typing import Any

from vms.units import utc_from_us
from web.bundle.paper import Paper

_PICTURES = {
    "painted": "gemaskeerd, opnieuw gecodeerd",
    "original": "oorspronkelijk; geen masker nodig",
    "lifted": "oorspronkelijk; masker gelicht door een tweede persoon",
}
_MAX_ROWS = 200
"""Of one list; the manifest itself has them all."""


def report_pdf(content: Mapping[str, Any], key_id: str) -> bytes:
    pdf = Paper(content["site"], _MAX_ROWS)
    pdf.set_title("Manifest van een export")
    pdf.set_creation_date(utc_from_us(content["made_us"]))
    pdf.add_page()
    pdf.heading("Export van camerabeelden", 16)
    pdf.facts([*_asked(content), ("Kenmerk sleutel", key_id)])
    for video in content["videos"]:
        pdf.heading(f"Camera {video['number']} {video['name']}", 13)
        pdf.facts(_video(video))
        pdf.listing("Onderbrekingen", _gaps(video), "geen")
        pdf.listing("Maskers van kracht", _masks(video), "geen")
        pdf.listing("Opnamen (begin UTC, SHA-256)", _segments(video), "geen")
    return bytes(pdf.output())


def _asked(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Zaaknummer", content["case_number"]),
        ("Grondslag", content["legal_basis"]),
        ("Aanvrager", ", ".join(one for one in (content["requester"], content["organisation"]) if one)),
        ("Ontvanger", content["recipient"]),
        ("Goedgekeurd door", content["approver"]),
        ("Gemaakt door", content["made_by"]),
        ("Gemaakt op", content["made_local"]),
        ("Van", f"{content['from_local']} ({_utc(content['from_us'])})"),
        ("Tot", f"{content['to_local']} ({_utc(content['to_us'])})"),
        ("Watermerk", content["watermark"] or "geen"),
        ("Export", content["id"]),
        ("Software", content["software"]),
    ]


def _video(video: Mapping[str, Any]) -> list[tuple[str, str]]:
    skew = video["skew_ms"]
    return [
        ("Bestand", video["file"]),
        ("SHA-256", video["sha256"]),
        ("Bytes", str(video["bytes"])),
        ("Eerste beeld", f"{video['start_local']} ({_utc(video['start_us'])})"),
        ("Beelden", f"{_PICTURES[video['pictures']]}; {video['codec']}, {video['width']}x{video['height']}"),
        ("Afwijking cameraklok", f"{skew['min']} tot {skew['max']} ms" if skew else "onbekend"),
    ]


def _gaps(video: Mapping[str, Any]) -> Iterator[str]:
    for gap in video["gaps"]:
        yield f"{gap['local'][0]} tot {gap['local'][1]}: {gap['reason']} {gap['detail']}".rstrip()


def _masks(video: Mapping[str, Any]) -> Iterator[str]:
    for one in video["masks"]:
        names = ", ".join(one["masks"]) or "zonder masker"
        people = f"{one['author']}, {one['approver']}"
        yield f"versie {one['version']} vanaf {_utc(one['valid_from_us'])}: {names} ({people})"


def _segments(video: Mapping[str, Any]) -> Iterator[str]:
    for segment in video["segments"]:
        yield f"{_utc(segment['start_us'])} {segment['sha256']}"


def _utc(at_us: int) -> str:
    return f"{utc_from_us(at_us):%Y-%m-%d %H:%M:%S} UTC"
