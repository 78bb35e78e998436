"""The web process itself: what it refuses to start with, TLS, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.web.served_site import eventually
from vms.config import load_config
from vms.errors import ConfigError
from vms.store import Store
from web.server import ADDRESS_FILE, run_web


def config_file(directory: Path, web: str) -> Path:
    path = directory / "site.toml"
    camera = '[[cameras]]\nid = "a"\nnumber = 1\nname = "A"\nmain = "rtsp://127.0.0.1:9/a"\n'
    path.write_text(f'[site]\nname = "Venlo"\ndata_dir = "d"\n[web]\n{web}\n{camera}', encoding="utf-8")
    store = Store(f"sqlite:///{directory / 'd' / 'uitkijk.db'}")
    store.migrate()
    store.close()
    return path


def refusal(directory: Path, web: str) -> str:
    """The one problem that run_web ends with, at once."""
    config = load_config(config_file(directory, web))
    with pytest.raises(ConfigError) as refused:
        run_web(config, threading.Event())
    [problem] = refused.value.problems
    return problem


def certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "cert.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(pem)


@contextmanager
def running(directory: Path, web: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    path = config_file(directory, web)
    command = [sys.executable, "-m", "web", "--config", str(path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            address = directory / "d" / "run" / ADDRESS_FILE
            eventually(address.exists, timeout_s=20)
            yield process, json.loads(address.read_text(encoding="utf-8"))["url"]
        finally:
            process.kill()


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"])
def test_the_network_needs_tls(tmp_path: Path, listen: str) -> None:
    line = refusal(tmp_path, f'listen = "{listen}"')
    assert listen in line
    assert "tls_cert_file" in line


def test_a_refusal_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = config_file(tmp_path, 'listen = "0.0.0.0:0"')
    command = [sys.executable, "-m", "web", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "TLS is required" in line


def test_a_key_that_does_not_fit_is_named(tmp_path: Path) -> None:
    certificate(tmp_path)
    (tmp_path / "key.pem").write_text("not a key", encoding="utf-8")
    line = refusal(tmp_path, 'listen = "127.0.0.1:0"\ntls_cert_file = "cert.pem"\ntls_key_file = "key.pem"')
    assert line.startswith("web.tls_cert_file, web.tls_key_file:")


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refusal(tmp_path, f'listen = "{address}"').startswith(f"web.listen: cannot listen on {address}")


def test_it_serves_tls_and_stops_cleanly_when_told(tmp_path: Path) -> None:
    certificate(tmp_path)
    web = 'listen = "localhost:0"\ntls_cert_file = "cert.pem"\ntls_key_file = "key.pem"'
    with running(tmp_path, web) as (process, url):
        assert url.startswith("https://localhost:")
        import ssl

        trusted = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        with httpx.Client(verify=trusted, trust_env=False) as client:
            answer = eventually(lambda: client.get(f"{url}/healthz"))
            assert "strict-transport-security" not in answer.headers  # nobody would get past its warning any more
        began_s = time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=8) == 0
        assert time.monotonic() - began_s < 5
    assert not (tmp_path / "d" / "run" / ADDRESS_FILE).exists()
