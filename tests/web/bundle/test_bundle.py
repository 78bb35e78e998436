"""An export of real footage: what lies in it, and that readers nobody here wrote accept it."""

import hashlib
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.web.bundle.evidence import FPS, HEIGHT, MASKED, OPEN, SEGMENT_S, START_US, WIDTH, Evidence
from web.bundle.verify import verify_export

REPOSITORY = Path(__file__).parents[3]
ONVIF_BOXES = ("suep", "cstb", "sibo", "cert")
"""MP4Box passes over boxes that it does not know, as any reader must, and says so."""


@pytest.fixture(scope="module")
def manifest(package: Path) -> dict[str, Any]:
    with zipfile.ZipFile(package) as opened:
        return json.loads(opened.read("manifest.json"))["content"]


@pytest.fixture(scope="module")
def videos(package: Path, manifest: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(package) as opened:
        return {one["camera"]: Path(opened.extract(one["file"], directory)) for one in manifest["videos"]}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=60).stdout


def pictures(data: Path | bytes) -> list[np.ndarray]:
    with av.open(str(data) if isinstance(data, Path) else io.BytesIO(data)) as mp4:
        return [frame.to_ndarray(format="gray") for frame in mp4.decode(video=0)]


def test_an_export_is_found_unchanged(package: Path) -> None:
    with package.open("rb") as file:
        verdict = verify_export(file)
    assert (verdict.is_intact, verdict.findings) == (True, ())
    assert verdict.about["case_number"] == "PL2300-2026118822"


def test_foreign_zip_readers_accept_it(package: Path) -> None:
    with zipfile.ZipFile(package) as opened:
        assert opened.testzip() is None
    assert "No errors detected" in run("unzip", "-t", str(package))


def test_the_manifest_names_every_file_and_whom_it_is_for(package: Path, manifest: dict[str, Any]) -> None:
    with zipfile.ZipFile(package) as opened:
        found = {name: hashlib.sha256(opened.read(name)).hexdigest() for name in opened.namelist()}
    named = {one["name"]: one["sha256"] for one in manifest["files"]}
    assert named == {name: sha256 for name, sha256 in found.items() if name != "manifest.json"}
    asked = ("requester", "organisation", "case_number", "legal_basis", "recipient", "approver", "made_by")
    assert [manifest[name] for name in asked] == [
        "B. Smits", "Politie Limburg", "PL2300-2026118822", "art. 126nd Sv", "Officier van Justitie", "a.bakker",
        "e.officer",
    ]  # fmt: skip
    assert (manifest["from_us"], manifest["from_local"]) == (START_US, "18-11-2026 11:06:40 CET")
    assert manifest["software"].startswith("uitkijk ")


def test_the_manifest_says_what_the_footage_was_made_of(evidence: Evidence, manifest: dict[str, Any]) -> None:
    masked, open_ = manifest["videos"]
    assert (masked["camera"], masked["pictures"], open_["pictures"]) == (MASKED, "painted", "original")
    assert [one["follows"] for one in masked["segments"]] == [False, True, True]
    assert masked["skew_ms"] == {"min": 40, "max": 42}
    assert [(one["version"], one["masks"], one["approver"]) for one in masked["masks"]] == [(1, ["woning"], "a.bakker")]
    assert masked["gaps"] == []
    [gap] = open_["gaps"]
    assert (gap["start_us"], gap["end_us"], gap["reason"]) == (
        START_US + 2_000_000, START_US + 4_000_000, "unreachable",
    )  # fmt: skip
    assert open_["skew_ms"] is None


def test_the_mask_is_in_the_pictures_and_the_open_camera_s_are_its_own(videos: dict[str, Path]) -> None:
    painted = pictures(videos[MASKED])
    assert len(painted) == 3 * SEGMENT_S * FPS
    for picture in painted[::10]:
        inside = picture[int(0.15 * HEIGHT) : int(0.55 * HEIGHT), int(0.15 * WIDTH) : int(0.45 * WIDTH)]
        assert inside.std() < 3
        assert picture[int(0.7 * HEIGHT) :, :].std() > 20
    assert len(pictures(videos[OPEN])) == 2 * SEGMENT_S * FPS


