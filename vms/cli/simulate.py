"""`vms simulate`: a street of simulated cameras, and nothing else of the system."""

from __future__ import annotations

import json
import logging
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vms.errors import ConfigError
from vms.log import configure
from vms.units import PROFILES

if TYPE_CHECKING:
    from ingest.simulator.street_server import StreetServer


class CodecName(StrEnum):
    H264 = "h264"
    H265 = "h265"


def simulate(
    cameras: Annotated[int, typer.Option(help="How many cameras; every third one is a PTZ camera.")] = 6,
    codec: Annotated[CodecName, typer.Option(help="What the cameras encode.")] = CodecName.H264,
    host: Annotated[str, typer.Option(help="IP address to listen on.")] = "127.0.0.1",
    rtsp_port: Annotated[int, typer.Option(help="RTSP port of all cameras; 0 takes a free one.")] = 18554,
    onvif_port: Annotated[
        int, typer.Option(help="ONVIF port of the first camera, the others follow; 0 takes free ones.")
    ] = 18080,
    control_port: Annotated[int, typer.Option(help="Port that sets faults; 0 takes a free one.")] = 18079,
    loop: Annotated[bool, typer.Option("--loop", help="Serve pre-encoded loops: many cameras.")] = False,
    bench: Annotated[bool, typer.Option("--bench", help="1920×1080 at 25/s, as loops.")] = False,
    bench_mbit: Annotated[float, typer.Option(min=0.5, max=50, help="With --bench: Mbit/s of a main stream.")] = 4.0,
    discovery: Annotated[bool, typer.Option(help="Answer WS-Discovery.")] = True,
    username: Annotated[str, typer.Option(help="Account of every camera.")] = "vms",
    password: Annotated[
        str | None, typer.Option(envvar="VMS_SIMULATE_PASSWORD", help="Its password; random unless given.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="ID:KEY=VALUE", help="Wrong from the start, ID may be `all`; repeat for more."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run simulated cameras (RTSP, ONVIF, discovery) until Ctrl-C."""
    from ingest.simulator.street_server import StreetOptions, run_street

    configure("simulate", logging.WARNING)
    given = {} if password is None else {"password": password}
    options = StreetOptions(
        cameras=cameras,
        codec=codec.value,
        host=host,
        rtsp_port=rtsp_port,
        onvif_port=onvif_port,
        control_port=control_port,
        loop=loop,
        bench=bench,
        bench_mbit=bench_mbit,
        discovery=discovery,
        username=username,
        faults=tuple(fault or ()),
        **given,
    )
    try:
        run_street(options, _print_json if as_json else _print_lines)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def _print_lines(street: StreetServer) -> None:
    options = street.options
    for camera in street.cameras.values():
        kind = "PTZ  " if camera.spec.ptz else "fixed"
        rtsp = street.stream_url(camera.spec.id, "main")
        typer.echo(f"{camera.spec.id:24} {kind} {rtsp}  {street.onvif.device_url(camera.spec.id)}")
    typer.echo(f"control port: http://{options.host}:{street.control.port}/cameras")
    typer.echo(f"account of every camera: {options.username} / {options.password}")


def _print_json(street: StreetServer) -> None:
    options = street.options
    shown = [
        {
            "id": camera.spec.id,
            "name": camera.spec.name,
            "ptz": camera.spec.ptz,
            "codec": camera.spec.codec,
            "onvif_url": street.onvif.device_url(camera.spec.id),
            "onvif_port": street.onvif.port(camera.spec.id),
            **{f"{profile}_url": street.stream_url(camera.spec.id, profile) for profile in PROFILES},
        }
        for camera in street.cameras.values()
    ]
    document = {
        "username": options.username,
        "password": options.password,
        "control_url": f"http://{options.host}:{street.control.port}",
        "cameras": shown,
    }
    typer.echo(json.dumps(document, ensure_ascii=False))
