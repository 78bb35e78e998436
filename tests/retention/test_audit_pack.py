"""The audit pack, checked by the script that comes with it and knows nothing of us; then forged."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention import controleer_audit
from retention.audit_pack import Disks, MadePack, PackOrder, write_pack
from retention.audit_pack_parts import AUTHORISATIONS
from retention.sealing import seal_audit
from tests.retention.world import NOW, World, days_ago
from vms.errors import Refused, StorageError
from vms.rules.grants import Grant
from vms.rules.requests import NewRequest
from vms.rules.sampling import draw
from vms.rules.terms import Terms
from vms.signing import SiteSigner, create_signing_key
from vms.store import audit, audit_search, grants, requests, users
from vms.store.audit import AuditEntry
from vms.store.audit_search import AuditSearch
from vms.units import us_from_utc
from web.state_words import AUDIT_ACTION

Parts = dict[str, bytes]
SECRET = "argon2id-of-somebody"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> SiteSigner:
    path = tmp_path_factory.mktemp("key") / "signing.pem"
    create_signing_key(path)
    return SiteSigner(path)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, signer: SiteSigner) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.runner.signer = signer
    act = Acts(made)
    with made.store.transaction() as tx:
        users.add(tx, "a.jansen", "A. <Jansen>", SECRET, ["police_reviewer"], days_ago(400))
        users.add_token(tx, "meldkamer", "hash-of-token", ["observer"], days_ago(300), None)
        users.add(tx, "nood", "Noodaccount", SECRET, ["admin"], days_ago(400), is_break_glass=True)
        for_a_street = Grant(id=0, role="observer", group="markt", start_us=us_from_utc(days_ago(9)))
        grants.give(tx, "a.jansen", for_a_street, "command line", days_ago(9))
        requests.create(tx, REQUEST, days_ago(3))
    act(400, "command line", "users.add", "user:a.jansen")
    act(300, "command line", "tokens.add", "token:meldkamer")
    act(9, "command line", "users.grant", "user:a.jansen", role="observer", group="markt")
    act(8, "nood", "login.break_glass", "user:nood", reason="storing")
    seal_audit(made.store, signer, days_ago(299))
    for number in range(12):
        act(10, "a.jansen", "footage.consult", f"case:BVH {number}", purpose="opsporing")
        act(10, "a.jansen", "footage.view", f"segment:{number}", camera="markt-01", reference=f"BVH {number}")
    act(9, "b.smits", "footage.view", "segment:3", camera="markt-01", reference="BVH 3")
    act(8, "e.officer", "export.create", "request:1", cameras="markt-01", recipient="OM")
    act(7, "m.manager", "audit.review", "audit:logins", drawn=20, findings=0)
    act(50, "a.jansen", "footage.consult", "case:BEFORE", purpose="opsporing")
    made.record(days_ago(29))
    made.runner.run()
    return made


class Acts:
    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, ago: float, actor: str, action: str, object_: str, **detail: str | int) -> None:
        at = days_ago(ago) + timedelta(seconds=1)
        entry = AuditEntry(
            at=at, actor=actor, roles=("x",), action=action, object=object_, result="allowed", detail=detail
        )
        with self._world.store.transaction() as tx:
            audit.append(tx, entry)


REQUEST = NewRequest(
    organisation="Politie", requester="B. Smits", case_number="PL 1", legal_basis="126nd Sv", recipient="OM",
    cameras=("markt-01",), start_at=NOW - timedelta(days=4), end_at=NOW - timedelta(days=3), note="", unmasked=False,
    created_by="e.officer",
)  # fmt: skip


def made(world: World, signer: SiteSigner, path: Path, **changes: Any) -> MadePack:
    known = {
        "sample": 5,
        "seed": "",
        "terms": Terms(28),
        "bases": {"public_order": "art. 151c Gemeentewet"},
        "start": NOW - timedelta(days=31),
        "end": NOW,
    }
    order = PackOrder(**({"site_name": "Gemeente Ergens", "timezone": "Europe/Amsterdam"} | known | changes))
    disks = Disks([world.root], world.keys_dir, world.root.parent / "evidence")
    return write_pack(path, order, world.store, disks, signer, NOW)


@pytest.fixture(scope="module")
def good(world: World, signer: SiteSigner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(world, signer, tmp_path_factory.mktemp("good") / "p.zip").path


def parts_of(path: Path) -> Parts:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def rows(parts: Parts, name: str) -> list[Any]:
    return [json.loads(line) for line in parts[name].splitlines()]


def findings(path: Path, key: str | None = None) -> list[str]:
    with zipfile.ZipFile(path) as package:
        check = controleer_audit.Check(package, key)
        check.run()
    return check.findings


def test_a_good_pack_is_unchanged_for_a_script_that_stands_alone(good: Path, signer: SiteSigner) -> None:
    source = Path(controleer_audit.__file__).read_text()
    assert len(source.splitlines()) < 300
    assert set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE)) <= set(sys.stdlib_module_names)
    script = good.with_name("alone.py")
    script.write_bytes(parts_of(good)["controleer_audit.py"])
    command = [sys.executable, "-I", str(script), str(good), "--sleutel", signer.key_id]
    done = subprocess.run(command, capture_output=True, text=True, cwd=good.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ONGEWIJZIGD: alles klopt" in done.stdout
    assert "Steekproef: 5 van 12 raadplegingen" in done.stdout
    assert findings(good, "0" * 16) == [f"ondertekend met een andere sleutel ({signer.key_id}) dan die van de gemeente"]


def test_the_sample_tells_reasons_and_looks_and_can_be_drawn_again(good: Path, world: World) -> None:
    parts = parts_of(good)
    content = json.loads(parts["pakket.json"])["content"]
    with world.store.reading() as tx:
        asked = AuditSearch(action="footage.consult", start=NOW - timedelta(days=31), end=NOW)
        population = audit_search.numbers(tx, asked)
    assert content["sample"]["drawn"] == draw(content["sample"]["seed"], population, 5)
    sample = [line["row"] for line in rows(parts, "steekproef.jsonl")]
    consulted = [row for row in sample if row["action"] == "footage.consult"]
    looked = [row for row in sample if row["action"] == "footage.view"]
    assert [row["seq"] for row in consulted] == content["sample"]["drawn"]
    assert {row["detail"]["reference"] for row in looked} == {row["object"][5:] for row in consulted}
    assert {row["actor"] for row in looked} == {"a.jansen"}, "not somebody else's under the same case"


def test_the_auditors_own_seed_draws_another_sample(world: World, signer: SiteSigner, tmp_path: Path) -> None:
    drawn = {
        seed: json.loads(parts_of(made(world, signer, tmp_path / f"{seed}.zip", seed=seed).path)["pakket.json"])[
            "content"
        ]["sample"]
        for seed in ("auditor-1", "auditor-2")
    }
    assert drawn["auditor-1"]["seed"] == "auditor-1"
    assert drawn["auditor-1"]["drawn"] != drawn["auditor-2"]["drawn"]


def test_it_holds_what_an_auditor_asks_and_nothing_to_sign_in_with(good: Path) -> None:
    parts = parts_of(good)
    assert [line["row"]["action"] for line in rows(parts, "autorisaties.jsonl")] == [
        "users.add", "tokens.add", "users.grant", "login.break_glass",
    ]  # fmt: skip
    assert [line["row"]["action"] for line in rows(parts, "verstrekkingen.jsonl")] == ["export.create"]
    assert [line["row"]["action"] for line in rows(parts, "toezicht.jsonl")] == ["audit.review"]
    assert json.loads(parts["verzoeken.json"])[0]["case_number"] == "PL 1"
    accounts = json.loads(parts["accounts.json"])
    assert [(one["naam"], one["rollen"], one["noodaccount"]) for one in accounts["personen"]] == [
        ("a.jansen", ["police_reviewer"], False),
        ("nood", ["admin"], True),
    ]
    assert accounts["toekenningen"] == [
        {
            "houder": "a.jansen", "nummer": 1, "rol": "observer", "groep": "markt", "doel": "",
            "vanaf": days_ago(9).isoformat(), "tot": None, "ingetrokken": None,
            "gegeven_door": "command line", "grondslag": "",
        },
    ]  # fmt: skip
    certificate = zipfile.ZipFile(__import__("io").BytesIO(parts["wiscertificaat.zip"]))
    assert "certificaat.json" in certificate.namelist()
    assert set(json.loads(parts["pakket.json"])["content"]["files"]) == set(parts) - controleer_audit.UNLISTED
    everything = b"".join(parts.values())
    for secret in (SECRET, "hash-of-token"):
        assert secret.encode() not in everything
    page = parts["samenvatting.html"].decode()
    assert "A. &lt;Jansen&gt;" not in page, "names as they sign in"
    assert "5 van 12 raadplegingen" in page
    assert "<td>admin (noodaccount)</td>" in page
    assert "<td>observer</td><td>markt</td>" in page
    assert "De keten van alle" in page
    assert "http" not in page.replace("http-equiv", "")


def test_whatever_changes_who_may_do_what_is_told_as_an_authorisation() -> None:
    changing = {action for action in AUDIT_ACTION if action.startswith(("users.", "tokens.", "crossings."))}
    assert {*changing, "login.break_glass"} - {"users.list", "crossings.list"} == AUTHORISATIONS


def rewritten(path: Path, change: Callable[[Parts], None], out: Path) -> Path:
    parts = parts_of(path)
    change(parts)
    with zipfile.ZipFile(out, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return out


def put_sums(parts: Parts) -> None:
    pack = json.loads(parts["pakket.json"])
    for name, known in pack["content"]["files"].items():
        if name in parts:
            known["sha256"] = hashlib.sha256(parts[name]).hexdigest()
    parts["pakket.json"] = json.dumps(pack).encode()


def edit(parts: Parts, name: str, change: Callable[[Any], None], *, rehash: bool) -> None:
    lines = rows(parts, name)
    change(lines[0])
    if rehash:
        lines[0]["row"]["hash"] = controleer_audit.row_hash(lines[0]["row"])
    parts[name] = b"".join(controleer_audit.canonical(line) + b"\n" for line in lines)


FORGERIES: dict[str, tuple[Callable[[Parts], None], str]] = {
    "edited": (
        lambda parts: edit(parts, "steekproef.jsonl", lambda line: line["row"].update(actor="x"), rehash=False),
        "is gewijzigd",
    ),
    "edited with its hash": (
        lambda parts: edit(parts, "steekproef.jsonl", lambda line: line["row"].update(actor="x"), rehash=True),
        "stond zo niet in het log toen het verzegeld werd",
    ),
    "moved": (
        lambda parts: edit(parts, "autorisaties.jsonl", lambda line: line["proof"].update(index=1), rehash=False),
        "stond niet op die plaats in het log",
    ),
    "unsealed": (
        lambda parts: edit(parts, "autorisaties.jsonl", lambda line: line.update(proof=None), rehash=False),
        "is niet verzegeld",
    ),
    "consultation taken out": (
        lambda parts: parts.update({"steekproef.jsonl": b""}),
        "is getrokken en ontbreekt",
    ),
    "register taken out": (lambda parts: parts.pop("verzoeken.json") and None, "verzoeken.json ontbreekt"),
    "file put in": (lambda parts: parts.update({"meer.json": b"{}"}), "meer.json hoort niet in het pakket"),
    "register edited": (lambda parts: parts.update({"besluiten.json": b"[1]"}), "besluiten.json is gewijzigd"),
}


@pytest.mark.parametrize("knows_sums", [False, True])
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_pack_is_told_where(good: Path, tmp_path: Path, name: str, knows_sums: bool) -> None:
    forge, says = FORGERIES[name]

    def change(parts: Parts) -> None:
        forge(parts)
        if knows_sums:
            put_sums(parts)

    found = " | ".join(findings(rewritten(good, change, tmp_path / "forged.zip")))
    if knows_sums and name != "register taken out" and name != "file put in":
        assert "de handtekening onder het pakket klopt niet" in found
    if not (knows_sums and name == "register edited"):
        assert says in found


def test_a_log_that_was_changed_is_told_in_the_pack_and_by_its_checker(signer: SiteSigner, tmp_path: Path) -> None:
    world = World(tmp_path)
    Acts(world)(1, "a", "footage.consult", "case:1")
    seal_audit(world.store, signer, NOW)
    with world.store.transaction() as tx:
        tx.execute(text("update audit set actor = 'b'"))
    done = made(world, signer, tmp_path / "p.zip")
    assert "audit 1: was changed after it was written" in findings(done.path)[-1]
    assert "wiscertificaat.zip" not in parts_of(done.path), "nothing was erased"
    assert "Het log is gewijzigd" in parts_of(done.path)["samenvatting.html"].decode()


def test_a_log_that_gets_no_seal_is_told_in_the_pack_all_the_same(signer: SiteSigner, tmp_path: Path) -> None:
    world = World(tmp_path)
    Acts(world)(2, "a", "footage.consult", "case:1")
    seal_audit(world.store, signer, NOW)
    Acts(world)(1, "a", "footage.consult", "case:2")
    with world.store.transaction() as tx:
        tx.execute(text("update audit set hash = 'none' where seq = 2"))
    done = made(world, signer, tmp_path / "p.zip")
    assert [str(one) for one in done.proof.findings] == ["audit 2: was changed after it was written"]
    assert findings(done.path) == ["de server vond: audit 2: was changed after it was written"]


def test_a_row_that_cannot_be_read_is_named_in_a_pack_that_is_made_and_signed(
    signer: SiteSigner, tmp_path: Path
) -> None:
    world = World(tmp_path)
    for number in range(3):
        Acts(world)(2, "a", "footage.consult", f"case:{number}")
        Acts(world)(2, "a", "users.add", f"user:{number}")
    seal_audit(world.store, signer, NOW)
    with world.store.transaction() as tx:
        tx.execute(text("update audit set detail = '{' where seq = 3"))
        tx.execute(text("update audit set roles = 'none' where seq = 4"))
    done = made(world, signer, tmp_path / "p.zip")
    assert [str(one) for one in done.proof.findings] == [
        "audit 3: was changed after it was written",
        "audit 4: was changed after it was written",
    ]
    assert {
        "steekproef.jsonl: regel 3 is gewijzigd",
        "autorisaties.jsonl: regel 4 is gewijzigd",
        "de server vond: audit 3: was changed after it was written",
        "de server vond: audit 4: was changed after it was written",
    } == set(findings(done.path, signer.key_id))
    parts = parts_of(done.path)
    [row] = [line["row"] for line in rows(parts, "steekproef.jsonl") if line["row"]["seq"] == 3]
    assert row["detail"] == {"unreadable": "{"}
    assert "audit 3: was changed" in parts["samenvatting.html"].decode()


def test_a_register_that_cannot_be_read_is_said_and_leaves_no_half_pack(signer: SiteSigner, tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.store.transaction() as tx:
        users.add(tx, "a", "A", SECRET, ["observer"], NOW)
        tx.execute(text("update user_account set roles = '{'"))
    with pytest.raises(StorageError, match="a register cannot be read"):
        made(world, signer, tmp_path / "p.zip")
    assert not (tmp_path / "p.zip").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"hello"])
def test_what_is_no_pack_is_said_to_be_none(tmp_path: Path, content: bytes, capsys, monkeypatch) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["controleer_audit.py", str(path)])
    assert controleer_audit.main() == 1
    assert "geen heel auditpakket" in capsys.readouterr().out


@pytest.fixture
def new_signer(tmp_path: Path) -> SiteSigner:
    create_signing_key(tmp_path / "new.pem")
    return SiteSigner(tmp_path / "new.pem")


def test_seals_under_a_former_key_are_the_sites_own_and_the_checker_says_so(
    signer: SiteSigner, new_signer: SiteSigner, tmp_path: Path
) -> None:
    world = World(tmp_path)
    Acts(world)(2, "a", "footage.consult", "case:1")
    seal_audit(world.store, signer, days_ago(1.5))
    Acts(world)(1, "a", "footage.consult", "case:2")
    known = made(world, new_signer, tmp_path / "known.zip", former_keys=(signer.public.hex(),)).path
    with zipfile.ZipFile(known) as package:
        check = controleer_audit.Check(package, new_signer.key_id)
        check.run()
    assert check.findings == []
    assert f"Zegels onder een vroegere sleutel van de gemeente ({signer.key_id}): 1" in check.report()
    unknown = made(world, new_signer, tmp_path / "unknown.zip").path
    assert f"zegel over regel 1–1: met een sleutel die niet van de gemeente is ({signer.key_id})" in findings(unknown)

    def claim(parts: Parts) -> None:
        pack = json.loads(parts["pakket.json"])
        pack["content"]["former_keys"] = [signer.public.hex()]
        parts["pakket.json"] = json.dumps(pack).encode()

    forged = rewritten(unknown, claim, tmp_path / "forged.zip")
    assert "de handtekening onder het pakket klopt niet: het is gewijzigd" in findings(forged)


def test_a_pack_of_a_period_that_runs_on_ends_where_its_seal_was_made(
    signer: SiteSigner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    act = Acts(world)
    act(1, "a", "footage.consult", "case:1")
    act(1, "a", "footage.view", "segment:1", reference="1")

    def busy(*_: object) -> None:
        """Others go on while the pack is made: one of them began before the seal, and waited."""
        for ago in (-0.1, 0.01):
            act(ago, "b", "footage.consult", "case:2")
            act(ago, "b", "export.create", "request:1")
            act(0.9, "a", "footage.view", "segment:2", reference="1")
        raise Refused("nothing was erased")

    monkeypatch.setattr("retention.audit_pack.write_certificate", busy)
    done = made(world, signer, tmp_path / "p.zip", end=NOW + timedelta(days=1))
    assert findings(done.path) == []
    parts = parts_of(done.path)
    assert [line["row"]["seq"] for line in rows(parts, "steekproef.jsonl")] == [1, 2]
    content = json.loads(parts["pakket.json"])["content"]
    assert (content["to_us"], content["sample"]["drawn_from"]) == (us_from_utc(NOW), 1)
    assert sum(one["number"] for one in content["figures"]) == 2