def test_ffprobe_mediainfo_and_mp4box_accept_the_videos(videos: dict[str, Path]) -> None:
    found = [json.loads(line) for line in run("node", "tools/mp4_check.mjs", *map(str, videos.values())).splitlines()]
    for answer, (camera, path) in zip(found, videos.items(), strict=True):
        number = (3 if camera == MASKED else 2) * SEGMENT_S * FPS
        assert set(answer["findings"]) <= {f"BoxParser: Unknown box type: '{kind}'" for kind in ONVIF_BOXES}
        assert [track["samples"] for track in answer["tracks"]] == [number]
        probed = json.loads(run("ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(path)))
        assert [int(one["nb_read_packets"]) for one in probed["streams"]] == [number]
        assert run("ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-") == ""
        general, video = json.loads(run("mediainfo", "--Output=JSON", str(path)))["media"]["track"]
        assert (general["Format"], video["@type"]) == ("MPEG-4", "Video")
        assert "IsTruncated" not in general


def test_a_gap_stays_a_gap_on_the_timeline(videos: dict[str, Path]) -> None:
    with av.open(str(videos[OPEN])) as mp4:
        at_s = [float(frame.time) for frame in mp4.decode(video=0)]
    assert at_s[SEGMENT_S * FPS] - at_s[SEGMENT_S * FPS - 1] == pytest.approx(SEGMENT_S + 1 / FPS, abs=0.01)


def test_openssl_verifies_the_seal_over_the_file_without_its_signature(
    videos: dict[str, Path], package: Path, tmp_path: Path
) -> None:
    data = bytearray(videos[MASKED].read_bytes())
    at = data.rindex(b"sibo") + 4
    signature = bytes(data[at : at + 384])
    data[at : at + 384] = bytes(384)
    (tmp_path / "zeroed.mp4").write_bytes(data)
    (tmp_path / "signature").write_bytes(signature)
    with zipfile.ZipFile(package) as opened:
        opened.extract("certificaat.pem", tmp_path)
    key = run("openssl", "x509", "-in", str(tmp_path / "certificaat.pem"), "-pubkey", "-noout")
    (tmp_path / "key.pem").write_text(key)
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]
    files = ["-signature", str(tmp_path / "signature"), str(tmp_path / "zeroed.mp4")]
    assert run("openssl", "dgst", "-sha256", *pss, "-verify", str(tmp_path / "key.pem"), *files) == "Verified OK\n"


def test_the_boxes_are_those_of_the_export_file_format(videos: dict[str, Path]) -> None:
    data = videos[MASKED].read_bytes()
    assert data[4:12] == b"ftypisom"
    assert b"iso5" in data[16:28]
    meta = data[data.rindex(b"meta") - 4 :]
    assert int.from_bytes(meta[:4], "big") == len(meta)
    suep = meta[meta.index(b"suep") + 4 :]
    assert suep.startswith(b"\1\0\0\0Gemeente Ergens\0\0\0")
    assert b"e.officer\0" + b"\0\0\0\1" + b"\0\1" + b"2 Markt\0" in suep
    cstb = meta[meta.index(b"cstb") + 4 :]
    filetime = int.from_bytes(cstb[8:16], "big")
    assert filetime == START_US * 10 + 116_444_736_000_000_000
    assert meta[meta.index(b"schm") + 8 :].startswith(b"oeff\0\1\0\0")
    assert data.count(b"moof") == data.count(b"tfdt")


def test_the_watermark_is_in_the_pictures_of_an_open_camera_too(evidence: Evidence, tmp_path: Path) -> None:
    order = evidence.order(OPEN, is_watermarked=True)
    made = evidence.make(tmp_path / "w.zip", order)
    with zipfile.ZipFile(made.path) as opened:
        content = json.loads(opened.read("manifest.json"))["content"]
        marked = pictures(opened.read(content["videos"][0]["file"]))
    assert content["watermark"] == "Officier van Justitie - PL2300-2026118822"
    assert content["videos"][0]["pictures"] == "painted"
    plain = open_pictures(evidence.make(tmp_path / "p.zip", evidence.order(OPEN)).path)
    difference = np.abs(marked[0].astype(int) - plain[0].astype(int))
    assert (difference > 40).mean() > 0.005
    assert np.median(difference) < 8


def open_pictures(path: Path) -> list[np.ndarray]:
    with zipfile.ZipFile(path) as opened:
        return pictures(opened.read(next(name for name in opened.namelist() if name.endswith(".mp4"))))
