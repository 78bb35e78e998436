"""`vms healthy`: for a container's health check or a monitor on the machine itself."""

import ssl

import httpx
import typer

from vms.cli.options import ConfigOption, JsonOption, answer, read_config
from vms.config import SiteConfig
from vms.process import running_pid

TIMEOUT_S = 4.0


def healthy(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say which processes of this data_dir run, and whether the pages answer. Exit code 1 when something is wrong."""
    site = read_config(config)
    captures = [f"capture-{group}" for group in range(len(site.capture_groups()))]
    names = [*captures, *site.live_names(), "web", "retention"]
    running = {name: running_pid(site.run_dir, name) is not None for name in names}
    pages = _pages_answer(site) if running["web"] else None
    lines = [f"{name}: {'runs' if is_running else 'does not run here'}" for name, is_running in running.items()]
    lines.append({True: "pages answer", False: "pages DO NOT answer", None: "no pages here"}[pages])
    answer({"processes": running, "pages": pages}, lines, as_json=as_json)
    if not any(running.values()) or pages is False:
        raise typer.Exit(1)


def _pages_answer(site: SiteConfig) -> bool:
    """Our own certificate may be for another name, so only here, towards ourselves, it is not checked."""
    scheme = "https" if site.web.tls_cert_file else "http"
    host = "127.0.0.1" if site.web.host in ("0.0.0.0", "::") else site.web.host  # noqa: S104 – compared, not bound
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        url = f"{scheme}://{host}:{site.web.port}/healthz"
        return httpx.get(url, timeout=TIMEOUT_S, verify=context).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
