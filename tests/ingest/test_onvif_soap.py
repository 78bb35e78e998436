from contextlib import suppress
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.onvif_soap import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    SoapFault,
    camera_time_us,
    envelope,
    find,
    leaf,
    precise_time_us,
    printable,
    read_body,
    read_xml,
    username_token,
)
from ingest.simulator.onvif_auth import Gate
from ingest.simulator.onvif_soap import read_xml as camera_reads
from tests.fakes import T0_US
from tests.ingest.scripted_camera import SOAP_END, SOAP_START
from vms.errors import ProtocolError
from vms.units import us_from_utc

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%s;" % (b"" if i == 1 else b"%d" % (i - 1)) * 10) for i in range(1, 9))
    + b"]><b>&a8;</b>"
)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"HTTP is not XML",
        b"<a><b></a>",
        b"<a>\xff\xfe</a>",
        BOMB,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1/">]><a>&x;</a>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" * 1_000_000,
        b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>",
        b"<?xml version='1.0' encoding='utf-7'?><a/>",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
    ],
)
def test_hostile_xml_is_refused(document: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_xml(document)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_a_protocol_error(document: bytes) -> None:
    for candidate in (document, SOAP_START + document + SOAP_END):
        with suppress(ProtocolError):
            read_body(candidate)


def test_it_reads_what_the_standard_library_reads() -> None:
    document = b'<a xmlns="u:1" xmlns:p="u:2"><p:b p:c="1" d="2">t<!-- no --><e/>tail</p:b></a>'
    assert ElementTree.tostring(read_xml(document)) == ElementTree.tostring(ElementTree.fromstring(document))


def test_a_fault_tells_its_codes_and_a_printable_reason() -> None:
    text = (
        b"<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
        b"<SOAP-ENV:Value>ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason>"
        b"<SOAP-ENV:Text>go\n away\xe2\x80\xae</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>"
    )
    with pytest.raises(SoapFault) as caught:
        read_body(SOAP_START + text + SOAP_END)
    assert caught.value.is_not_authorized
    assert str(caught.value) == "the camera answered: go away"


def test_values_are_escaped_into_requests() -> None:
    request = envelope(leaf("tptz:PresetToken", "</tptz:PresetToken><evil/>&"))("")
    content = find(read_xml(request), "Body", "PresetToken")
    assert content is not None
    assert content.text == "</tptz:PresetToken><evil/>&"


@pytest.mark.parametrize("offset_us", [-3_600_000_000, 0, 3_600_000_000])
def test_a_username_token_convinces_a_camera_with_that_clock(offset_us: int) -> None:
    token = username_token("vms", "geheim", T0_US + offset_us)
    request = camera_reads(envelope("<tds:GetServices/>")(token))
    assert Gate("vms", "geheim").admits_token(request, T0_US + offset_us)
    assert not Gate("vms", "other").admits_token(request, T0_US + offset_us)
    assert b"geheim" not in token.encode()


def test_control_and_direction_characters_never_reach_a_terminal() -> None:
    assert printable("a\x1b[31m\u202eb\n\tc\x00", 20) == "a [31m b c"
    assert len(printable("x" * 10_000)) == 100


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("2026-11-18T11:06:40.250Z", T0_US + 250_000),
        ("2026-11-18T11:06:40.250", T0_US + 250_000),
        ("2026-11-18T12:06:40.250+01:00", T0_US + 250_000),
        ("2026-11-18T11:06:40.123456789Z", T0_US + 123_456),
        ("2026-11-18T11:06:40Z", None),
        ("2026-13-18T11:06:40.5Z", None),
        ("", None),
        ("1" * 50, None),
    ],
)
def test_only_times_with_a_fraction_date_a_pose(text: str, expected_us: int | None) -> None:
    assert precise_time_us(text) == expected_us


def _time_answer(year: str = "2026", second: str = "40") -> bytes:
    return (
        b"<tds:R><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time><tt:Hour>11</tt:Hour><tt:Minute>6</tt:Minute>"
        b"<tt:Second>%s</tt:Second></tt:Time><tt:Date><tt:Year>%s</tt:Year><tt:Month>11</tt:Month><tt:Day>18</tt:Day>"
        b"</tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:R>" % (second.encode(), year.encode())
    )


def test_the_cameras_time_is_read_and_nonsense_refused() -> None:
    def read(answer: bytes) -> int:
        return camera_time_us(read_body(SOAP_START + answer + SOAP_END))

    assert read(_time_answer()) == T0_US
    assert read(_time_answer(second="60")) == us_from_utc(datetime(2026, 11, 18, 11, 6, 59, tzinfo=UTC))
    for nonsense in ("", "0", "99999999999", "9999", "1969", "２０２６x", "nan"):
        with pytest.raises(ProtocolError):
            read(_time_answer(year=nonsense))
