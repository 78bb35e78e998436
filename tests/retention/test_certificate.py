"""The erasure certificate, checked by the script that comes with it and knows nothing of us; then forged."""

import hashlib
import inspect
import json
import re
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from retention import controleer, controleer_audit
from retention.certificate import Certificate, write_certificate
from retention.sealing import Stamping, seal_ledger
from retention.timestamping import HttpTimestampAuthority, read_roots
from retention.verify_evidence import every_copy
from tests.retention.test_sealing import Authority, real_authority  # noqa: F401
from tests.retention.world import NOW, World, days_ago
from vms.clock import now_utc
from vms.errors import Refused
from vms.rules.terms import Terms
from vms.signing import SiteSigner, create_signing_key
from vms.units import CameraId
from web.bundle import controleer_export

Parts = dict[str, bytes]


@pytest.fixture
def signer(tmp_path: Path) -> SiteSigner:
    create_signing_key(tmp_path / "signing.pem")
    return SiteSigner(tmp_path / "signing.pem")


@pytest.fixture
def erased(world: World, signer: SiteSigner) -> World:
    return with_erasures(world, signer)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good certificate, to be forged."""
    directory = tmp_path_factory.mktemp("good")
    create_signing_key(directory / "signing.pem")
    signer = SiteSigner(directory / "signing.pem")
    world = with_erasures(World(directory), signer)
    certify(world, signer, directory / "c.zip")
    world.store.close()
    return directory / "c.zip"


def with_erasures(world: World, signer: SiteSigner) -> World:
    """Four segments of two cameras erased in two runs, one held, two young."""
    world.runner.signer = signer
    world.record(days_ago(29))
    world.record(days_ago(28.5), CameraId("plein-02"))
    world.runner.run()
    world.hold(world.record(days_ago(28.4)))
    world.record(days_ago(28.1), size=7_000)
    world.record(days_ago(28.1), CameraId("plein-02"))
    world.record(days_ago(1))
    world.record(days_ago(27))
    world.runner.run(confirmed=True)
    return world


def certify(world: World, signer: SiteSigner, path: Path, **options: Any) -> Certificate:
    now = now_utc(world.clock)
    return write_certificate(
        path,
        "Gemeente Ergens",
        world.store,
        [world.root],
        world.keys_dir,
        signer,
        now,
        Terms(28),
        world.evidence_dir,
        every_copy,
        **options,
    )


def check(path: Path, *arguments: str | Path) -> tuple[int, str]:
    """As the police do: the script on its own, without our packages on the path."""
    script = path.with_name("alone") / "controleer.py"
    script.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path) as package:
        script.write_bytes(package.read("controleer.py"))
    command = [sys.executable, "-I", str(script), str(path), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=script.parent)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def findings(path: Path, key: str | None = None) -> list[str]:
    with zipfile.ZipFile(path) as package:
        checked = controleer.Check(package, key, None)
        checked.run()
    return checked.findings


def test_the_script_stands_alone_and_is_short_enough_to_read() -> None:
    source = Path(controleer.__file__).read_text()
    assert len(source.splitlines()) < 300
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported <= set(sys.stdlib_module_names)


def test_a_good_certificate_is_unchanged_and_tells_what_was_erased(erased: World, signer, tmp_path: Path) -> None:
    made = certify(erased, signer, tmp_path / "c.zip")
    assert made.proof.findings == ()
    code, text = check(made.path, "--sleutel", signer.key_id)
    assert code == 0, text
    assert "ONGEWIJZIGD: alles klopt" in text
    assert f"gewist: 4 opnamen, {700 + 700 + 7000 + 700} bytes; mislukt: 0" in text
    assert "Oudste beeld toen het gewist werd: 29 dagen, 0:00:00" in text
    assert "veiliggesteld: 1" in text
    assert "Er is geen tijdstempel van buiten" in text


def test_figures_per_camera_and_day_are_those_of_the_disk(erased: World, signer, tmp_path: Path) -> None:
    made = certify(erased, signer, tmp_path / "c.zip")
    with zipfile.ZipFile(made.path) as package:
        content = json.loads(package.read("certificaat.json"))["content"]
    rows = {(one["camera"], one["day"]): one for one in content["camera_days"]}
    young = f"{days_ago(1):%d-%m-%Y}"
    assert rows["markt-01", young]["stored"] == 1
    assert rows["markt-01", young]["erased"] == 0
    on_disk = sum(file.stat().st_size for file in erased.root.rglob("*.mp4"))
    assert sum(one["stored_bytes"] for one in rows.values()) == on_disk
    assert content["bytes"] == on_disk + sum(file.stat().st_size for file in erased.root.rglob("*.jsonl"))


def test_without_the_citys_key_the_script_says_which_key_to_compare(erased: World, signer, tmp_path: Path) -> None:
    made = certify(erased, signer, tmp_path / "c.zip")
    assert f"kenmerk van de sleutel: {signer.key_id}" in check(made.path)[1]
    code, text = check(made.path, "--sleutel", "0" * 16)
    assert code == 1
    assert "ondertekend met een andere sleutel" in text


def test_time_stamps_are_checked_against_the_authoritys_root(
    erased: World,
    signer,
    tmp_path: Path,
    real_authority: Authority,  # noqa: F811
) -> None:
    authority = HttpTimestampAuthority(real_authority.url, read_roots(real_authority.ca_file))
    assert Stamping(erased.store, authority, 3600).run()
    made = certify(erased, signer, tmp_path / "c.zip")
    assert "1 tijdstempels niet gecontroleerd" in check(made.path)[1]
    code, text = check(made.path, "--tsa-ca", real_authority.ca_file)
    assert code == 0
    assert "1 tijdstempels kloppen; het laatste: " in text
    other = tmp_path / "other"
    other.mkdir()
    stranger = Authority(other)
    stranger.close()
    code, text = check(made.path, "--tsa-ca", stranger.ca_file)
    assert code == 1
    assert "1 van 1 tijdstempels kloppen niet" in text


def rewritten(path: Path, change: Callable[[Parts], None]) -> Path:
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    change(parts)
    forged = path.with_name(f"forged-{secrets.token_hex(4)}.zip")
    with zipfile.ZipFile(forged, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return forged


def lines(parts: Parts, name: str) -> list[Any]:
    return [json.loads(line) for line in parts[name].splitlines()]


def put_lines(parts: Parts, name: str, rows: list[Any]) -> None:
    parts[name] = b"".join(controleer.canonical(row) + b"\n" for row in rows)


def put_sums(parts: Parts) -> None:
    """A forger who knows the format brings the certificate's sums in line; not its signature."""
    certificate = json.loads(parts["certificaat.json"])
    certificate["content"]["sha256"] = {
        name: hashlib.sha256(parts[name]).hexdigest() for name in certificate["content"]["sha256"]
    }
    parts["certificaat.json"] = json.dumps(certificate).encode()


