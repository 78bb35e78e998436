"""rtsps:// with a certificate authority of the site's own, and with every certificate that must not pass."""

import datetime
import ipaddress
import ssl
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ingest.libav_source import LibavFeed
from ingest.rtsp_connection import tls_context
from tests.ingest.rtp_script import encoded, framed, picture_packets
from tests.ingest.scripted_rtsp import RtspCamera, demanding, media, ok, rtsp_camera
from tests.ingest.test_rtsp_session import open_session, playing, read_units, source_of
from vms.clock import SystemClock
from vms.errors import CameraUnreachable, ConfigError, ProtocolError

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """Signs certificates of cameras. `pem`: what the site configures as tls_ca_file."""

    directory: Path
    pem: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    def camera(self, address="127.0.0.1", until=NOW + DAY, **fields) -> RtspCamera:
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            builder("camera", self.name, key, until)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.directory / f"camera-{made.serial_number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return RtspCamera(tls=context, **fields)


def builder(name, issuer, key, until):
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 3 * DAY)
        .not_valid_after(until)
    )


def named(name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    key, name = ec.generate_private_key(ec.SECP256R1()), named("Gemeente Voorbeeld cameras")
    made = (
        builder("Gemeente Voorbeeld cameras", name, key, NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "ca.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Authority(directory, pem, key, name)


def test_the_sites_own_authority_is_trusted_and_carries_large_reads_and_basic(authority):
    camera = authority.camera(media=media(100), answers={"OPTIONS": demanding('Basic realm="cam"')})
    with playing(camera, ca_file=authority.pem) as session:
        units, _ = read_units(session, 100)
    assert len(units) == 100
    assert camera.asked[1].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("certificate", "trusted", "says"),
    [
        ({}, False, "unable to get local issuer certificate"),
        ({"until": NOW - DAY}, True, "certificate has expired"),
        ({"address": "127.0.0.2"}, True, "IP address mismatch"),
    ],
)
def test_a_certificate_that_is_not_good_ends_before_any_request_and_says_what_to_do(
    authority, certificate, trusted, says
):
    camera = authority.camera(**certificate)
    with rtsp_camera(camera), pytest.raises(CameraUnreachable, match=f"certificate refused: .*{says}.*tls_ca_file"):
        open_session(camera, ca_file=authority.pem if trusted else None)
    assert camera.asked == []


def test_no_redirect_leads_out_of_tls(authority):
    camera = authority.camera()
    camera.answers["DESCRIBE"] = lambda asked: ok(asked, f"Location: rtsp://127.0.0.1:{camera.port}/", status="302 M")
    with rtsp_camera(camera), pytest.raises(ProtocolError, match="from rtsps to rtsp"):
        open_session(camera, ca_file=authority.pem)


def test_a_camera_without_tls_where_it_should_be_is_no_camera(authority):
    camera = RtspCamera()
    with rtsp_camera(camera), pytest.raises(CameraUnreachable, match=r"TLS|closed|no answer"):
        open_session(camera, url=camera.url.replace("rtsp:", "rtsps:"), ca_file=authority.pem)


@pytest.mark.parametrize("content", [None, "", "geen certificaat"])
def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"tls_ca_file .*ca\.pem: no readable PEM"):
        tls_context(path)
    with pytest.raises(ConfigError, match=r"tls_ca_file .*ca\.pem: no readable PEM"):
        open_libav(RtspCamera(tls=ssl.create_default_context(), port=9), ca_file=path)


def open_libav(camera, **changes):
    return LibavFeed.open(source_of(camera, transport="libav", **changes), SystemClock(), threading.Event())


def test_libav_trusts_the_sites_own_authority_too(authority):
    frames, sequence = [], 0
    for n, nals in enumerate(encoded("h264", 40)):
        packets = picture_packets("h264", nals, sequence, n * 3600)
        sequence += len(packets)
        frames += [framed(0, packet) for packet in packets]
    camera = authority.camera(media=b"".join(frames))
    with rtsp_camera(camera), closing(open_libav(camera, ca_file=authority.pem)) as feed:
        assert feed.codec == "h264"
        assert feed.read().units


@pytest.mark.parametrize(
    ("certificate", "trusted"), [({}, False), ({"until": NOW - DAY}, True), ({"address": "127.0.0.2"}, True)]
)
def test_libav_refuses_a_certificate_that_is_not_good_before_any_request(authority, certificate, trusted):
    camera = authority.camera(**certificate)
    with rtsp_camera(camera), pytest.raises(CameraUnreachable, match="certificate refused"):
        open_libav(camera, ca_file=authority.pem if trusted else None)
    assert camera.asked == []
