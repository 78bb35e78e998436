import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ingest import discovery
from ingest.discovery import GROUP, discover, probe_message, read_probe_matches
from ingest.simulator.discovery import DiscoveryResponder
from ingest.simulator.mechanics import FixedHead
from ingest.simulator.model import SimCamera
from ingest.simulator.onvif_device import endpoint_uuid
from tests.ingest.onvif_street import SPEC
from vms.errors import ProtocolError

ASKED = frozenset({"urn:uuid:ours"})


def answer(*matches: str, relates_to: str = "urn:uuid:ours", reference: str = "urn:uuid:1", prefix: str = "") -> bytes:
    content = "".join(matches) or match(reference)
    return (
        f"{prefix}<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'"
        " xmlns:a='http://schemas.xmlsoap.org/ws/2004/08/addressing'"
        " xmlns:d='http://schemas.xmlsoap.org/ws/2005/04/discovery'><s:Header>"
        f"<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches>{content}</d:ProbeMatches>"
        "</s:Body></s:Envelope>"
    ).encode()


def match(reference: str = "urn:uuid:1", xaddrs: str = "http://10.0.0.9/onvif/device_service", scopes: str = "") -> str:
    return (
        f"<d:ProbeMatch><a:EndpointReference><a:Address>{reference}</a:Address></a:EndpointReference>"
        f"<d:Scopes>{scopes}</d:Scopes><d:XAddrs>{xaddrs}</d:XAddrs></d:ProbeMatch>"
    )


def test_a_match_tells_name_hardware_and_addresses() -> None:
    scopes = "onvif://www.onvif.org/name/Oude%20Markt onvif://www.onvif.org/hardware/D1-566 odd:scope"
    (found,) = read_probe_matches(answer(match(scopes=scopes)), "10.0.0.9", ASKED)
    assert (found.name, found.hardware, found.address) == ("Oude Markt", "D1-566", "10.0.0.9")
    assert found.xaddrs == ("http://10.0.0.9/onvif/device_service",)
    assert found.foreign_xaddrs == ()


def test_an_answer_to_somebody_else_is_not_ours() -> None:
    assert read_probe_matches(answer(relates_to="urn:uuid:theirs"), "10.0.0.9", ASKED) == []
    assert read_probe_matches(probe_message("urn:uuid:ours", ""), "10.0.0.9", ASKED) == []


def test_addresses_that_are_none_are_dropped_and_foreign_ones_marked() -> None:
    xaddrs = "file:///etc/passwd javascript:alert(1) http://[::1 http://169.254.169.254/latest http://10.0.0.9/x"
    (found,) = read_probe_matches(answer(match(xaddrs=xaddrs)), "10.0.0.9", ASKED)
    assert found.xaddrs == ("http://169.254.169.254/latest", "http://10.0.0.9/x")
    assert found.foreign_xaddrs == ("http://169.254.169.254/latest",)


def test_names_cannot_carry_escape_sequences_to_a_terminal() -> None:
    (found,) = read_probe_matches(answer(match(scopes="onvif://www.onvif.org/name/a%1b%5b31mb%e2%80%ae")), "x", ASKED)
    assert found.name == "a [31mb"


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xff" * 100,
        answer(prefix='<!DOCTYPE x [<!ENTITY a "b">]>'),
        b"<a>" * 20_000,
        answer(match(reference="", xaddrs="")),
        answer(match(xaddrs="http://10.0.0.9/ " * 2000)),
    ],
)
def test_hostile_datagrams_are_refused(datagram: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_probe_matches(datagram, "10.0.0.9", ASKED)


@contextmanager
def responder(*camera_ids: str) -> Iterator[None]:
    cameras = {name: SimCamera(spec, FixedHead(spec)) for name in camera_ids for spec in [replace(SPEC, id=name)]}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    street = DiscoveryResponder(cameras, "127.0.0.1", lambda _name, host: f"http://{host}:1/onvif/device_service")
    try:
        asyncio.run_coroutine_threadsafe(street.start(), loop).result(5)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(street.stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def test_cameras_on_the_network_are_found_once_each() -> None:
    ids = [f"discovered-{number}" for number in range(20)]
    with responder(*ids):
        found = discover(1.2)
    expected = {f"urn:uuid:{endpoint_uuid(name)}" for name in ids}
    ours = [camera for camera in found if camera.endpoint_reference in expected]
    assert len(ours) == len(expected)
    assert all(camera.name == "Markt" for camera in ours)


@contextmanager
def talker(*datagrams: bytes) -> Iterator[tuple[str, int]]:
    """Answers each question with these; ID is replaced by the question's own id."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)
        stopping = threading.Event()

        def run() -> None:
            while not stopping.is_set():
                try:
                    question, sender = server.recvfrom(65_535)
                except TimeoutError:
                    continue
                message_id = question.partition(b"<a:MessageID>")[2].partition(b"<")[0]
                for datagram in datagrams:
                    server.sendto(datagram.replace(b"ID", message_id), sender)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server.getsockname()
        finally:
            stopping.set()
            thread.join(5)


def test_an_address_can_be_asked_directly_and_nonsense_in_between_costs_nothing() -> None:
    good = answer(relates_to="ID", reference="urn:uuid:direct")
    with talker(b"nonsense", b"<a>" * 10_000, good) as address:
        (found,) = discover(0.4, targets=(address,))
    assert (found.endpoint_reference, found.address) == ("urn:uuid:direct", "127.0.0.1")


def test_a_flood_is_bounded_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_FOUND", 5)
    flood = [answer(relates_to="ID", reference=f"urn:uuid:{number}") for number in range(100)]
    started_s = time.monotonic()
    with talker(*flood) as address:
        found = discover(3.0, targets=(address,))
    assert len(found) == 5
    assert time.monotonic() - started_s < 2


def test_nobody_there_is_an_empty_list_in_time() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()
    started_s = time.monotonic()
    assert discover(0.4, targets=(nobody,)) == []
    assert time.monotonic() - started_s < 1.5
    assert GROUP == ("239.255.255.250", 3702)
