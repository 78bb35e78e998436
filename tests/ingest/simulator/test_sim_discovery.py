"""WS-Discovery finds the simulated cameras: with a client from elsewhere, and probe by probe."""

import asyncio
import socket
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from wsdiscovery import QName, Scope
from wsdiscovery.discovery import ThreadedWSDiscovery

from ingest.simulator.discovery import GROUP, PORT, DiscoveryResponder
from ingest.simulator.onvif_device import endpoint_uuid
from ingest.simulator.onvif_soap import Element, read_xml
from tests.ingest.simulator.sim_street import SimStreet

VIDEO = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")


@pytest.fixture
def street() -> Iterator[SimStreet]:
    with SimStreet().running() as street:
        responder = DiscoveryResponder(street.cameras, "127.0.0.1", street.onvif.device_url)
        street.run(responder.start())
        yield street
        street.run(responder.stop())


def probe_xml(types: str | None = None, scopes: str | None = None, match_by: str = "") -> bytes:
    types_xml = f"<d:Types xmlns:t='urn:any'>{types}</d:Types>" if types is not None else ""
    scopes_xml = f"<d:Scopes {match_by}>{scopes}</d:Scopes>" if scopes is not None else ""
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
        f"<s:Header><a:MessageID>uuid:{uuid4()}</a:MessageID></s:Header>"
        f"<s:Body><d:Probe>{types_xml}{scopes_xml}</d:Probe></s:Body></s:Envelope>"
    ).encode()


def answers_to(*datagrams: bytes, wait_s: float = 0.4) -> list[Element]:
    """By multicast on the loopback interface, as the product's own tests do it; all within one wait."""
    answers = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        for datagram in datagrams:
            client.sendto(datagram, (GROUP, PORT))
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            client.settimeout(left_s)
            try:
                answers.append(read_xml(client.recv(65536)))
            except TimeoutError:
                break
    return answers


def probe_of(datagram: bytes) -> str:
    return read_xml(datagram).text_of("Header", "MessageID") or ""


def found_by_each(datagrams: list[bytes], street: SimStreet) -> list[set[str]]:
    """Ids of our cameras that answered each probe: other streets may run on this machine."""
    ids = {f"urn:uuid:{endpoint_uuid(camera_id)}": camera_id for camera_id in street.cameras}
    addresses = {street.url(camera): camera.spec.id for camera in street.cameras.values()}
    found: dict[str, set[str]] = {probe_of(datagram): set() for datagram in datagrams}
    for answer in answers_to(*datagrams):
        match = answer.find("Body", "ProbeMatches", "ProbeMatch")
        assert match is not None
        if (address := match.text_of("XAddrs")) in addresses:
            assert ids[match.text_of("EndpointReference", "Address") or ""] == addresses[address]
            found[answer.text_of("Header", "RelatesTo") or ""].add(addresses[address])
    return [*found.values()]


def found_by(datagram: bytes, street: SimStreet) -> set[str]:
    return found_by_each([datagram], street)[0]


def test_wsdiscovery_finds_every_camera_with_its_address_and_scopes(street: SimStreet) -> None:
    client = ThreadedWSDiscovery()
    client.start()
    try:
        found = {
            address: service
            for service in client.searchServices(types=[VIDEO], scopes=[Scope("onvif://www.onvif.org/")], timeout=1)
            for address in service.getXAddrs()
        }
    finally:
        client.stop()
    for camera in street.cameras.values():
        service = found[street.url(camera)]
        assert service.getEPR() == f"urn:uuid:{endpoint_uuid(camera.spec.id)}"
        scopes = [str(scope) for scope in service.getScopes()]
        assert f"onvif://www.onvif.org/name/{camera.spec.name}" in scopes
        assert ("onvif://www.onvif.org/type/ptz" in scopes) == camera.spec.ptz


def test_types_and_scopes_choose_who_answers(street: SimStreet) -> None:
    both = {"markt-01", "parade-02"}
    base = "onvif://www.onvif.org"
    exact = 'MatchBy="http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0"'
    expected = [
        *((probe_xml(types), both) for types in (None, "t:Device", "t:NetworkVideoTransmitter")),
        (probe_xml("t:Device t:NetworkVideoTransmitter"), both),
        (probe_xml("t:Printer"), set()),
        (probe_xml(scopes=f"{base}/type/ptz"), {"markt-01"}),
        (probe_xml(scopes=f"{base}/type {base}/Profile/"), both),
        (probe_xml(scopes=f"{base}/name/Mark"), set()),
        (probe_xml(scopes=f"{base}/name", match_by=exact), set()),
    ]
    assert found_by_each([probe for probe, _ in expected], street) == [ids for _, ids in expected]


def test_offline_and_hung_cameras_are_silent(street: SimStreet) -> None:
    street.ptz.faults.offline = True
    assert found_by(probe_xml(), street) == {"parade-02"}
    street.fixed.faults.hang = True
    assert found_by(probe_xml(), street) == set()


def test_answers_relate_to_their_probe(street: SimStreet) -> None:
    datagram = probe_xml()
    answers = answers_to(datagram)
    assert len(answers) >= 2
    assert {answer.text_of("Header", "RelatesTo") for answer in answers} == {probe_of(datagram)}


def test_everything_else_on_the_group_is_ignored(street: SimStreet) -> None:
    other = [
        b"",
        b"GET / HTTP/1.1",
        b'<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>',
        probe_xml().replace(b"Probe>", b"Resolve>"),
        probe_xml().replace(b"uuid:", b"u" * 300),
        probe_xml() + b" " * 9000,
    ]
    for datagram in other:
        assert answers_to(datagram, wait_s=0.1) == []
    probe = probe_xml()
    answers = answers_to(*other, probe)
    assert len(answers) >= 2
    assert {answer.text_of("Header", "RelatesTo") for answer in answers} == {probe_of(probe)}
    assert found_by(probe_xml(), street) == {"markt-01", "parade-02"}


def test_a_flood_of_probes_costs_a_bounded_number_of_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.simulator.discovery._MAX_PENDING_ANSWERS", 5)
    street = SimStreet()
    responder = DiscoveryResponder(street.cameras, "127.0.0.1", lambda _id, host: f"http://{host}/")

    async def flood() -> int:
        for _ in range(100):
            responder.datagram_received(probe_xml(), ("127.0.0.1", 9))
        pending = len(responder._pending)
        await responder.stop()
        return pending

    assert asyncio.run(flood()) == 5


def test_loopback_cameras_do_not_answer_another_machine() -> None:
    street = SimStreet()
    responder = DiscoveryResponder(street.cameras, "127.0.0.1", lambda _id, host: f"http://{host}/")

    async def ask(peer: str) -> int:
        responder.datagram_received(probe_xml(), (peer, 9))
        pending = len(responder._pending)
        await responder.stop()
        return pending

    assert asyncio.run(ask("127.0.0.1")) == 2
    assert asyncio.run(ask("127.0.0.99")) == 0
