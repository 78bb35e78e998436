"""Whatever is done to an export shows, and the finding says what: by our command and by the script on its own."""

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.bundle.evidence import MASKED, Evidence
from vms.clock import now_utc
from vms.export_certificate import ExportSealer, create_export_key
from vms.signing import SiteSigner, create_signing_key
from web.bundle import controleer_export
from web.bundle.controleer_export import spelled
from web.bundle.package import Text, write_package
from web.bundle.verify import DUTCH, ENGLISH, verify_export

Parts = dict[str, bytes]


@pytest.fixture(scope="module")
def parts(package: Path) -> Parts:
    with zipfile.ZipFile(package) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def video_of(parts: Parts) -> str:
    return next(name for name in parts if MASKED in name)


def codes(path: Path, key: str | None = None) -> dict[str, str]:
    """Findings of the product, which must be those of the script on its own (but for the ONVIF seal)."""
    with path.open("rb") as file:
        verdict = verify_export(file, key)
    alone = path.with_name("alone.py")
    alone.write_bytes(Path(controleer_export.__file__).read_bytes())
    command = [sys.executable, "-I", str(alone), str(path), *(["--sleutel", key] if key else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == (0 if verdict.is_intact else 1), done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == ("ONGEWIJZIGD" if verdict.is_intact else "GEWIJZIGD")
    return {finding.code: finding.subject for finding in verdict.findings}


def packed(path: Path, parts: Parts) -> Path:
    with path.open("wb") as file:
        write_package(file, [Text(name, data) for name, data in parts.items()])
    return path


def boxes(video: bytes) -> list[bytes]:
    """Of the top level: ftyp and moov together, each moof with its mdat, meta."""
    found: list[bytes] = []
    position = 0
    while position < len(video):
        size = int.from_bytes(video[position : position + 4], "big")
        kind, box = video[position + 4 : position + 8], video[position : position + size]
        if kind in (b"moov", b"mdat"):
            found[-1] += box
        else:
            found.append(box)
        position += size
    return found


def fragments_changed(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Parts], Parts]:
    def tampered(parts: Parts) -> Parts:
        name = video_of(parts)
        return {**parts, name: b"".join(change(boxes(parts[name])))}

    return tampered


def manifest_changed(change: Callable[[dict[str, Any]], None]) -> Callable[[Parts], Parts]:
    def tampered(parts: Parts) -> Parts:
        document = json.loads(parts["manifest.json"])
        change(document["content"])
        return {**parts, "manifest.json": spelled(document)}

    return tampered


def without(name: str) -> Callable[[Parts], Parts]:
    return lambda parts: {one: data for one, data in parts.items() if one != name}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def drop_segment(content: dict[str, Any]) -> None:
    del content["videos"][0]["segments"][1]


def double_segment(content: dict[str, Any]) -> None:
    content["videos"][0]["segments"].insert(1, content["videos"][0]["segments"][0])


def swap_segments(content: dict[str, Any]) -> None:
    content["videos"][0]["segments"].reverse()


def other_segment(content: dict[str, Any]) -> None:
    content["videos"][0]["segments"][0]["sha256"] = "0" * 64


TAMPERED: dict[str, tuple[Callable[[Parts], Parts], set[str]]] = {
    "nothing": (lambda parts: parts, set()),
    "a changed picture": (fragments_changed(lambda b: [*b[:2], flipped(b[2], -9), *b[3:]]), {"file", "changed"}),
    "a dropped second": (fragments_changed(lambda b: [*b[:2], *b[3:]]), {"file", "absent"}),
    "a doubled second": (fragments_changed(lambda b: [*b[:2], b[1], *b[2:]]), {"file", "doubled"}),
    "swapped seconds": (fragments_changed(lambda b: [b[0], b[2], b[1], *b[3:]]), {"file", "reordered"}),
    "a cut-off end": (fragments_changed(lambda b: b[:-2]), {"file", "absent", "seal"}),
    "a foreign second": (
        fragments_changed(lambda b: [*b[:2], flipped(b[1], -9), *b[2:]]),
        {"file", "foreign"},
    ),
    "another beginning": (fragments_changed(lambda b: [flipped(b[0], 40), *b[1:]]), {"file", "beginning"}),
    "another certificate in the video": (
        fragments_changed(lambda b: [*b[:-1], flipped(b[-1], b[-1].index(b"cert") + 300)]),
        {"file", "seal"},
    ),
    "another certificate beside it": (
        lambda parts: {**parts, "certificaat.pem": flipped(parts["certificaat.pem"], 200)},
        {"file"},
    ),
    "another case number": (manifest_changed(lambda c: c.update(case_number="PL1")), {"manifest"}),
    "another recipient": (manifest_changed(lambda c: c.update(recipient="de krant")), {"manifest"}),
    "a segment less in the manifest": (manifest_changed(drop_segment), {"manifest", "segment_chain"}),
    "a segment twice in the manifest": (manifest_changed(double_segment), {"manifest", "segment_order"}),
    "segments reversed in the manifest": (manifest_changed(swap_segments), {"manifest", "segment_order"}),
    "a segment's hash changed": (manifest_changed(other_segment), {"manifest", "segment"}),
    "a manifest spelled otherwise": (
        lambda parts: {**parts, "manifest.json": parts["manifest.json"].replace(b"\n", b"\n ", 1)},
        {"spelling"},
    ),
    "no manifest": (without("manifest.json"), {"no_manifest"}),
    "a manifest that is none": (lambda parts: {**parts, "manifest.json": b"[]"}, {"no_manifest"}),
    "no readable version": (without("manifest.pdf"), {"missing"}),
    "a file that does not belong": (lambda parts: {"x.exe": b"x", **parts}, {"extra"}),
    "files in another order": (lambda parts: dict(reversed(parts.items())), {"order"}),
    "another checker": (
        lambda parts: {**parts, "controleer_export.py": b"print('ONGEWIJZIGD')"},
        {"file"},
    ),
    "a hostile name": (lambda parts: {"../../etc/cron.d/x": b"x", **parts}, {"extra"}),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_tampering_is_named(parts: Parts, tmp_path: Path, case: str) -> None:
    tamper, expected = TAMPERED[case]
    assert set(codes(packed(tmp_path / "t.zip", tamper(parts)))) == expected


def test_the_writer_of_these_tests_is_the_product_s(package: Path, parts: Parts, tmp_path: Path) -> None:
    assert packed(tmp_path / "same.zip", parts).read_bytes() == package.read_bytes()


def test_a_byte_that_flips_anywhere_is_found(package: Path) -> None:
    """A sample of the zip's own structure at both ends, and of all between."""
    whole, chance = package.read_bytes(), random.Random(4)
    ends = [*chance.sample(range(120), 20), *chance.sample(range(len(whole) - 900, len(whole)), 50)]
    sample = [*ends, *chance.sample(range(len(whole)), 40)]
    assert [at for at in sample if verify_export(io.BytesIO(flipped(whole, at))).is_intact] == []


@pytest.mark.parametrize("length", [0, 1, 3, 29, 60, 1000, -1, -22, -2000])
def test_a_truncated_export_is_found(package: Path, tmp_path: Path, length: int) -> None:
    (tmp_path / "t.zip").write_bytes(package.read_bytes()[:length])
    assert codes(tmp_path / "t.zip")


def test_bytes_behind_its_end_are_found(package: Path, tmp_path: Path) -> None:
    (tmp_path / "t.zip").write_bytes(package.read_bytes() + b"\0")
    assert codes(tmp_path / "t.zip") == {"directory": "zip"}


def test_a_forger_with_keys_of_his_own_is_found_by_the_key(evidence: Evidence, tmp_path: Path) -> None:
    create_signing_key(tmp_path / "forger.pem")
    create_export_key(tmp_path / "export.pem", "Gemeente Ergens", now_utc(evidence.clock))
    real = evidence.signer, evidence.sealer
    evidence.signer, evidence.sealer = SiteSigner(tmp_path / "forger.pem"), ExportSealer(tmp_path / "export.pem")
    try:
        forged = evidence.make(tmp_path / "forged.zip", evidence.order(MASKED)).path
    finally:
        evidence.signer, evidence.sealer = real
    assert codes(forged) == {}
    assert codes(forged, evidence.signer.key_id) == {"key": "manifest.json"}
    assert codes(forged, evidence.signer.public.hex()) == {"key": "manifest.json"}


def test_a_video_resealed_by_another_is_found_although_the_manifest_fits(
    evidence: Evidence, parts: Parts, tmp_path: Path
) -> None:
    """The site itself would have to sign it: its manifest names the certificate."""
    name, document = video_of(parts), json.loads(parts["manifest.json"])
    video = parts[name].replace(b"sibo", b"sibx")
    for one in document["content"]["files"]:
        if one["name"] == name:
            one["sha256"] = hashlib.sha256(video).hexdigest()
    document["signature"] = evidence.signer.sign("export-manifest", document["content"]).hex()
    changed = packed(tmp_path / "r.zip", {**parts, name: video, "manifest.json": spelled(document)})
    with changed.open("rb") as file:
        assert [one.code for one in verify_export(file).findings] == ["not_sealed"]


def test_a_video_alone_is_checked_by_its_seal(parts: Parts, tmp_path: Path) -> None:
    video = parts[video_of(parts)]
    for data, expected in (
        (video, []),
        (flipped(video, len(video) // 2), ["not_sealed"]),
        (b"x" * 999, ["not_sealed"]),
    ):
        (tmp_path / "v.mp4").write_bytes(data)
        with (tmp_path / "v.mp4").open("rb") as file:
            assert [one.code for one in verify_export(file).findings] == expected


def test_every_finding_has_words_in_both_languages() -> None:
    assert set(DUTCH) == set(ENGLISH)


def test_the_finding_tells_when(parts: Parts, tmp_path: Path) -> None:
    tamper = fragments_changed(lambda b: [*b[:4], flipped(b[4], -9), *b[5:]])
    packed(tmp_path / "t.zip", tamper(parts))
    with (tmp_path / "t.zip").open("rb") as file:
        found = {one.code: one.detail for one in verify_export(file).findings}
    assert found["changed"] == "18-11-2026 10:06:42 UTC"