def edit_row(parts: Parts) -> None:
    rows = lines(parts, "wislogboek.jsonl")
    rows[1]["payload"]["segments"][0]["start_us"] += 1
    put_lines(parts, "wislogboek.jsonl", rows)


def edit_row_and_rehash(parts: Parts) -> None:
    rows = lines(parts, "wislogboek.jsonl")
    rows[1]["payload"]["segments"][0]["start_us"] += 1
    previous = rows[0]["prev_hash"]
    for row in rows:
        row["prev_hash"] = previous
        row["hash"] = previous = controleer.row_hash(row)
    put_lines(parts, "wislogboek.jsonl", rows)
    certificate = json.loads(parts["certificaat.json"])
    certificate["content"]["ledger"]["head"] = previous
    parts["certificaat.json"] = json.dumps(certificate).encode()


def drop_row(parts: Parts) -> None:
    put_lines(parts, "wislogboek.jsonl", lines(parts, "wislogboek.jsonl")[:2] + lines(parts, "wislogboek.jsonl")[3:])


def cut_tail(parts: Parts) -> None:
    put_lines(parts, "wislogboek.jsonl", lines(parts, "wislogboek.jsonl")[:-1])


def swap_rows(parts: Parts) -> None:
    rows = lines(parts, "wislogboek.jsonl")
    rows[1], rows[2] = rows[2], rows[1]
    put_lines(parts, "wislogboek.jsonl", rows)


def drop_seal(parts: Parts) -> None:
    put_lines(parts, "zegels.jsonl", lines(parts, "zegels.jsonl")[1:])


def edit_seal(parts: Parts) -> None:
    seals = lines(parts, "zegels.jsonl")
    seals[0]["at_us"] += 1
    put_lines(parts, "zegels.jsonl", seals)


def edit_figure(parts: Parts) -> None:
    certificate = json.loads(parts["certificaat.json"])
    certificate["content"]["oldest_frame_us"] += 10**12
    parts["certificaat.json"] = json.dumps(certificate).encode()


FORGERIES = {
    edit_row: "wislogboek: regel 2 is gewijzigd",
    edit_row_and_rehash: "past niet bij het wislogboek",
    drop_row: "wislogboek: regel 3 ontbreekt",
    cut_tail: "wislogboek: de laatste regels ontbreken",
    swap_rows: "wislogboek: regel 2 ontbreekt",
    drop_seal: "sluit niet aan op het zegel ervoor",
    edit_seal: "de handtekening klopt niet",
    edit_figure: "de handtekening onder het certificaat klopt niet",
}


@pytest.mark.parametrize("knows_sums", [False, True])
@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forged_certificate_is_told_where(good: Path, forge: Callable[[Parts], None], knows_sums: bool) -> None:
    def change(parts: Parts) -> None:
        forge(parts)
        if knows_sums:
            put_sums(parts)

    assert findings(good) == []
    found = " ".join(findings(rewritten(good, change)))
    assert FORGERIES[forge] in found
    is_in_statement = knows_sums or forge in (edit_figure, edit_row_and_rehash)
    assert ("de handtekening onder het certificaat klopt niet" in found) == is_in_statement


