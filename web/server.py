"""`run_web(config, stop)`: the web process from its socket to its end."""

import ipaddress
import json
import logging
import socket
import ssl
import threading
from pathlib import Path

import uvicorn

from vms.clock import SystemClock
from vms.config import SiteConfig, Web
from vms.errors import ConfigError
from vms.store import Store
from web.app import create_app
from web.patient_http import PatientProtocol
from web.tls_files import read_certificate

log = logging.getLogger(__name__)

ADDRESS_FILE = "web.json"
"""In run_dir: {"url"}. With port 0 the only place that tells which one it became."""
_STOP_WITHIN_S = 3
_MAX_CONNECTIONS = 1000
"""Of all addresses together; more get 503."""


def run_web(config: SiteConfig, stop: threading.Event) -> None:
    """Serve until stop is set. Raises ConfigError: no TLS off localhost, unusable TLS files, address taken."""
    check_tls(config.web)
    listener = _listen(config.web)
    store = Store(config.database_url)
    try:
        app = create_app(config, store, SystemClock(), on_broken=stop.set)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=PatientProtocol,
                limit_concurrency=_MAX_CONNECTIONS,
                ws="websockets-sansio",
                ws_max_size=4096,
                ws_ping_interval=15,
                ws_ping_timeout=15,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                h11_max_incomplete_event_size=32 * 1024,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=_STOP_WITHIN_S,
                ssl_certfile=config.web.tls_cert_file,
                ssl_keyfile=config.web.tls_key_file,
            )
        )
        _announce(config, listener)
        _warn_of_trials(config.web)
        watcher = threading.Thread(target=_end_when_told, args=(server, stop), name="web-stop", daemon=True)
        watcher.start()
        server.run(sockets=[listener])
        stop.set()
        watcher.join(timeout=_STOP_WITHIN_S)
    finally:
        listener.close()
        store.close()
        (config.run_dir / ADDRESS_FILE).unlink(missing_ok=True)


def check_tls(web: Web) -> None:
    """Raises ConfigError when browsers off this machine could connect without TLS, or the files do not fit."""
    if web.tls_cert_file is None or web.tls_key_file is None:
        if not _is_loopback(web.host):
            raise ConfigError(
                [
                    f"web.listen: {web.listen} can be reached from the network, so TLS is required: "
                    "set web.tls_cert_file and web.tls_key_file, or listen on 127.0.0.1"
                ]
            )
        return
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(web.tls_cert_file, web.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            [f"web.tls_cert_file, web.tls_key_file: {error}; give a PEM certificate chain and its private key"]
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(web: Web) -> socket.socket:
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((web.host, web.port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise ConfigError(
            [f"web.listen: cannot listen on {web.listen}: {error.strerror}; choose another address or port"]
        ) from error
    return listener


def _announce(config: SiteConfig, listener: socket.socket) -> None:
    scheme = "https" if config.web.tls_cert_file else "http"
    host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
    url = f"{scheme}://{host}:{listener.getsockname()[1]}"
    config.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path: Path = config.run_dir / ADDRESS_FILE
    written = path.with_suffix(".new")
    written.write_text(json.dumps({"url": url}), encoding="utf-8")
    written.replace(path)
    log.info("web_listening", extra={"url": url})


def _warn_of_trials(web: Web) -> None:
    """What is fine to try the system with, and not for a real one."""
    certificate = read_certificate(web)
    if certificate is not None and certificate.is_self_signed:
        log.warning(
            "tls_self_signed", extra={"file": str(web.tls_cert_file), "ends_at": certificate.ends_at.isoformat()}
        )
    if web.second_factor == "off":
        log.warning("second_factor_off", extra={"fix": 'leave web.second_factor out, or set it to "required"'})


def _end_when_told(server: uvicorn.Server, stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True
