"""The manifest for reading prints names as they are written, whatever their letters; a reader of others tells."""

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import T0_US
from web.bundle import paper
from web.bundle.report import report_pdf

FONTS = Path(paper.__file__).with_name("fonts")
SHA256 = {
    "DejaVuSans-Bold.ttf": "0d977336a6d5fba34eab8e3199eb218327161b5143749f802982c2bc34df0c96",
    "DejaVuSans.ttf": "abdc775b21b1bc470d50c97e790d276f2054b7504e56e5bd3e64f48d68582322",
    "DejaVuSansMono.ttf": "0f5db4f1749979d961019838b160bec74abdf7f9eca69553fe1aa856bbff49a4",
    "DroidSansFallback.ttf": "56d3edfb377a8bc3c4b77f4476405c770173c0e31221ad7c77d0a8e1f3039a3e",
}


def content(**changes: Any) -> dict[str, Any]:
    video = {
        "number": 2, "name": "Markt", "file": "beelden/a.mp4", "sha256": "ab" * 32, "bytes": 9, "start_us": T0_US,
        "start_local": "20-11-2026 12:00:00 CET", "pictures": "painted", "codec": "avc1.42c00d", "width": 320,
        "height": 180, "skew_ms": None, "gaps": [], "segments": [],
        "masks": [{"version": 1, "valid_from_us": T0_US, "masks": ["woning"], "author": "j.devries", "approver": "a"}],
    }  # fmt: skip
    known: dict[str, Any] = {
        "site": "Gemeente Ergens", "case_number": "PL2300", "legal_basis": "art. 126nd Sv", "requester": "B. Smits",
        "organisation": "Politie Limburg", "recipient": "OM", "approver": "a.bakker", "made_by": "e.officer",
        "made_local": "nu", "from_local": "toen", "to_local": "nu", "from_us": T0_US, "to_us": T0_US, "watermark": "",
        "id": "x", "software": "uitkijk", "made_us": T0_US, "videos": [video],
    }  # fmt: skip
    return known | changes


def printed(pdf: bytes, tmp_path: Path) -> str:
    (tmp_path / "report.pdf").write_bytes(pdf)
    command = ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.parametrize(
    "name", ["Łukasz Wałęsa", "Ayşe Yıldız", "北京 李", "Жанна Ґава", "Ελένη", "ひろし 한국", "ﬁŋ ẞ"]
)
def test_a_name_is_printed_as_it_is_written(name: str, tmp_path: Path) -> None:
    text = printed(report_pdf(content(requester=name, site=f"Gemeente {name}"), "key"), tmp_path)
    assert text.count(name) == 2


@pytest.mark.parametrize("name", ["Şen 北", "Şen", "ⴰ"])
def test_names_of_cameras_and_masks_too(name: str, tmp_path: Path) -> None:
    changed = content()
    changed["videos"][0] |= {"name": f"Plein {name}"}
    changed["videos"][0]["masks"][0] |= {"masks": [f"dakterras {name}"]}
    text = printed(report_pdf(changed, "key"), tmp_path)
    assert f"Camera 2 Plein {name}" in text
    assert f"dakterras {name} (j.devries, a)" in text


def test_what_no_font_has_is_printed_as_its_number_and_control_characters_are_not(tmp_path: Path) -> None:
    text = printed(report_pdf(content(requester="x\U0001f984y\x00z"), "key"), tmp_path)
    assert "x[U+1F984]y z" in text


def test_only_the_letters_that_occur_travel_along() -> None:
    assert len(report_pdf(content(), "key")) < 60_000
    assert len(report_pdf(content(requester="北"), "key")) < 80_000


def test_the_fonts_are_those_of_their_authors_with_their_licences() -> None:
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in FONTS.glob("*.ttf")}
    assert found == SHA256
    assert "Bitstream" in (FONTS / "LICENSE-DejaVu.txt").read_text()
    assert "Apache License" in (FONTS / "LICENSE-DroidSansFallback.txt").read_text()
