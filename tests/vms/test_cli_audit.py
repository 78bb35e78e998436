"""`vms audit`, by the functions that the command registers."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from tests.vms.test_audit_check import AT, filled
from vms.audit_copies import Position, PositionFile
from vms.cli.audit import audit_app
from vms.config import load_config
from vms.errors import ConfigError
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, audit, ledger
from vms.store.audit import AuditEntry, AuditResult


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    camera = '[[cameras]]\nid = "a"\nnumber = 1\nname = "A"\nmain = "rtsp://127.0.0.1:9/a"\n'
    path.write_text(f'[site]\ndata_dir = "d"\n{camera}', encoding="utf-8")
    site = load_config(path)
    create_signing_key(site.signing_key_file)
    filled(site.database_url, SiteSigner(site.signing_key_file)).close()
    return path


def run(config: Path, *arguments: str):
    return CliRunner().invoke(audit_app, [*arguments, "--config", str(config)])


def test_a_whole_log_is_0_and_a_changed_one_1_with_the_row(config: Path) -> None:
    done = run(config, "verify")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "8 rows; sealed up to row 6",
        "nothing was changed, put in, taken out or cut off",
    ]
    engine = create_engine(load_config(config).database_url)
    with engine.begin() as connection:
        connection.execute(text("update audit set actor = 'x' where seq = 5"))
    engine.dispose()
    told = run(config, "verify", "--json")
    assert told.exit_code == 1
    value = json.loads(told.output)
    assert value["findings"] == [{"seq": 5, "text": "was changed after it was written"}]
    assert (value["rows"], value["sealed_rows"], value["sealed_at"]) == (8, 6, AT.isoformat())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("--head", "12"), "must be SEQ:HASH"), (("--copy", "/nowhere/copy"), "cannot read it")],
)
def test_what_was_noted_elsewhere_must_be_readable(config: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run(config, "verify", *arguments)
    assert isinstance(done.exception, ConfigError)
    assert says in str(done.exception)


def test_a_row_that_a_certificate_tells_of_is_missed(config: Path) -> None:
    done = run(config, "verify", "--head", f"9:{'0' * 64}")
    assert done.exit_code == 1
    assert "audit 9: cut off: rows 9 to 9, that was noted elsewhere, are gone" in done.output


def test_the_register_of_processing_tells_what_was_done_and_never_by_whom(config: Path, tmp_path: Path) -> None:
    store = Store(load_config(config).database_url)
    erased = {"segments": [{"id": 1, "camera": "markt-01", "start_us": 7, "sha256": "0" * 64}]}
    rows: list[tuple[str, str, dict[str, str | int | None], AuditResult]] = [
        ("footage.view", "segment:9", {"camera": "markt-01", "start_us": 5, "reference": "BVH 2026-1"}, "allowed"),
        ("login", "user:a.jansen", {}, "allowed"),
        ("export.create", "request:3", {"cameras": "a,b", "recipient": "OM", "from_us": 1, "to_us": 2}, "refused"),
    ]
    with store.transaction() as tx:
        for action, object_, detail, result in rows:
            at = AT + timedelta(hours=1)
            entry = AuditEntry(
                at=at, actor="a.jansen", roles=(), action=action, object=object_, result=result, detail=detail
            )
            audit.append(tx, entry)
        ledger.append(tx, AT, "done", None, erased)
    store.close()
    out = tmp_path / "logboek.jsonl"
    done = run(config, "logboek", "--from", "2026-11-22", "--to", "2026-11-22", "--out", str(out))
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in out.read_text().splitlines()]
    assert [one["name"] for one in told] == ["live.watch"] * 8 + ["footage.view", "export.create", "retention.erase"]
    view = told[8]
    assert set(view) == {
        "trace_id", "operation_id", "status_code", "name", "start_time", "end_time", "attributes",
    }  # fmt: skip
    assert (len(view["trace_id"]), len(view["operation_id"]), view["status_code"]) == (32, 16, "Ok")
    assert view["start_time"] == int((AT + timedelta(hours=1)).timestamp() * 1000)
    assert view["attributes"] == {
        "dpl.core.processing_activity_id": "urn:uitkijk:cameratoezicht",
        "dpl.uitkijk.processing": "consultation",
        "dpl.uitkijk.camera": "markt-01",
        "dpl.uitkijk.start_us": 5,
    }
    assert told[9]["status_code"] == "Error"
    assert told[10]["attributes"]["dpl.uitkijk.processing"] == "erasure"
    for personal in ("jansen", "BVH", "OM"):
        assert personal not in out.read_text()
    assert len({one["trace_id"] for one in told}) == len(told)
    assert run(config, "logboek", "--from", "2026-11-23", "--to", "2026-11-23").stdout == ""
    wrong = run(config, "logboek", "--from", "gisteren", "--to", "2026-11-23")
    assert isinstance(wrong.exception, ConfigError)


def test_a_copy_goes_on_after_the_log_differed_only_with_a_reason_that_is_audited(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text() + f'\n[[audit.copies]]\nname = "nas"\nto = "file://{tmp_path}/copy.jsonl"\n')
    site = load_config(config)
    position = PositionFile(site.audit_copies_dir / "nas.json")
    assert json.loads(run(config, "copies", "--json").output)[0] | {"to": ""} == {
        "name": "nas", "to": "", "seq": 0, "rows": 8, "fits": True, "rejected": 0, "rejection": "",
    }  # fmt: skip
    position.write(Position(12, "0" * 64))
    told = run(config, "copies")
    assert (told.exit_code, "nas: 12 of 8 rows; THE LOG DIFFERS" in told.output) == (1, True)
    position.write(Position(rejected=2, rejection="2 of rows 1 to 8: no"))
    told = run(config, "copies")
    assert (told.exit_code, "REJECTED 2 LINES, lastly 2 of rows 1 to 8: no" in told.output) == (1, True)
    assert isinstance(run(config, "copies", "--accept", "nas").exception, ConfigError)
    assert isinstance(run(config, "copies", "--accept", "x", "--reason", "restored").exception, ConfigError)
    done = run(config, "copies", "--accept", "nas", "--reason", "restored from a backup")
    assert done.exit_code == 0, done.output
    assert position.read() == Position(), "what the restored log has, and the copy never had, is sent too"
    store = Store(site.database_url)
    with store.reading() as tx:
        [row] = audit.newest(tx, 1)
    store.close()
    assert (row.entry.action, row.entry.detail) == ("audit.accept", {"reason": "restored from a backup"})


def test_a_pack_is_made_audited_and_not_made_twice(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "pack.zip"
    arguments = ("pack", "--from", "2026-11-01", "--to", "2026-11-30", "--out", str(out))
    done = run(config, *arguments, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["findings"] == []
    assert out.is_file()
    assert isinstance(run(config, *arguments).exception, ConfigError)
    store = Store(load_config(config).database_url)
    with store.reading() as tx:
        assert [row.entry.action for row in audit.newest(tx, 2)] == ["audit.pack"] * 2
    store.close()
