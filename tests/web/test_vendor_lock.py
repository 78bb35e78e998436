"""What the browser gets from others is exactly what was reviewed, licensed, and all of it is here."""

import json
import re
from pathlib import Path

import pytest

from tools import vendor
from web import pages

ROOT = Path(__file__).resolve().parents[2]
FREE = {"BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "OFL-1.1"}
ADDRESS = re.compile(r"""(?:src|href|from|import|url)\s*[=(]?\s*["'(]\s*(?:https?:)?//(?!www\.w3\.org)[^"')\s]+""")


def test_vendored_files_are_those_in_the_lock() -> None:
    assert vendor.differences() == []


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = json.loads(vendor.LOCK.read_text())["lit"]
    for path in locked["files"]:
        target = tmp_path / locked["folder"] / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((vendor.VENDOR / locked["folder"] / path).read_bytes())
    lock = tmp_path / "vendor.lock.json"
    lock.write_text(json.dumps({"lit": locked}))
    monkeypatch.setattr(vendor, "VENDOR", tmp_path)
    monkeypatch.setattr(vendor, "LOCK", lock)
    assert vendor.differences() == []
    (tmp_path / locked["folder"] / "index.js").write_text("alert(1)")
    (tmp_path / "extra.js").write_text("")
    assert vendor.differences() == ["lit: index.js differs from the lock", "extra.js is not in the lock"]


def test_every_package_is_locked_with_integrity_and_a_free_licence() -> None:
    lock = json.loads(vendor.LOCK.read_text())
    assert set(lock) == {package.name for package in vendor.PACKAGES}
    for locked in lock.values():
        assert locked["integrity"].startswith("sha512-")
        assert locked["license"] in FREE
        assert "LICENSE" in locked["files"]


def test_the_lock_names_no_registry() -> None:
    for file in (vendor.LOCK, ROOT / "package-lock.json", ROOT / "package.json"):
        assert "http" not in file.read_text(), file.name


def test_the_import_map_points_at_files_that_are_there() -> None:
    for path in pages.IMPORTS.values():
        assert (vendor.VENDOR / path).exists(), path


def test_every_icon_used_is_in_the_sprite() -> None:
    sprite = (vendor.VENDOR / "lucide-static@1.62.0" / "sprite.svg").read_text()
    known = set(re.findall(r'id="([a-z0-9-]+)"', sprite))
    sources = [*(ROOT / "web/static/app").glob("*.js"), *(ROOT / "web/templates").glob("*.html")]
    used = {name for file in sources for name in re.findall(r'\bicon\(\s*["\']([a-z0-9-]+)', file.read_text())}
    used |= {page.icon for page in pages.PAGES}
    assert used - known == set()


def test_nothing_of_ours_names_another_origin() -> None:
    files = [file for kind in ("app/*.js", "app/*.css") for file in (ROOT / "web/static").glob(kind)]
    files += (ROOT / "web/templates").glob("*.html")
    assert len(files) > 20
    assert [(file.name, found) for file in files for found in ADDRESS.findall(file.read_text())] == []


def test_scripts_stay_small() -> None:
    long = {f.name: n for f in (ROOT / "web/static/app").glob("*.js") if (n := len(f.read_text().splitlines())) >= 400}
    assert long == {}
