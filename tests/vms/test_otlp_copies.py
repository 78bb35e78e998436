"""The copy of the audit log at an OTLP collector: what arrives there, and what is told of one that is not well."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.otlp_collector import Answer, Collector, fields_of, partial
from tests.vms.test_audit_check import (  # noqa: F401 – fixtures
    AT,
    ROWS,
    UNSEALED,
    findings,
    signer,
    store,
    untouched,
    write,
)
from tests.vms.test_audit_copies import certificate
from vms import otlp_target
from vms.audit_copies import AuditCopier, PositionFile, accept, row_text
from vms.config.audit import AuditCopy
from vms.copy_targets import ReceiverBusy
from vms.errors import StorageError
from vms.otlp_target import OtlpTarget
from vms.signing import SiteSigner
from vms.store import Store, audit

ALL = ROWS + UNSEALED
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def copier(
    store: Store,  # noqa: F811
    collector: Collector,
    directory: Path,
    kind: str = "http://127.0.0.1",
    timeout_s: float = 5,
    **more: object,
) -> AuditCopier:
    copy = AuditCopy(name="otlp", to=f"otlp+{kind}:{collector.port}", **more)  # type: ignore[arg-type]
    return AuditCopier(store, OtlpTarget(copy, timeout_s), position(directory))


def position(directory: Path) -> PositionFile:
    return PositionFile(directory / "otlp.json")


def test_a_collector_gets_every_row_once_over_restarts_with_what_can_be_asked_for(
    store: Store,  # noqa: F811
    signer: SiteSigner,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    copier(store, collector, tmp_path).step()
    write(store, ALL, ALL + 2)
    again = copier(store, collector, tmp_path)
    again.step()
    again.step()
    assert (collector.seqs, set(collector.paths)) == (list(range(1, ALL + 3)), {"/v1/logs"})
    assert "authorization" not in collector.headers[0]
    with store.reading() as tx:
        row = audit.after(tx, 1, 1)[0]
    record = collector.records[1]
    assert fields_of(record) == {
        "uitkijk.audit.seq": 2,
        "uitkijk.audit.hash": row.hash,
        "uitkijk.audit.actor": row.entry.actor,
        "uitkijk.audit.action": row.entry.action,
        "uitkijk.audit.object": row.entry.object,
        "uitkijk.audit.result": row.entry.result,
    }
    assert record.body.string_value == row_text(row)
    assert (record.event_name, record.time_unix_nano) == ("audit", round(row.entry.at.timestamp() * 1e6) * 1000)
    assert {one.event_name for one in collector.records} == {"audit", "audit-seal"}
    bodies = [one.body.string_value for one in collector.records]
    assert findings(store, signer, copies=[bodies]) == [], "the log can be checked with what the collector has"


def test_a_refusal_stands_out_and_the_resource_says_who_wrote(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    with store.transaction() as tx:
        audit.append(
            tx,
            audit.AuditEntry(
                at=AT, actor="x", roles=(), action="media.read", object="segment:1", result="refused", detail={}
            ),
        )
    copier(store, collector, tmp_path).step()
    assert [one.severity_text for one in collector.records if one.event_name == "audit"][-2:] == ["INFO", "NOTICE"]
    resource = collector.requests[0].resource_logs[0].resource
    assert fields_of(resource)["service.name"] == "uitkijk"


def test_a_collector_that_is_away_is_caught_up_with_later(store: Store, tmp_path: Path) -> None:  # noqa: F811
    gone = Collector()
    gone.close()
    with pytest.raises(StorageError, match="refused"):
        copier(store, gone, tmp_path).step()
    assert position(tmp_path).read().seq == 0
    back = Collector(port=gone.port)
    copier(store, back, tmp_path).step()
    back.close()
    assert back.seqs == list(range(1, ALL + 1))


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "Sun, 22 Nov 2026 13:01:00 GMT", "Date": "Sun, 22 Nov 2026 13:00:00 GMT"}, 60),
        ({"Retry-After": "86400"}, 300),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:00 GMT", "Date": "Sun, 22 Nov 2026 13:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_one_that_is_busy_says_when_to_come_back_and_gets_the_same_rows_then(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
    headers: dict[str, str],
    wait_s: float,
) -> None:
    collector.answer = Answer(503, headers=headers)
    made = copier(store, collector, tmp_path)
    with pytest.raises(ReceiverBusy, match="answered 503") as busy:
        made.step()
    assert busy.value.retry_after_s == wait_s
    assert made.position.seq == 0
    collector.answer = Answer()
    made.step()
    assert collector.seqs == [*range(1, ALL + 1), *range(1, ALL + 1)]


def test_rows_that_a_collector_rejects_are_not_sent_again_and_not_forgotten(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    collector.answer = partial(2, "attribute\ntoo long")
    copier(store, collector, tmp_path).step()
    collector.answer = Answer()
    made = copier(store, collector, tmp_path)
    made.step()
    assert collector.seqs == list(range(1, ALL + 1)), "a collector that rejects is not asked again"
    at = made.position
    assert (at.seq, at.rejected, at.rejection) == (ALL, 2, f"2 of rows 1 to {ALL}: attribute too long")
    accept(position(tmp_path))
    made.step()
    assert (made.position.rejected, collector.seqs[ALL:]) == (0, list(range(1, ALL + 1)))


def test_an_acceptance_while_a_sending_is_under_way_is_not_written_over(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    copier(store, collector, tmp_path).step()
    write(store, ALL, ALL + 1)

    def accepted_meanwhile(_: object) -> Answer:
        accept(position(tmp_path))
        return Answer()

    collector.answer = accepted_meanwhile
    made = copier(store, collector, tmp_path)
    assert made.step(), "there is more: all of it"
    collector.answer = Answer()
    made.step()
    assert collector.seqs == [*range(1, ALL + 1), ALL + 1, *range(1, ALL + 2)]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(400), "answered 400; see the collector's log"),
        (Answer(401), "answered 401; check token_file"),
        (Answer(404), "answered 404; check the path"),
        (Answer(413), "answered 413; let the collector take"),
        (Answer(200, b"<p>Sign in</p>", HTML), "answered 200 with text/html, not application/x-protobuf"),
        (Answer(200, b"\xff\xff\xff"), "answered 200 with not an OTLP answer"),
        (Answer(200, b"", torn=4), "IncompleteRead"),
        (Answer(200, b"\0" * 70_000), "an answer of more than 65536 bytes"),
    ],
)
def test_an_answer_that_is_no_yes_is_never_taken_for_one(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
    answer: Answer,
    says: str,
) -> None:
    collector.answer = answer
    made = copier(store, collector, tmp_path)
    with pytest.raises(StorageError, match=says):
        made.step()
    assert (made.position.seq, len(collector.requests)) == (0, 1)


def test_a_redirect_is_not_followed_and_no_proxy_is_asked(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canary = Collector()
    elsewhere = f"http://127.0.0.1:{canary.port}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, elsewhere)
    collector.answer = Answer(307, headers={"Location": f"{elsewhere}/v1/logs"})
    with pytest.raises(StorageError, match="answered 307; no redirect is followed"):
        copier(store, collector, tmp_path).step()
    canary.close()
    assert (len(collector.requests), canary.requests) == (1, [])


def test_a_collector_that_drips_its_answer_holds_a_copy_up_no_longer_than_one_that_is_away(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    collector.answer = Answer(200, b"\n\0" * 1000, drip_s=0.05)
    with pytest.raises(StorageError, match=r"no answer within 0.3 s"):
        copier(store, collector, tmp_path, timeout_s=0.3).step()


def test_many_rows_go_in_requests_that_a_proxy_takes(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(otlp_target, "_MOST_BYTES", 1000)
    collector.answer = partial(1, "no")
    made = copier(store, collector, tmp_path)
    made.step()
    assert len(collector.requests) > 1
    assert collector.seqs == list(range(1, ALL + 1))
    assert made.position.rejected == len(collector.requests)


def test_tls_checks_who_the_collector_is_before_it_gets_the_token(store: Store, tmp_path: Path) -> None:  # noqa: F811
    ours, strangers = certificate(tmp_path / "a.pem"), certificate(tmp_path / "b.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours)
    token = tmp_path / "token"
    token.write_text("s3cret\nsecond line\n")
    collector = Collector(context=context)
    try:
        with pytest.raises(StorageError, match="CERTIFICATE_VERIFY_FAILED"):
            copier(store, collector, tmp_path, "https://localhost", ca_file=strangers, token_file=token).step()
        with pytest.raises(StorageError, match=r"none.pem: no such file; see ca_file"):
            copier(store, collector, tmp_path, "https://localhost", ca_file=tmp_path / "none.pem").step()
        assert collector.requests == []
        copier(store, collector, tmp_path, "https://localhost", ca_file=ours, token_file=token).step()
    finally:
        collector.close()
    assert collector.headers[0]["authorization"] == "Bearer s3cret"
    assert collector.seqs == list(range(1, ALL + 1))


def test_a_token_is_read_anew_for_each_sending_and_never_told(
    store: Store,  # noqa: F811
    collector: Collector,
    tmp_path: Path,
) -> None:
    token = tmp_path / "token"
    made = copier(store, collector, tmp_path, token_file=token, token_header="X-Api-Key")
    with pytest.raises(StorageError, match="token: cannot read the secret"):
        made.step()
    token.write_text("s3crét")
    with pytest.raises(StorageError, match="holds what fits no header") as wrong:
        made.step()
    token.write_text("s3cret")
    collector.answer = partial(1, "no rows for s3cret")
    made.step()
    assert collector.headers[0]["x-api-key"] == "s3cret"
    assert "s3c" not in str(wrong.value) + made.position.rejection


@pytest.mark.parametrize(
    ("to", "more", "says"),
    [
        ("otlp+https://", {}, "must be file"),
        ("otlp://collector", {}, "must be file"),
        ("otlp+https://jan:geheim@collector", {}, "holds a credential; move it to token_file"),
        ("otlp+https://collector/v1/logs?key=1", {}, r"may not have a \? or #"),
        ("otlp+https://collector/a b", {}, "ASCII without spaces"),
        ("otlp+https://collector:99999", {}, "Port out of range"),
        ("otlp+http://collector", {"token_file": "t"}, "would send the token in the clear"),
        ("otlp+http://collector", {"ca_file": "ca.pem"}, "ca_file is for tls"),
        ("tls://siem", {"token_file": "t"}, "token_file is for otlp"),
        ("otlp+https://collector", {"token_header": "X-Key"}, "token_header needs token_file"),
        ("otlp+https://collector", {"token_file": "t", "token_header": "Host"}, "Host is set by HTTP itself"),
        ("otlp+https://collector", {"token_file": "t", "token_header": "X: y"}, "should match pattern"),
    ],
)
def test_a_collector_that_is_written_wrong_is_refused_and_told_what_to_write(
    to: str, more: dict[str, str], says: str
) -> None:
    with pytest.raises(ValueError, match=says) as wrong:
        AuditCopy.model_validate({"name": "otlp", "to": to, **more})
    assert "geheim" not in str(wrong.value.errors(include_input=False))  # type: ignore[attr-defined]


def test_a_collector_has_the_port_and_path_that_otlp_gives_it() -> None:
    made = AuditCopy(name="otlp", to="otlp+https://collector")
    assert (made.address, made.url_path) == (("collector", 4318), "/v1/logs")
    assert AuditCopy(name="otlp", to="otlp+https://[::1]:443/otlp/v1/logs").url_path == "/otlp/v1/logs"
