"""`vms cameras list|discover|probe`: what is configured, what is on the network, what is wrong with one camera."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, read_config
from vms.clock import SystemClock
from vms.config import Camera, SiteConfig, read_secret

if TYPE_CHECKING:
    from ingest.discovery import Discovered
    from ingest.probe import ProbeReport

cameras_app = typer.Typer(no_args_is_help=True, help="Cameras: configured, found on the network, tested.")

_SEVERITY = {"fault": "FAULT  ", "warning": "warning", "info": "info   "}


@cameras_app.command("list")
def list_cameras(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """The configured cameras, in the order of the file."""
    site = read_config(config)
    shown = [_described(camera) for camera in site.cameras]
    lines = [
        f"{camera['number']:>4}  {camera['id']:24} {camera['name']:24} {camera['kind']:6}"
        f" {'turns' if camera['can_turn'] else 'fixed':6} masks={camera['masks']:9} {camera['source']}"
        for camera in shown
    ]
    answer({"cameras": shown}, lines or ["no cameras configured"], as_json=as_json)


@cameras_app.command("discover")
def discover_cameras(
    config: ConfigOption = None,
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.2, max=60, help="Seconds to listen.")] = 3.0,
    address: Annotated[
        list[str] | None, typer.Option("--address", help="Ask this address directly too (cameras behind a router).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the network for ONVIF cameras (WS-Discovery). With a configuration it says which are new."""
    from ingest.discovery import GROUP, discover

    configured = _hosts(read_config(config)) if config else {}
    found = discover(timeout_s, targets=(GROUP, *((host, GROUP[1]) for host in address or [])))
    shown = [asdict(camera) | {"configured_as": _configured_as(camera, configured)} for camera in found]
    lines = [_found_line(camera, _configured_as(camera, configured)) for camera in found]
    answer({"found": shown}, lines or ["no camera answered; cameras can hide, so add by address too"], as_json=as_json)


@cameras_app.command("probe")
def probe_camera(
    target: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="rtsp://…, http://HOST:PORT, HOST[:PORT], or the id of a configured camera."
        ),
    ],
    config: ConfigOption = None,
    username: Annotated[str, typer.Option(help="Camera account.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is its password.")] = None,
    password: Annotated[
        str, typer.Option(envvar="VMS_CAMERA_PASSWORD", help="Its password; the file or the variable is safer.")
    ] = "",
    tls_ca_file: Annotated[Path | None, typer.Option(help="For rtsps://: PEM of who vouches for the camera.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Test a camera: streams, GOP, clock, PTZ, what is wrong and how to mend it. Exit code 1 on faults and warnings."""
    from ingest.probe import probe

    camera = read_config(config).camera(target) if config and "://" not in target else None
    with _quiet():
        if camera is not None:
            report = _probe_configured(camera)
        else:
            report = probe(target, username, read_secret(password_file) or password, ca_file=tls_ca_file)
    answer(_report_value(report), _report_lines(report), as_json=as_json)
    if any(problem.severity != "info" for problem in report.problems):
        raise typer.Exit(1)


@contextmanager
def _quiet() -> Iterator[None]:
    """The report says what went wrong; the workers' log lines would only say it twice."""
    root, silence = logging.getLogger(), logging.NullHandler()
    root.addHandler(silence)
    try:
        yield
    finally:
        root.removeHandler(silence)


def _probe_configured(camera: Camera) -> ProbeReport:
    """Through ONVIF when it is configured so; otherwise its streams as they are configured."""
    from ingest.onvif_endpoint import OnvifEndpoint
    from ingest.probe import probe_onvif, probe_streams
    from ingest.source import StreamSource
    from vms.units import PROFILES, CameraId

    if camera.onvif is not None:
        onvif = camera.onvif
        endpoint = OnvifEndpoint(onvif.host, onvif.port, onvif.username, read_secret(onvif.password_file))
        return probe_onvif(endpoint, SystemClock(), ca_file=camera.tls_ca_file)
    password = read_secret(camera.password_file)
    urls = {"main": camera.main, "sub": camera.sub}
    sources = {
        profile: StreamSource(
            CameraId(camera.id), profile, url, camera.username, password, camera.transport, camera.tls_ca_file
        )
        for profile in PROFILES
        if (url := urls[profile])
    }
    return probe_streams(sources, SystemClock())


def _described(camera: Camera) -> dict[str, object]:
    onvif = f"onvif {camera.onvif.host}:{camera.onvif.port}" if camera.onvif else ""
    return {
        "id": camera.id,
        "number": camera.number,
        "name": camera.name,
        "kind": camera.kind,
        "can_turn": camera.can_turn,
        "masks": camera.masks,
        "area": camera.area,
        "purpose": camera.purpose,
        "source": onvif or camera.main or "",
    }


def _hosts(site: SiteConfig) -> dict[tuple[str, int], str]:
    return {(camera.onvif.host, camera.onvif.port): camera.id for camera in site.cameras if camera.onvif}


def _configured_as(found: Discovered, configured: dict[tuple[str, int], str]) -> str | None:
    for xaddr in found.xaddrs:
        try:
            parts = urlsplit(xaddr)
            camera_id = configured.get((parts.hostname or "", parts.port or 80))
        except ValueError:
            continue
        if camera_id:
            return camera_id
    return None


def _found_line(found: Discovered, camera_id: str | None) -> str:
    where = " ".join(found.xaddrs) or found.address
    known = f"configured as {camera_id}" if camera_id else "new"
    return f"{found.name or '(no name)':24} {found.hardware or '-':20} {where}  [{known}]"


def _report_value(report: ProbeReport) -> dict[str, object]:
    camera = report.camera
    return {
        "target": report.target,
        "usable": report.is_usable,
        "manufacturer": camera.manufacturer if camera else "",
        "model": camera.model if camera else "",
        "firmware": camera.firmware if camera else "",
        "serial": camera.serial if camera else "",
        "streams": [asdict(stream) for stream in report.facts.streams],
        "skew_ms": report.facts.skew_ms,
        "ptz": report.facts.ptz,
        "pose": {axis: getattr(report.pose, axis) for axis in ("pan", "tilt", "zoom")} if report.pose else None,
        "problems": [asdict(problem) for problem in report.problems],
    }


def _report_lines(report: ProbeReport) -> list[str]:
    camera, facts = report.camera, report.facts
    lines = [report.target]
    if camera:
        lines.append(f"  {camera.manufacturer} {camera.model}, firmware {camera.firmware}, serial {camera.serial}")
    for stream in facts.streams:
        measured = (
            stream.error
            or f"{stream.codec} {stream.width}×{stream.height} {stream.fps:g}/s, GOP {stream.gop_s:g} s,"
            f" {stream.bitrate_bps / 1e6:.2f} Mbit/s"
        )
        lines.append(f"  {stream.profile:4} {measured}  {stream.url}")
    if facts.skew_ms is not None:
        lines.append(f"  clock {facts.skew_ms / 1000:+.2f} s")
    if report.pose:
        lines.append(f"  looks at pan {report.pose.pan:.3f}, tilt {report.pose.tilt:.3f}, zoom {report.pose.zoom:.3f}")
    for problem in report.problems:
        lines += [f"  {_SEVERITY[problem.severity]} {problem.nl}", f"          {problem.en}"]
    lines.append("  nothing to mend" if not report.problems else "")
    return [line for line in lines if line]
