"""Targets for the XML that cameras send: SOAP answers, faults, times, positions, profiles, discovery."""

import contextlib
import math

from ingest.discovery import probe_message, read_probe_matches
from ingest.onvif_media2 import read_profiles, stream_uri
from ingest.onvif_soap import (
    DEVICE,
    GET_SYSTEM_DATE_AND_TIME,
    MEDIA_2,
    PTZ,
    SCHEMA,
    SOAP,
    SoapFault,
    camera_time_us,
    envelope,
    read_body,
)
from ingest.ptz_messages import MAX_PRESETS, read_pose, read_presets, read_saved_preset
from tools.fuzz.target import Target, holds
from vms.errors import ProtocolError
from vms.units import CameraId

_YEAR_2200_US = 7_258_118_400_000_000
_ASKED = frozenset({"urn:uuid:ours"})


def soap(data: bytes) -> None:
    """Every reader gets the same answer: what is no answer to its question is a ProtocolError, or nothing."""
    try:
        body = read_body(data)
    except SoapFault as fault:
        holds(str(fault).isprintable() and len(str(fault)) < 300, "a fault's reason fits a log line")
        return
    except ProtocolError:
        return
    with contextlib.suppress(ProtocolError):
        holds(0 <= camera_time_us(body) < _YEAR_2200_US, "a camera's time is possible")
    with contextlib.suppress(ProtocolError):
        pose = read_pose(body, CameraId("fuzz"), 0)
        holds(-1 <= pose.pan <= 1 and -1 <= pose.tilt <= 1 and 0 <= pose.zoom <= 1, "a pose is in its space")
    with contextlib.suppress(ProtocolError):
        presets = read_presets(body)
        holds(len(presets) <= MAX_PRESETS and all(one.name.isprintable() for one in presets), "presets are bounded")
    with contextlib.suppress(ProtocolError):
        read_saved_preset(body, "x")
    with contextlib.suppress(ProtocolError):
        profiles = read_profiles(lambda _: body)
        holds(all(math.isfinite(one.pixels) and one.pixels >= 0 for one in profiles), "a profile has a size")
    with contextlib.suppress(ProtocolError):
        stream_uri(lambda _: body, "token")


def discovery(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        for found in read_probe_matches(data, "192.0.2.1", _ASKED):
            texts = (found.endpoint_reference, found.name, found.hardware, *found.xaddrs, *found.scopes)
            holds(all(text.isprintable() for text in texts), "what a device says of itself can be printed")
            holds(all(xaddr.startswith(("http:", "https:")) for xaddr in map(str.lower, found.xaddrs)), "only http")
            holds(set(found.foreign_xaddrs) <= set(found.xaddrs), "foreign addresses are among its own")


def _answer(content: str) -> bytes:
    names = f'xmlns:s="{SOAP}" xmlns:tds="{DEVICE}" xmlns:tt="{SCHEMA}" xmlns:tptz="{PTZ}" xmlns:tr2="{MEDIA_2}"'
    return f'<?xml version="1.0"?><s:Envelope {names}><s:Body>{content}</s:Body></s:Envelope>'.encode()


def _soap_seeds() -> list[bytes]:
    time = (
        "<tt:Time><tt:Hour>11</tt:Hour><tt:Minute>6</tt:Minute><tt:Second>40</tt:Second></tt:Time>"
        "<tt:Date><tt:Year>2026</tt:Year><tt:Month>11</tt:Month><tt:Day>18</tt:Day></tt:Date>"
    )
    status = (
        '<tt:Position><tt:PanTilt x="0.5" y="-0.25"/><tt:Zoom x="0.1"/></tt:Position><tt:MoveStatus><tt:PanTilt>IDLE'
        "</tt:PanTilt><tt:Zoom>MOVING</tt:Zoom></tt:MoveStatus><tt:UtcTime>2026-11-18T11:06:40.25Z</tt:UtcTime>"
    )
    encoder = (
        '<tr2:VideoEncoder token="e" GovLength="50"><tt:Encoding>H265</tt:Encoding><tt:Resolution><tt:Width>1920'
        "</tt:Width><tt:Height>1080</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>25"
        "</tt:FrameRateLimit></tt:RateControl></tr2:VideoEncoder>"
    )
    preset = '<tptz:Preset token="1"><tt:Name>Terras</tt:Name></tptz:Preset>'
    configurations = f"<tr2:Configurations>{encoder}</tr2:Configurations>"
    profile = f'<tr2:Profiles token="p"><tr2:Name>a</tr2:Name>{configurations}</tr2:Profiles>'
    fault = "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>"
    return [
        _answer(
            f"<tds:R><tds:SystemDateAndTime><tt:UTCDateTime>{time}</tt:UTCDateTime></tds:SystemDateAndTime></tds:R>"
        ),
        _answer(f"<tptz:GetStatusResponse><tptz:PTZStatus>{status}</tptz:PTZStatus></tptz:GetStatusResponse>"),
        _answer(f"<tptz:GetPresetsResponse>{preset}</tptz:GetPresetsResponse>"),
        _answer(f"<tr2:GetProfilesResponse>{profile}</tr2:GetProfilesResponse>"),
        _answer(f"<s:Fault>{fault}<s:Reason><s:Text>go away</s:Text></s:Reason></s:Fault>"),
        _answer("<tr2:GetStreamUriResponse><tr2:Uri>rtsp://192.0.2.1/x</tr2:Uri></tr2:GetStreamUriResponse>"),
        GET_SYSTEM_DATE_AND_TIME(""),
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    ]


def _discovery_seeds() -> list[bytes]:
    match = (
        "<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Scopes>"
        "onvif://www.onvif.org/name/Oude%20Markt onvif://www.onvif.org/hardware/D1</d:Scopes>"
        "<d:XAddrs>http://192.0.2.1/onvif/device_service http://[fd00::1]/x</d:XAddrs></d:ProbeMatch>"
    )
    names = f'xmlns:s="{SOAP}" xmlns:a="urn:a" xmlns:d="urn:d"'
    head = "<s:Header><a:RelatesTo>urn:uuid:ours</a:RelatesTo></s:Header>"

    def answer(matches: str) -> bytes:
        body = f"<s:Body><d:ProbeMatches>{matches}</d:ProbeMatches></s:Body>"
        return f"<s:Envelope {names}>{head}{body}</s:Envelope>".encode()

    return [answer(match), answer(match * 3), answer(""), probe_message("urn:uuid:ours", ""), envelope("<a/>")("")]


DOCUMENTS = {"soap": Target(soap, _soap_seeds), "discovery": Target(discovery, _discovery_seeds)}
