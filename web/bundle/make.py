"""Makes an export: videos, manifest (also for reading), signature, time-stamp, checker, in one zip."""

import base64
import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from vms.clock import Clock
from vms.errors import StorageError
from vms.signing import SiteSigner
from vms.units import us_from_utc
from web.bundle.controleer_export import MANIFEST, STAMP, spelled
from web.bundle.facts import local
from web.bundle.leesmij import READ_ME
from web.bundle.order import BundleOrder
from web.bundle.package import Content, Text, write_package
from web.bundle.report import report_pdf
from web.bundle.staged import Camera, StagedVideo, Studio, stage

KIND, STAMP_KIND = "export-manifest", "export-stamp"
_BLOCK = 1 << 20


class Authority(Protocol):
    def stamp(self, message: bytes) -> tuple[bytes, Any]: ...


@dataclass(frozen=True, slots=True)
class Notary:
    """authority: None where the site has none."""

    signer: SiteSigner
    authority: Authority | None
    clock: Clock


@dataclass(frozen=True, slots=True)
class MadeBundle:
    """sha256: of the zip. key_id: of the public key that checks it. is_timestamped: an authority dated it."""

    path: Path
    bytes: int
    sha256: str
    key_id: str
    is_timestamped: bool


def make_bundle(out: Path, order: BundleOrder, cameras: Sequence[Camera], studio: Studio, notary: Notary) -> MadeBundle:
    """What the studio's stage finished before a restart is used. Blocking.

    Raises ExportStopped, FootageExpired, FootageMissing, StorageError, StoreBusy, OSError.
    """
    made_us = notary.clock.now_us()
    videos = [stage(studio, order, camera, position, made_us) for position, camera in enumerate(cameras)]
    content = _content(order, videos, studio, made_us)
    texts = _texts(content, studio, notary)
    files: list[Content] = [*(video.content for video in videos), *texts]
    content["files"] = [{"name": one.name, "bytes": one.size, "sha256": one.sha256} for one in files]
    proof = _signed(content, notary)
    with studio.stage.package(out) as file:
        write_package(file, [*files, *proof])
    size, sha256 = _hashed(out)
    return MadeBundle(out, size, sha256, notary.signer.key_id, is_timestamped=len(proof) > 1)


def _content(order: BundleOrder, videos: Sequence[StagedVideo], studio: Studio, made_us: int) -> dict[str, Any]:
    asked = order.as_document()
    return {
        "v": 1,
        "site": studio.site_name,
        "software": f"uitkijk {importlib.metadata.version('uitkijk')}",
        **asked,
        "watermark": order.watermark,
        "made_us": made_us,
        "made_local": local(made_us, studio.zone),
        "from_local": local(order.from_us, studio.zone),
        "to_local": local(order.to_us, studio.zone),
        "timezone": studio.zone.key,
        "videos": [video.described for video in videos],
    }


def _texts(content: dict[str, Any], studio: Studio, notary: Notary) -> list[Text]:
    checker = resources.files("web.bundle").joinpath("controleer_export.py").read_bytes()
    read_me = READ_ME.format(site=studio.site_name, key_id=notary.signer.key_id)
    return [
        Text("LEESMIJ.txt", read_me.encode()),
        Text("controleer_export.py", checker),
        Text("manifest.pdf", report_pdf(content, notary.signer.key_id)),
        Text("sleutel.pem", notary.signer.public_pem().encode()),
        Text("certificaat.pem", studio.sealer.certificate_pem),
    ]


def _signed(content: dict[str, Any], notary: Notary) -> list[Content]:
    """The manifest, and a time-stamp if there is an authority and it answers. What it dates is the signature."""
    if notary.authority is not None:
        content["timestamped"] = True
        signature = notary.signer.sign(KIND, content)
        try:
            token, at = notary.authority.stamp(signature)
        except StorageError:
            pass
        else:
            return [_manifest(content, signature, notary), _stamp(token, us_from_utc(at), signature, notary)]
    content["timestamped"] = False
    return [_manifest(content, notary.signer.sign(KIND, content), notary)]


def _manifest(content: dict[str, Any], signature: bytes, notary: Notary) -> Text:
    signed = {"content": content, "signature": signature.hex(), "public_key": notary.signer.public.hex()}
    return Text(MANIFEST, spelled(signed))


def _stamp(token: bytes, at_us: int, signature: bytes, notary: Notary) -> Text:
    named = {"token": base64.b64encode(token).decode(), "at_us": at_us}
    signed = notary.signer.sign(STAMP_KIND, {**named, "manifest": signature.hex()})
    return Text(STAMP, spelled({**named, "signature": signed.hex()}))


def _hashed(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        return file.tell(), digest.hexdigest()