def test_a_certificate_signed_anew_with_another_key_needs_only_the_citys_key_to_be_told(
    erased: World, signer, tmp_path: Path
) -> None:
    create_signing_key(tmp_path / "forger.pem")
    forger = SiteSigner(tmp_path / "forger.pem")
    forged = certify(erased, forger, tmp_path / "c.zip")
    code, text = check(forged.path)
    assert code == 1, "the seals are the city's"
    code, text = check(forged.path, "--sleutel", signer.public.hex())
    assert "ondertekend met een andere sleutel" in text


def test_every_flipped_byte_of_the_statement_is_noticed(good: Path) -> None:
    with zipfile.ZipFile(good) as package:
        statement = package.read("certificaat.json")
    for at in range(statement.index(b'"content"'), len(statement), 97):
        if statement[at : at + 1].isspace():
            continue
        changed = bytearray(statement)
        changed[at] ^= 1
        try:
            found = findings(
                rewritten(good, lambda parts, changed=changed: parts.update({"certificaat.json": changed}))
            )
        except (KeyError, ValueError, TypeError):
            continue
        assert found, statement[max(0, at - 20) : at + 20]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"hello"])
def test_what_is_no_certificate_is_said_to_be_none(tmp_path: Path, content: bytes, capsys, monkeypatch) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["controleer.py", str(path)])
    assert controleer.main() == 1
    assert "geen heel wiscertificaat" in capsys.readouterr().out


def test_a_certificate_nested_without_end_is_said_to_be_none(good: Path, capsys, monkeypatch) -> None:
    def deepen(parts: Parts) -> None:
        parts["certificaat.json"] = b"[" * 100_000

    forged = rewritten(good, deepen)
    monkeypatch.setattr(sys, "argv", ["controleer.py", str(forged)])
    assert controleer.main() == 1
    assert "geen heel wiscertificaat" in capsys.readouterr().out


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, capsys, monkeypatch) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("certificaat.json", b"0" * 5000)
    monkeypatch.setattr(controleer, "MAX_BYTES", 4000)
    monkeypatch.setattr(sys, "argv", ["controleer.py", str(path)])
    assert controleer.main() == 1
    assert "groter dan" in capsys.readouterr().out


def test_a_certificate_of_a_period_begins_at_a_seal_and_checks_alike(erased: World, signer, tmp_path: Path) -> None:
    erased.clock.advance(86_400)
    erased.record(days_ago(28.01) + timedelta(days=1))
    erased.runner.run(confirmed=True)
    made = certify(erased, signer, tmp_path / "c.zip", since=NOW + timedelta(hours=1))
    with zipfile.ZipFile(made.path) as package:
        first = json.loads(package.read("wislogboek.jsonl").splitlines()[0])
    assert first["seq"] > 1
    code, text = check(made.path)
    assert code == 0, text


def test_footage_too_old_on_disk_is_told_by_certificate_and_script(erased: World, signer, tmp_path: Path) -> None:
    erased.clock.advance(30 * 86_400)
    made = certify(erased, signer, tmp_path / "c.zip")
    assert {finding.code for finding in made.proof.findings} >= {"R1"}
    code, text = check(made.path)
    assert code == 1
    assert "de server vond: [R1]" in text


def test_a_certificate_is_never_written_over_another_and_leaves_nothing_half(world: World, signer, tmp_path) -> None:
    with pytest.raises(Refused, match="nothing to certify"):
        certify(world, signer, tmp_path / "c.zip")
    assert not (tmp_path / "c.zip").exists()
    (tmp_path / "c.zip").write_text("precious")
    seal_ledger(world.store, signer, NOW)
    with pytest.raises(FileExistsError):
        certify(world, signer, tmp_path / "c.zip")
    assert (tmp_path / "c.zip").read_text() == "precious"


def test_both_checkers_that_travel_alone_check_signatures_alike() -> None:
    """Each must stand on its own, so each has the same lines; a mend of one is a mend of both."""
    names = ("unpack_point", "add_points", "times", "is_signed")
    here, there = (
        [inspect.getsource(getattr(module, name)) for name in names] for module in (controleer, controleer_export)
    )
    assert here == there
    assert here == [inspect.getsource(getattr(controleer_audit, name)) for name in names]


def test_our_own_ed25519_agrees_with_the_library(signer: SiteSigner) -> None:
    content = {"a": 1, "ë": "x"}
    signature = signer.sign("k", content)
    message = controleer.signed_bytes("k", content)
    assert controleer.is_signed(signer.public, message, signature)
    assert not controleer.is_signed(signer.public, message + b"x", signature)
    for at in (0, 31, 32, 63):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not controleer.is_signed(signer.public, message, bytes(changed))
    order = int.from_bytes(signature[32:], "little") + controleer.ORDER
    malleable = signature[:32] + order.to_bytes(32, "little")
    assert not controleer.is_signed(signer.public, message, malleable)
    assert not controleer.is_signed(b"\xff" * 32, message, signature)
