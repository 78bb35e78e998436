"""The demo's files in DIR: configuration, secrets, what the street looks like, mask sets from its ground truth."""

import json
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.simulator.model import HFOV_DEG_AT_ZOOM, PAN_RANGE_DEG, TILT_RANGE_DEG, SimCameraSpec
from ingest.simulator.street import Street
from ingest.simulator.street_server import StreetOptions, make_specs
from vms.cli.demo_decision import demo_decisions
from vms.cli.demo_links import links
from vms.cli.demo_places import area_of, area_outlines, placed
from vms.cli.import_decisions import import_rows
from vms.cli.import_masks import import_documents
from vms.clock import Clock, now_utc
from vms.config import load_config
from vms.decision_register import DecisionPublisher
from vms.errors import ConfigError
from vms.rules.access import ROLES
from vms.rules.mask_projection import project
from vms.rules.masks import Mask
from vms.rules.ptz_geometry import FrameSize, ViewDeg, hfov_deg_at, prepare
from vms.store import Store, users

WINDOW_MARGIN_DEG = 0.03
MASKS_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DemoSite:
    """directory holds site.toml (the configuration) and street.json (what `demo_street` simulates)."""

    directory: Path
    options: StreetOptions
    web_port: int
    login_password: str

    @property
    def config_file(self) -> Path:
        return self.directory / "site.toml"


def open_demo_site(directory: Path, cameras: int, web_port: int, street: Street) -> DemoSite:
    """The site in DIR, made when it is not there. An existing one keeps its cameras, ports and passwords."""
    street_file = directory / "street.json"
    if street_file.exists():
        return _existing(directory, street_file)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = StreetOptions(
        cameras=cameras,
        rtsp_port=_free_ports(18554, 1, keep_default=web_port != 0),
        onvif_port=_free_ports(18080, cameras, keep_default=web_port != 0),
        control_port=_free_ports(18079, 1, keep_default=web_port != 0),
        discovery=web_port != 0,
    )
    site = DemoSite(directory, options, web_port or _free_ports(18800, 1, keep_default=False), secrets.token_urlsafe(9))
    _secret(directory / "camera.password", options.password)
    _secret(directory / "demo.password", site.login_password)
    sets = mask_sets(street, make_specs(options))
    (directory / "masks.json").write_text(json.dumps(sets, indent=1), encoding="utf-8")
    site.config_file.write_text(_configuration(site, {item["camera"] for item in sets}), encoding="utf-8")
    street_file.write_text(json.dumps(_street_json(site)), encoding="utf-8")
    return site


def fill_store(site: DemoSite, store: Store, clock: Clock) -> bool:
    """Accounts (user = role name), mask sets and decisions, once; False when they are there already."""
    from web.passwords import hash_password

    now = now_utc(clock)
    sets = json.loads((site.directory / "masks.json").read_text(encoding="utf-8"))
    with store.transaction() as tx:
        if users.all_users(tx):
            return False
        for role in ROLES:
            users.add(tx, role, f"Demo {role}", hash_password(site.login_password), [role], now)
    config = load_config(site.config_file)
    import_documents(config, store, clock, sets)
    areas = sorted({camera.area for camera in config.cameras})
    import_rows(config, store, clock, demo_decisions(areas, now))
    DecisionPublisher(config, store).publish()
    return True


def mask_sets(street: Street, specs: list[SimCameraSpec]) -> list[dict[str, Any]]:
    """One per camera that can see a home: on the sphere for PTZ cameras, in the picture for fixed ones."""
    windows = window_outlines(street)
    found = []
    for spec in specs:
        masks = [_sphere(*window) for window in windows] if spec.ptz else _in_picture(spec, windows)
        if masks:
            found.append(
                {
                    "camera": spec.id,
                    "lens": {
                        "pan_range_deg": list(PAN_RANGE_DEG),
                        "tilt_range_deg": list(TILT_RANGE_DEG),
                        "hfov_deg_at_zoom": [list(row) for row in HFOV_DEG_AT_ZOOM],
                    },
                    "masks": masks,
                    "author": "demo.privacy",
                    "approver": "demo.tweede-persoon",
                    "reason": "demo: uit de straat zelf getekend, vastgesteld door een verzonnen tweede persoon",
                    "valid_from": MASKS_SINCE.isoformat().replace("+00:00", "Z"),
                }
            )
    return found


Outline = tuple[tuple[float, float], ...]
"""(pan, tilt) in degrees; pan may exceed 180 where a window lies across the seam."""


