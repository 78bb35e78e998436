"""Rows of the hash chains into which somebody wrote what is no JSON: they are named, and nothing ends over them."""

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from retention.certificate import write_certificate
from retention.verify_evidence import every_copy
from tests.retention.world import NOW, World, days_ago
from vms.rules.terms import Terms
from vms.signing import SiteSigner, create_signing_key
from vms.store import audit, ledger, purge_facts
from vms.store.audit import AuditEntry

BROKEN = (
    "no json", "", "[1]", "null", "7", '{"segments": 7}', '{"segments": [{}, 1.5]}', '{"a": NaN}', '{"a": "\\ud83d"}',
    "[" * 5000, '"segments"',
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.record(days_ago(30))
    made.runner.run()
    assert made.ledger_kinds() == ["intent", "done", "key", "run"]
    return made


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> SiteSigner:
    path = tmp_path_factory.mktemp("key") / "signing.pem"
    create_signing_key(path)
    return SiteSigner(path)


def rewrite(world: World, table: str, column: str, seq: int, content: str) -> None:
    with world.store.transaction() as tx:
        tx.execute(text(f"update {table} set {column} = :content where seq = :seq"), {"content": content, "seq": seq})


@pytest.mark.parametrize("seq", [2, 4], ids=["done", "run"])
def test_a_ledger_row_that_cannot_be_read_is_a_finding_in_a_certificate_that_is_made(
    world: World, signer: SiteSigner, tmp_path: Path, seq: int
) -> None:
    with world.store.reading() as tx:
        whole = json.dumps(next(one for one in ledger.entries(tx) if one.seq == seq).payload)
    for number, content in enumerate(BROKEN):
        rewrite(world, "ledger", "payload", seq, content)
        found = [finding.text for finding in world.proof().findings if finding.code == "R3"]
        assert found == [f"ledger row {seq} was changed"], content
        with world.store.reading() as tx:
            assert purge_facts.purge_facts(tx, days_ago(28)).bytes == (0 if seq == 4 else 700)
        out = tmp_path / f"{number}.zip"
        made = write_certificate(
            *(out, "Venlo", world.store, [world.root], world.keys_dir, signer, NOW, Terms(28)),
            *(world.evidence_dir, every_copy),
        )
        assert f"ledger row {seq} was changed" in {finding.text for finding in made.proof.findings}
        with zipfile.ZipFile(out) as package:
            told = [json.loads(line) for line in package.read("wislogboek.jsonl").splitlines()]
            erased = sum(
                one["erased"] for one in json.loads(package.read("certificaat.json"))["content"]["camera_days"]
            )
        assert [one["seq"] for one in told] == [1, 2, 3, 4]
        assert erased == (0 if seq == 2 else 1), "a row that was changed counts for nothing"
    rewrite(world, "ledger", "payload", seq, whole)
    assert world.proof().findings == ()


@pytest.mark.parametrize("column", ["detail", "roles"])
def test_an_audit_row_that_cannot_be_read_is_named_by_the_chain(world: World, column: str) -> None:
    with world.store.transaction() as tx:
        for number in range(3):
            audit.append(
                tx,
                AuditEntry(
                    at=NOW, actor="a", roles=("x",), action="footage.view", object=f"segment:{number}",
                    result="allowed", detail={},
                ),
            )  # fmt: skip
        seq = audit.head(tx).seq - 1
    whole = {"detail": "{}", "roles": '["x"]'}[column]
    for content in BROKEN:
        if column == "roles" and content == "[1]":
            continue
        rewrite(world, "audit", column, seq, content)
        with world.store.reading() as tx:
            assert [str(one) for one in audit.verify(tx)] == [f"audit {seq}: was changed after it was written"], content
            assert [one.seq for one in audit.newest(tx, 3)] == [seq + 1, seq, seq - 1]
    rewrite(world, "audit", column, seq, whole)
    with world.store.reading() as tx:
        assert audit.verify(tx) == []
