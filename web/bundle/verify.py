"""`vms export verify` and /controle: the checker of the package itself, and the ONVIF seals of its videos.

Needs no server, no database and no network. Reads a file once, from its beginning to its end.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from web.bundle.controleer_export import TEXTS, Check, Finding, Video
from web.bundle.eff import read_seal

_BLOCK = 1 << 20
_ZIP = b"PK"
UNSEALED: Final = "not_sealed"

ENGLISH: Final[Mapping[str, str]] = {
    "truncated": "the package is cut off or damaged",
    "directory": "the package's table of contents was changed",
    "header": "this file's header in the package was changed",
    "checksum": "this file's checksum in the package is wrong",
    "no_manifest": "there is no readable manifest: this is no (whole) export of Uitkijk",
    "manifest": "the manifest was changed: its signature is wrong",
    "spelling": "this file is spelled in another way than the export spelled it",
    "key": "signed with another key than the municipality's",
    "missing": "this file is missing",
    "extra": "this file does not belong in the export",
    "order": "the files are in another order, or double",
    "file": "this file was changed",
    "beginning": "the beginning of the video was changed",
    "seal": "the seal (certificate or signature) in the video was changed",
    "changed": "footage changed",
    "absent": "footage missing",
    "doubled": "footage is in it twice",
    "foreign": "there is footage in it that does not belong there",
    "reordered": "the footage is in another order",
    "segment": "a recording in the manifest does not fit its own hash",
    "segment_chain": "a recording is missing: the chain of recordings is broken",
    "segment_order": "a recording is double or in another order",
    "stamp": "the time-stamp is wrong",
    UNSEALED: "the video has no seal, or one that does not fit it",
}
DUTCH: Final[Mapping[str, str]] = {**TEXTS, UNSEALED: "de video heeft geen verzegeling, of een die niet past"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """about: of the manifest, empty when there is none. key_id: of the key that signed, of a lone video its
    certificate's. notes: in Dutch. is_package: it is no lone video. certificate_sha256: of a lone video, whole."""

    findings: tuple[Finding, ...]
    about: Mapping[str, str]
    key_id: str
    notes: tuple[str, ...] = ()
    is_package: bool = True
    certificate_sha256: str = ""

    @property
    def is_intact(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {
            "intact": self.is_intact,
            "key_id": self.key_id,
            "certificate_sha256": self.certificate_sha256,
            "about": dict(self.about),
            "findings": [
                {
                    "code": one.code,
                    "subject": one.subject,
                    "detail": one.detail,
                    "nl": DUTCH[one.code],
                    "en": ENGLISH[one.code],
                }
                for one in self.findings
            ],
            "notes": list(self.notes),
        }


def verify_export(file: BinaryIO, key: str | None = None, authority: Path | None = None) -> Verdict:
    """A package, or a single video of one. key: the municipality's public key or its id. Blocking. Raises OSError."""
    beginning = file.read(2)
    rejoined = _Rejoined(beginning, file)
    return _package(rejoined, key, authority) if beginning == _ZIP else _video(rejoined)


def _package(file: Any, key: str | None, authority: Path | None) -> Verdict:
    check = Check(file, key, authority)
    check.run()
    content = check.content if isinstance(check.content, dict) else {}
    known = {finding.subject for finding in check.findings}
    named = {one["file"] for one in _videos(content)}
    for member in check.package.members:
        if member.video is not None and member.name in named and member.name not in known:
            check.findings += _seal_findings(member.name, member.video)
    names = ("site", "case_number", "recipient", "made_by", "made_local", "from_local", "to_local", "id")
    about = {name: str(content[name])[:200] for name in names if name in content}
    return Verdict(tuple(check.findings), about, check.key_id, tuple(check.notes))


def _videos(content: Any) -> list[Any]:
    try:
        return [one for one in content["videos"] if isinstance(one["file"], str)]
    except (KeyError, TypeError):
        return []


def _video(file: Any) -> Verdict:
    """Without its manifest: only that it did not change since whoever sealed it."""
    video = Video()
    while block := file.read(_BLOCK):
        video.feed(block)
    video.finish()
    note = "Alleen de verzegeling is gecontroleerd: vergelijk het kenmerk van het certificaat met dat van de gemeente."
    found = read_seal(bytes(video.seal))
    certificate = found.certificate if found else b""
    return Verdict(
        tuple(_seal_findings("mp4", video)),
        {},
        certificate_id(certificate) if certificate else "",
        (note,),
        is_package=False,
        certificate_sha256=hashlib.sha256(certificate).hexdigest() if certificate else "",
    )


def _seal_findings(name: str, video: Video) -> list[Finding]:
    found = read_seal(bytes(video.seal))
    return [] if found is not None and found.fits(video.before_seal) else [Finding(UNSEALED, name)]


def certificate_id(certificate: bytes) -> str:
    """certificate: DER. How people call it, as the key of a signature; whoever compares takes the whole hash."""
    return hashlib.sha256(certificate).hexdigest()[:16]


class _Rejoined:
    """A file of which the first bytes were read already."""

    def __init__(self, beginning: bytes, file: BinaryIO) -> None:
        self._beginning = beginning
        self._file = file

    def read(self, size: int) -> bytes:
        taken, self._beginning = self._beginning[:size], self._beginning[size:]
        return taken + self._file.read(size - len(taken)) if len(taken) < size else taken
