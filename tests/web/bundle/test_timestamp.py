"""An authority dates the manifest's signature; without an answer the export is made all the same, and says so."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from retention.timestamping import HttpTimestampAuthority, read_roots
from tests.retention.test_sealing import Authority, authority, real_authority  # noqa: F401
from tests.web.bundle.evidence import OPEN, Evidence
from web.bundle import controleer_export
from web.bundle.controleer_export import spelled
from web.bundle.package import Text, write_package
from web.bundle.verify import verify_export


def stamped(evidence: Evidence, out: Path, asked: Authority) -> Path:
    roots = read_roots(asked.ca_file)
    return evidence.make(out, evidence.order(OPEN), HttpTimestampAuthority(asked.url, roots)).path


def codes(path: Path, roots: Path | None = None) -> list[str]:
    with path.open("rb") as file:
        return [finding.code for finding in verify_export(file, authority=roots).findings]


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(path: Path, contents: dict[str, bytes]) -> Path:
    with path.open("wb") as file:
        write_package(file, [Text(name, data) for name, data in contents.items()])
    return path


def test_the_script_checks_the_time_stamp_with_openssl(
    evidence: Evidence,
    tmp_path: Path,
    authority: Authority,  # noqa: F811
) -> None:
    made = stamped(evidence, tmp_path / "e.zip", authority)
    script = Path(controleer_export.__file__)
    command = [sys.executable, "-I", str(script), str(made), "--tsa-ca", str(authority.ca_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "Het tijdstempel van" in done.stdout
    (tmp_path / "other.pem").write_bytes(parts(made)["certificaat.pem"])
    assert codes(made, tmp_path / "other.pem") == ["stamp"]


def test_a_time_stamp_that_is_changed_moved_or_dropped_is_found(
    evidence: Evidence,
    tmp_path: Path,
    authority: Authority,  # noqa: F811
) -> None:
    good = parts(stamped(evidence, tmp_path / "e.zip", authority))
    other = parts(stamped(evidence, tmp_path / "o.zip", authority))
    stamp = json.loads(good["tijdstempel.json"])
    later = spelled({**stamp, "at_us": stamp["at_us"] + 1})
    for changed, expected in (
        ({**good, "tijdstempel.json": later}, ["stamp"]),
        ({**good, "tijdstempel.json": other["tijdstempel.json"]}, ["stamp"]),
        ({name: data for name, data in good.items() if name != "tijdstempel.json"}, ["missing"]),
    ):
        assert codes(packed(tmp_path / "c.zip", changed)) == expected


def test_an_authority_that_is_away_costs_the_stamp_and_nothing_else(
    evidence: Evidence,
    tmp_path: Path,
    authority: Authority,  # noqa: F811
) -> None:
    authority.broken = 503
    made = stamped(evidence, tmp_path / "e.zip", authority)
    assert codes(made) == []
    assert json.loads(parts(made)["manifest.json"])["content"]["timestamped"] is False
    assert "tijdstempel.json" not in parts(made)
