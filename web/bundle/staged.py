"""One camera's video of an export: rendered, sealed and measured, each step whole or not at all."""

import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from recorder.boxes import read_index
from vms.errors import FootageMissing, StorageError, UitkijkError
from vms.export_certificate import ExportSealer
from vms.store import Store
from vms.units import US_PER_SECOND, utc_from_us
from web.bundle.clips import ClipSource, RenderedClip
from web.bundle.controleer_export import Video
from web.bundle.eff import ExportFacts, seal
from web.bundle.facts import gather, local
from web.bundle.order import BundleOrder
from web.bundle.package import Stored
from web.bundle.stages import Finished, Stage

_BLOCK = 1 << 20


class ExportStopped(UitkijkError):
    """Somebody cancelled it, or the process ends."""


@dataclass(frozen=True, slots=True)
class Camera:
    id: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Studio:
    """What makes videos. wrote: is told how many bytes came in. stop: gives up at the next piece."""

    stage: Stage
    site_name: str
    zone: ZoneInfo
    store: Store
    clips: ClipSource
    sealer: ExportSealer
    wrote: Callable[[int], None]
    stop: threading.Event


@dataclass(frozen=True, slots=True)
class StagedVideo:
    """described: as the manifest has it."""

    content: Stored
    described: dict[str, Any]


def stage(studio: Studio, order: BundleOrder, camera: Camera, position: int, made_us: int) -> StagedVideo:
    """Raises ExportStopped, FootageExpired, FootageMissing, StorageError, StoreBusy, OSError."""
    path, described = studio.stage.finished(position) or _make(studio, order, camera, position, made_us)
    crc = described.pop("crc")
    return StagedVideo(Stored(described["file"], path, described["bytes"], crc, described["sha256"]), described)


def _make(studio: Studio, order: BundleOrder, camera: Camera, position: int, made_us: int) -> Finished:
    part = studio.stage.begin(position)
    wanted = camera.id, order.profile, order.from_us, order.to_us, order.watermark, order.lift
    with studio.clips.clip(*wanted) as clip:
        _render(studio, clip, part)
        start_us, pictures = clip.start_us, clip.pictures
    facts = ExportFacts(studio.site_name, order.made_by, f"{camera.number} {camera.name}", made_us, start_us)
    seal(part, facts, studio.sealer)
    document = {
        "file": f"beelden/{camera.id}_{utc_from_us(start_us):%Y%m%dT%H%M%SZ}.mp4",
        "camera": camera.id,
        "number": camera.number,
        "name": camera.name,
        "profile": order.profile,
        "pictures": pictures,
        "start_us": start_us,
        "start_local": local(start_us, studio.zone),
        "certificate_sha256": studio.sealer.certificate_sha256,
        **_measured(part, start_us),
        **_footage(studio, order, camera.id),
    }
    return studio.stage.keep(position, document), document


def _render(studio: Studio, clip: RenderedClip, part: Path) -> None:
    with part.open("wb") as file:
        for chunk in clip.chunks:
            if studio.stop.is_set():
                raise ExportStopped("the export was stopped")
            file.write(chunk)
            studio.wrote(len(chunk))
        if file.tell() == 0:
            raise FootageMissing("no picture in this interval")


def _measured(path: Path, start_us: int) -> dict[str, Any]:
    """Hashes of the sealed file and of its parts. Raises StorageError."""
    video, crc, size = Video(), 0, 0
    with path.open("rb") as file:
        index = read_index(file)
        file.seek(0)
        while block := file.read(_BLOCK):
            video.feed(block)
            crc, size = zlib.crc32(block, crc), size + len(block)
    video.finish()
    if len(video.fragments) != len(index.fragments):
        raise StorageError("the rendered video is not whole")
    return {
        "codec": index.codec,
        "width": index.width,
        "height": index.height,
        "bytes": size,
        "crc": crc,
        "sha256": video.whole.hexdigest(),
        "beginning_sha256": video.beginning,
        "seal_sha256": video.seal_hash,
        "fragments": [
            {"start_us": start_us + found.start_ticks * US_PER_SECOND // index.timescale, "bytes": size, "sha256": sha}
            for found, (size, sha) in zip(index.fragments, video.fragments, strict=True)
        ],
    }


def _footage(studio: Studio, order: BundleOrder, camera_id: str) -> dict[str, Any]:
    found = gather(studio.store, camera_id, order.profile, order.from_us, order.to_us, studio.zone)
    return {"segments": found.segments, "gaps": found.gaps, "masks": found.masks, "skew_ms": found.skew_ms}