def window_outlines(street: Street) -> list[tuple[str, Outline]]:
    """Each home window with a little room, as who draws masks with care would: the wall beside it stays visible."""
    found = []
    for window in street.window_polygons():
        pan_middle, tilt_middle = window.centre
        outline = tuple(
            (
                round(pan + (WINDOW_MARGIN_DEG if pan > pan_middle else -WINDOW_MARGIN_DEG), 3),
                round(tilt + (WINDOW_MARGIN_DEG if tilt > tilt_middle else -WINDOW_MARGIN_DEG), 3),
            )
            for pan, tilt in window.points
        )
        found.append((window.name, outline))
    return found


def _sphere(name: str, outline: Outline) -> dict[str, Any]:
    return {"name": name, "space": "sphere", "polygon": [list(point) for point in outline]}


def _in_picture(spec: SimCameraSpec, windows: list[tuple[str, Outline]]) -> list[dict[str, Any]]:
    size = FrameSize(spec.main.width, spec.main.height)
    view = ViewDeg(spec.pan_deg, spec.tilt_deg, hfov_deg_at(HFOV_DEG_AT_ZOOM, spec.zoom))
    masks = []
    for name, outline in windows:
        for shape in project(prepare(Mask(name, "sphere", outline)), view, size, 0.3):
            points = [[_share(x, size.width), _share(y, size.height)] for x, y in shape]
            masks.append({"name": name, "space": "image", "polygon": points})
    return masks


def _share(pixels: float, whole: int) -> float:
    return round(min(1.0, max(0.0, pixels / whole)), 5)


def _configuration(site: DemoSite, masked: set[str]) -> str:
    host, options = site.options.host, site.options
    head = f"""# Written by `vms demo`; yours to change. Restart the demo afterwards.
[site]
name = "Demostad"
data_dir = "data"

[web]
listen = "127.0.0.1:{site.web_port}"
second_factor = "off"  # every role is one click away here; a real site leaves this line out

[live]
addresses = ["127.0.0.1"]

[recorder]
segment_s = 60

[[recorder.volumes]]
path = "media"
high_water_pct = 97

[retention]
days = 28
purge_interval_s = 120

[decisions]
enforce = true

[shifts]
required = false
"""
    specs = make_specs(options)
    parts = [head, *area_outlines(len(specs))]
    for index, spec in enumerate(specs):
        lines = [
            "[[cameras]]",
            f'id = "{spec.id}"',
            f"number = {index + 1}",
            f'name = "{spec.name}"',
            f'kind = "{"ptz" if spec.ptz else "fixed"}"',
            f'area = "{area_of(index, len(specs))}"',
            f'masks = "{"required" if spec.id in masked else "none"}"',
            *links(specs, spec),
            *placed(index, len(specs), spec),
        ]
        if spec.ptz or index % 2:
            account = f'port = {options.onvif_port + index}, username = "{options.username}"'
            lines.append(f'onvif = {{ host = "{host}", {account}, password_file = "camera.password" }}')
        else:
            lines += [f'{p} = "rtsp://{host}:{options.rtsp_port}/{spec.id}/{p}"' for p in ("main", "sub")]
            lines += [f'username = "{options.username}"', 'password_file = "camera.password"']
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _street_json(site: DemoSite) -> dict[str, Any]:
    keys = ("cameras", "host", "rtsp_port", "onvif_port", "control_port", "discovery", "username")
    return {"web_port": site.web_port} | {key: getattr(site.options, key) for key in keys}


def _existing(directory: Path, street_file: Path) -> DemoSite:
    try:
        stored = json.loads(street_file.read_text(encoding="utf-8"))
        web_port = stored.pop("web_port")
        password = (directory / "camera.password").read_text(encoding="utf-8").strip()
        login = (directory / "demo.password").read_text(encoding="utf-8").strip()
        return DemoSite(directory, StreetOptions(**stored, password=password), web_port, login)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            [f"{directory}: not a demo site any more ({error}); remove it or give another --dir"]
        ) from error


def load_demo_site(directory: Path) -> DemoSite:
    return _existing(directory, directory / "street.json")


def _secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text + "\n", encoding="utf-8")


def _free_ports(default: int, count: int, *, keep_default: bool) -> int:
    """First of `count` ports in a row that are free now."""
    starts = (
        range(default, default + 4000, count) if keep_default else range(21000 + secrets.randbelow(20000), 60000, count)
    )
    for start in starts:
        if all(_is_free(port) for port in range(start, start + count)):
            return start
    raise ConfigError([f"no {count} free ports in a row from {default} on 127.0.0.1"])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
