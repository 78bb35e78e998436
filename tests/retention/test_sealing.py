"""The signature under the ledger, and time-stamps of a real authority (openssl) over real HTTP."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from retention.__main__ import make_stampings, open_signer
from retention.sealing import Stamping, seal_audit, seal_ledger
from retention.timestamping import HttpTimestampAuthority, read_roots
from tests.retention.world import NOW, World, days_ago
from vms.clock import now_utc
from vms.config import Retention, Site, SiteConfig
from vms.errors import ConfigError, KeyUnavailable, StorageError
from vms.rules import merkle
from vms.signing import SiteSigner, create_signing_key, is_signed
from vms.store import audit, ledger, seals
from vms.store.audit import AuditEntry

_CONFIG = """
[tsa]
dir = {dir}
serial = {dir}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority:
    """openssl's time-stamp authority behind HTTP, with a root of its own. `broken`: what it answers instead."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broken: bytes | int | None = None
        self.asked = 0
        (directory / "serial").write_text("01\n")
        (directory / "tsa.cnf").write_text(_CONFIG.format(dir=directory))
        (directory / "ext").write_text("extendedKeyUsage = critical, timeStamping\n")
        self._openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=root -days 3650")
        self._openssl("req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa")
        self._openssl(
            "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -extfile ext -days 3650"
        )
        self.ca_file = directory / "ca.pem"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsr"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reply(self, query: bytes) -> bytes:
        (self.directory / "query").write_bytes(query)
        self._openssl(
            "ts -reply -config tsa.cnf -section tsa -queryfile query -signer tsa.pem -inkey tsa.key -out reply"
        )
        return (self.directory / "reply").read_bytes()

    def _openssl(self, arguments: str) -> None:
        subprocess.run(["openssl", *arguments.split()], cwd=self.directory, check=True, capture_output=True)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                broken = authority.broken
                answer = b"" if isinstance(broken, int) else broken or authority.reply(query)
                self.send_response(broken if isinstance(broken, int) else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture(scope="module")
def real_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    authority = Authority(tmp_path_factory.mktemp("tsa"))
    yield authority
    authority.close()


@pytest.fixture
def authority(real_authority: Authority) -> Authority:
    real_authority.broken, real_authority.asked = None, 0
    return real_authority


@pytest.fixture
def signer(tmp_path: Path) -> SiteSigner:
    create_signing_key(tmp_path / "signing.pem")
    return SiteSigner(tmp_path / "signing.pem")


def stamping(world: World, authority: Authority, interval_s: float = 3600) -> Stamping:
    asked = HttpTimestampAuthority(authority.url, read_roots(authority.ca_file))
    return Stamping(world.store, asked, interval_s)


def all_seals(world: World) -> list[seals.Seal]:
    with world.store.reading() as tx:
        return list(seals.LEDGER.after(tx))


def test_each_run_seals_what_the_ledger_got_since_the_seal_before(world: World, signer: SiteSigner) -> None:
    world.runner.signer = signer
    world.record(days_ago(29))
    world.runner.run()
    world.record(days_ago(28.5))
    world.runner.run()
    world.runner.run()
    first, second = all_seals(world)
    with world.store.reading() as tx:
        rows = list(ledger.entries(tx))
    assert (first.first_seq, second.last_seq) == (1, len(rows))
    assert second.first_seq == first.last_seq + 1
    for seal in (first, second):
        hashes = [row.hash for row in rows[seal.first_seq - 1 : seal.last_seq]]
        assert seal.head == hashes[-1]
        assert seal.root == merkle.root([bytes.fromhex(one) for one in hashes]).hex()
        assert is_signed(signer.public, seals.LEDGER.kind, seal.content(), bytes.fromhex(seal.signature))
        assert not is_signed(signer.public, "another", seal.content(), bytes.fromhex(seal.signature))
        changed = replace(seal, head="0" * 64).content()
        assert not is_signed(signer.public, seals.LEDGER.kind, changed, bytes.fromhex(seal.signature))


def test_a_seal_covers_what_was_erased_while_the_key_was_away(world: World, tmp_path: Path, caplog) -> None:
    site = SiteConfig(site=Site(data_dir=tmp_path / "site"), cameras=())
    site.signing_key_file.parent.mkdir(parents=True)
    site.signing_key_file.write_text("not a key")
    world.runner.signer = open_signer(site)
    assert world.runner.signer is None
    assert "ledger_unsealed" in caplog.text
    world.record(days_ago(29))
    assert world.runner.run().erased == 1, "the law wants erasure, signed or not"
    assert all_seals(world) == []
    site.signing_key_file.unlink()
    signer = open_signer(site)
    assert signer is not None
    seal = seal_ledger(world.store, signer, NOW)
    assert seal is not None
    assert seal.first_seq == 1
    assert seal_ledger(world.store, signer, NOW) is None


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_signing_key_that_is_none_is_refused_and_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "signing.pem"
    path.write_text(content)
    create_signing_key(path)
    with pytest.raises(KeyUnavailable):
        SiteSigner(path)
    assert path.read_text() == content


def test_a_new_signing_key_is_for_its_owner_only_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    create_signing_key(path)
    first = SiteSigner(path)
    create_signing_key(path)
    assert SiteSigner(path).public == first.public
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_newest_seal_gets_a_time_stamp_from_outside(world: World, signer: SiteSigner, authority: Authority) -> None:
    world.runner.signer = signer
    world.record(days_ago(29))
    world.runner.run()
    before = datetime.now(UTC) - timedelta(seconds=2)
    assert stamping(world, authority).run()
    [seal] = all_seals(world)
    assert seal.token_at is not None
    assert before <= seal.token_at <= datetime.now(UTC) + timedelta(seconds=2)
    assert not stamping(world, authority).run(), "one is enough"
    assert authority.asked == 1


def test_an_authority_that_is_away_is_asked_again_and_one_stamp_covers_all_since(
    world: World, signer: SiteSigner, authority: Authority, caplog
) -> None:
    world.runner.signer = signer
    timed = stamping(world, authority)
    authority.broken = 503
    for age in (29.0, 28.9, 28.8):
        world.record(days_ago(age))
        world.runner.run()
        assert not timed.run()
        assert "503" in (timed.problem or "")
    assert caplog.text.count("timestamp_postponed") == 1
    authority.broken = None
    assert timed.run()
    assert timed.problem is None
    assert [seal.token is not None for seal in all_seals(world)] == [False, False, True]


def test_a_signature_that_cannot_be_read_gets_no_time_stamp_and_stops_nothing(
    world: World, signer: SiteSigner, authority: Authority
) -> None:
    world.runner.signer = signer
    world.record(days_ago(29))
    world.runner.run()
    with world.store.transaction() as tx:
        tx.execute(text("update ledger_seal set signature = 'none'"))
    timed = stamping(world, authority)
    assert not timed.run()
    assert timed.problem == "ledger-seal: the signature over rows up to 4 was changed: no time-stamp"
    assert authority.asked == 0


def test_time_stamps_come_no_more_often_than_wanted(world: World, signer: SiteSigner, authority: Authority) -> None:
    timed = stamping(world, authority, interval_s=3600)
    asked = []
    for _ in range(4):
        with world.store.transaction() as tx:
            ledger.append(tx, now_utc(world.clock), "run", None, {})
        seal_ledger(world.store, signer, now_utc(world.clock))
        timed.run()
        asked.append(authority.asked)
        world.clock.advance(1800)
    assert asked == [1, 1, 2, 2]


def test_an_answer_that_is_not_the_authoritys_is_not_believed(
    world: World, signer: SiteSigner, authority: Authority, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    stranger = Authority(other)
    try:
        answered = HttpTimestampAuthority(authority.url, read_roots(stranger.ca_file))
        with pytest.raises(StorageError, match="not a time-stamp to trust"):
            answered.stamp(b"message")
    finally:
        stranger.close()
    good = HttpTimestampAuthority(authority.url, read_roots(authority.ca_file))
    token, _ = good.stamp(b"message")
    for broken in (token, b"nonsense", b"x" * 70_000, 500):
        authority.broken = broken
        with pytest.raises(StorageError):
            good.stamp(b"another message")


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"timestamp_url": "ftp://tsa.example"}, "http"),
        ({"timestamp_url": "https://tsa.example"}, "timestamp_ca_file"),
    ],
)
def test_an_authority_that_nobody_could_check_is_refused(keys: dict[str, str], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Retention(**keys)


def test_a_site_without_an_authority_asks_none_and_bad_roots_are_named(world: World, tmp_path: Path) -> None:
    assert make_stampings(SiteConfig(site=Site(data_dir=tmp_path)), world.store) == []
    for content in (None, b"no certificate"):
        roots = tmp_path / "roots.pem"
        if content:
            roots.write_bytes(content)
        retention = Retention(timestamp_url="https://tsa.example", timestamp_ca_file=roots)
        with pytest.raises(ConfigError, match=r"roots\.pem"):
            make_stampings(SiteConfig(site=Site(data_dir=tmp_path), retention=retention), world.store)


@pytest.mark.parametrize("change", ["delete from ledger_seal where last_seq < 5", "update ledger_seal set root = head"])
def test_seals_that_were_tampered_with_are_a_finding(world: World, signer: SiteSigner, change: str) -> None:
    world.runner.signer = signer
    for age in (29.0, 28.5):
        world.record(days_ago(age))
        world.runner.run()
    assert world.proof().findings == ()
    with world.store.transaction() as tx:
        tx.execute(text(change))
    assert [finding.code for finding in world.proof().findings] == ["R9"]


def test_a_chain_that_was_changed_gets_no_seal_and_neither_erasing_nor_the_other_chain_waits(
    world: World, signer: SiteSigner, caplog
) -> None:
    world.runner.signer = signer
    entry = AuditEntry(at=NOW, actor="a", roles=(), action="login", object="user:a", result="allowed", detail={})
    with world.store.transaction() as tx:
        audit.append(tx, entry)
        tx.execute(text("update audit set hash = 'none'"))
    world.record(days_ago(29))
    assert world.runner.run().erased == 1
    assert len(all_seals(world)) == 1
    assert "audit-seal: a hash among rows 1 to 1 was changed: no seal" in [
        record.__dict__.get("reason") for record in caplog.records
    ]
    with pytest.raises(StorageError):
        seal_audit(world.store, signer, NOW)
    with world.store.transaction() as tx:
        tx.execute(text("update ledger set hash = 'none'"))
    assert [finding.code for finding in world.proof().findings] == ["R3", "R9"]
