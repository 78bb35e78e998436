"""Hostile and broken requests cost a simulated camera little, and never an answer to a later client."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from ingest.simulator.http_port import MAX_BODY_BYTES, MAX_CONNECTIONS
from ingest.simulator.onvif_soap import (
    MAX_DEPTH,
    MAX_ELEMENTS,
    SoapFault,
    XmlRefused,
    duration_s,
    envelope,
    leaf,
    number,
    read_xml,
)
from tests.ingest.simulator.sim_street import SimStreet

LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'.encode() for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + b"]><x>&i;</x>"
)
GOOD = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b'<GetSystemDateAndTime xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)


@pytest.fixture(scope="module")
def street() -> Iterator[SimStreet]:
    with SimStreet().running() as street:
        yield street


@pytest.fixture(autouse=True)
def _still_serves(street: SimStreet) -> Iterator[None]:
    yield
    assert httpx.post(street.url(street.ptz), content=GOOD).status_code == 200


def exchange(street: SimStreet, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", street.port(street.ptz)), timeout=5) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while received := client.recv(65536):
            answer += received
    return answer


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1/"> %e;]><x/>',
        b"<a>" * (MAX_DEPTH + 1) + b"</a>" * (MAX_DEPTH + 1),
        b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>",
        b"<a><b></a>",
        b"<a>&undefined;</a>",
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b"\xff\xfe\xff",
        b"",
    ],
)
def test_hostile_xml_is_refused_with_a_fault_and_at_once(street: SimStreet, document: bytes) -> None:
    with pytest.raises(XmlRefused):
        read_xml(document)
    began_s = time.monotonic()
    answer = httpx.post(street.url(street.ptz), content=document)
    assert time.monotonic() - began_s < 1.0
    assert answer.status_code == 400
    fault = read_xml(answer.content).find("Body", "Fault")
    assert fault is not None
    assert fault.text_of("Code", "Subcode", "Value") == "ter:WellFormed"


def test_a_body_of_two_megabytes_is_refused_before_it_is_read(street: SimStreet) -> None:
    head = b"POST /onvif/device_service HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n"
    assert exchange(street, head).startswith(b"HTTP/1.1 413 ")
    assert len(GOOD) < MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET\r\n\r\n", b"400"),
        (b"GET http://elsewhere/ HTTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"GET / HTTP/1.1\r\nBad Header\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET /onvif/../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n", b"404"),
        (b"GET /onvif/device_service HTTP/1.1\r\nConnection: close\r\n\r\n", b"405"),
    ],
)
def test_broken_http_gets_its_status(street: SimStreet, sent: bytes, status: bytes) -> None:
    assert exchange(street, sent).split(b" ")[1] == status


def test_half_a_request_gets_no_answer(street: SimStreet) -> None:
    assert exchange(street, b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc") == b""


def test_connections_beyond_the_bound_are_dropped_and_others_live(street: SimStreet) -> None:
    idle = [
        socket.create_connection(("127.0.0.1", street.port(street.fixed)), timeout=5) for _ in range(MAX_CONNECTIONS)
    ]
    try:
        with pytest.raises(httpx.TransportError):
            httpx.post(street.url(street.fixed), content=GOOD)
        idle[0].sendall(b"GET /nowhere HTTP/1.1\r\n\r\n")
        assert idle[0].recv(100).startswith(b"HTTP/1.1 404 ")
    finally:
        for client in idle:
            client.close()


@pytest.mark.parametrize(
    ("document", "subcode"),
    [
        (GOOD.replace(b"GetSystemDateAndTime", b"FormatDisk"), "ter:ActionNotSupported"),
        (GOOD.replace(b"ver10/device", b"ver10/doorbell"), "ter:UnknownAction"),
        (GOOD.replace(b"2003/05/soap-envelope", b"1999/soap"), None),
        (b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>', "ter:WellFormed"),
    ],
)
def test_unknown_actions_get_a_soap_fault(street: SimStreet, document: bytes, subcode: str | None) -> None:
    answer = httpx.post(street.url(street.ptz), content=document)
    assert answer.status_code in (400, 500)
    fault = read_xml(answer.content).find("Body", "Fault")
    assert fault is not None
    assert fault.text_of("Code", "Subcode", "Value") == subcode
    assert fault.text_of("Reason", "Text")


def test_what_is_written_reads_back_also_with_markup_in_it() -> None:
    read = read_xml(envelope(leaf("tt:Name", "Jan & <Piet> ]]>"))).find("Body", "Name")
    assert read is not None
    assert read.text == "Jan & <Piet> ]]>"
    assert read.namespace == "http://www.onvif.org/ver10/schema"


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT1S", 1), ("PT1.5S", 1.5), ("PT1M0.25S", 60.25), ("P0Y0M0DT0H0M2.000S", 2), ("P1D", 86400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1", "PT-1S", "-PT1S", "P1Y", "PT1S ", "PTinfS", "PT" + "9" * 40 + "S"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(SoapFault):
        duration_s(text)


@pytest.mark.parametrize("text", [None, "", "nan", "inf", "1e400", "0x1", "1 2", "--1"])
def test_no_numbers(text: str | None) -> None:
    with pytest.raises(SoapFault):
        number(text, "x")
