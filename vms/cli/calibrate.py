"""`vms calibrate`: measure a turning camera's lens, how late its status is, and what its surroundings look like."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import Camera, SiteConfig, read_secret
from vms.errors import ConfigError, UitkijkError
from vms.placement_file import PlacementBook
from vms.reference_file import forget_reference, read_reference, write_reference
from vms.rules.masks import lens_document
from vms.rules.placements import is_moved
from vms.store import masks as mask_store
from vms.units import CameraId

if TYPE_CHECKING:
    from web.live.calibration import Calibration

Range = tuple[float, float]


def calibrate(
    camera_id: Annotated[str, typer.Argument(metavar="CAMERA", help="Id of a configured PTZ camera.")],
    config: ConfigOption = None,
    pan_range: Annotated[
        Range | None, typer.Option(help="Degrees at pan -1 and 1; default: of the masks in force.")
    ] = None,
    tilt_range: Annotated[
        Range | None, typer.Option(help="Degrees at tilt -1 and 1; default: of the masks in force.")
    ] = None,
    narrow: Annotated[bool, typer.Option(help="Also survey zoomed in: some minutes more, and tiles that are.")] = True,
    add: Annotated[
        bool, typer.Option(help="Keep the surroundings known so far: another light, another season.")
    ] = False,
    forget: Annotated[bool, typer.Option(help="Only remove what is known of its surroundings.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the lens here, for a mask set.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn the camera through its range and measure it, by daylight and while nobody steers. Some minutes.

    Its surroundings are kept (sealed, no pixels) to check the status of every later picture; the lens is only told,
    because it belongs to a mask set that a second person approves. Refuses when the result is worse than its bounds.
    """
    site = read_config(config)
    if forget:
        removed = forget_reference(site.site.data_dir, camera_id)
        answer(
            {"forgotten": removed}, [f"{camera_id}: {'removed' if removed else 'nothing was known'}"], as_json=as_json
        )
        return
    camera = _turning(site, camera_id)
    found = _measure(camera, _ranges(site, camera_id, pan_range, tilt_range), narrow=narrow)
    kept = _keep(site, camera, found, add=add)
    value = _value(camera_id, found, kept)
    if out is not None:
        out.write_text(json.dumps(value["lens"], indent=2) + "\n", encoding="utf-8")
    answer(value, _lines(value), as_json=as_json)


def _measure(camera: Camera, ranges: tuple[Range, Range], *, narrow: bool) -> "Calibration":
    from ingest.onvif_endpoint import OnvifEndpoint
    from vms.rules.masks import LensCalibration
    from vms.rules.ptz_geometry import view_of_pose
    from web.live.calibration import Assistant
    from web.live.calibration_rig import rig_of

    if camera.onvif is None:
        raise ConfigError([f"{camera.id}: has no onvif address; a camera is steered through ONVIF"])
    onvif = camera.onvif
    endpoint = OnvifEndpoint(onvif.host, onvif.port, onvif.username, read_secret(onvif.password_file))
    with rig_of(endpoint, CameraId(camera.id), SystemClock()) as rig:
        start = rig.pose()
        view = view_of_pose(LensCalibration(*ranges, ((0.0, 60.0), (1.0, 60.0))), start)
        try:
            assistant = Assistant(rig, *ranges, lambda line: print(line, file=sys.stderr))
            return assistant.calibrate((view.pan_deg, view.tilt_deg), narrow=narrow)
        finally:
            rig.look(start.pan, start.tilt, start.zoom)


def _keep(site: SiteConfig, camera: Camera, found: "Calibration", *, add: bool) -> int:
    """How many keypoints are known now."""
    from web.live.reference import Reference

    camera_id, reference, placed = camera.id, found.reference, PlacementBook(site).now(camera).placed
    reference.placement = placed
    if add:
        before = read_reference(site.site.data_dir, site.site_key_file, camera_id)
        if before is not None:
            try:
                known = Reference.of_content(before)
            except ValueError as error:
                raise UitkijkError(f"{camera_id}: what was known is damaged; calibrate without --add") from error
            if is_moved(known.placement, placed):
                raise UitkijkError(f"{camera_id}: what was known is of another placement; calibrate without --add")
            reference.join(known)
    write_reference(site.site.data_dir, site.site_key_file, camera_id, reference.content())
    return len(reference)


def _turning(site: SiteConfig, camera_id: str) -> Camera:
    camera = site.camera(camera_id)
    if camera is None:
        raise ConfigError([f"{camera_id}: is not in the configuration"])
    if not camera.can_turn:
        raise ConfigError([f"{camera_id}: does not turn; there is nothing to calibrate"])
    return camera


def _ranges(site: SiteConfig, camera_id: str, pan: Range | None, tilt: Range | None) -> tuple[Range, Range]:
    if pan is None or tilt is None:
        with open_store(site) as store, store.reading() as tx:
            found = mask_store.in_force(tx, camera_id, now_utc(SystemClock()))
        if found is None or found.lens is None:
            raise ConfigError(
                [f"{camera_id}: has no lens in force yet; give --pan-range and --tilt-range, from its data sheet"]
            )
        pan, tilt = pan or found.lens.pan_range_deg, tilt or found.lens.tilt_range_deg
    if not (pan[0] < pan[1] and tilt[0] < tilt[1]):
        raise ConfigError(["--pan-range and --tilt-range: the lower bound first"])
    return pan, tilt


def _value(camera_id: str, found: "Calibration", keypoints: int) -> dict[str, Any]:
    return {
        "camera": camera_id,
        "lens": lens_document(found.lens),
        "rows": [asdict(row) for row in found.rows],
        "status_lag_ms": found.lag.lag_ms,
        "status_lag_error_ms": round(found.lag.error_ms, 1),
        "pictures": found.pictures,
        "sweep_error_deg": round(found.sweep_error_deg, 3),
        "keypoints": keypoints,
    }


def _lines(value: dict[str, Any]) -> list[str]:
    worst = max(row["residual_deg"] / row["hfov_deg"] for row in value["rows"])
    return [
        f"{value['camera']}: lens measured at {len(value['rows'])} zooms, at most {worst:.2%} of the field of view off",
        *(
            f"  zoom {row['zoom']:.1f}  {row['hfov_deg']:7.2f} degrees  ± {row['residual_deg']:.3f}"
            for row in value["rows"]
        ),
        f"  status {value['status_lag_ms']:.0f} ms late (± {value['status_lag_error_ms']:.0f})",
        f"  surroundings: {value['pictures']} pictures, {value['keypoints']} keypoints, "
        f"{value['sweep_error_deg']:.2f} degrees beside each other",
        "the lens counts once it stands in an approved mask set: vms import masks, or the API",
    ]
