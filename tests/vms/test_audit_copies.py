"""Copies of the audit log: to files and to real sockets on loopback that break, lie and come back."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from retention.sealing import seal_audit
from tests.vms.test_audit_check import (  # noqa: F401 – fixtures
    AT,
    ROWS,
    UNSEALED,
    findings,
    meddle,
    signer,
    store,
    untouched,
    write,
)
from vms.audit_copies import AuditCopier, LogDiffers, Position, PositionFile, accept
from vms.config.audit import AuditCopy
from vms.copy_targets import open_target
from vms.errors import StorageError
from vms.rules.syslog import framed, message
from vms.signing import SiteSigner
from vms.store import Store

ALL = ROWS + UNSEALED


class Receiver:
    """A syslog receiver for connections. hang_up_after: bytes of a connection after which it is gone."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._context = context
        self.port = self._server.getsockname()[1]
        self.connections: list[bytearray] = []
        self.hang_up_after: int | None = None
        self.ended = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            received = bytearray()
            self.connections.append(received)
            try:
                with self._context.wrap_socket(connection, server_side=True) if self._context else connection as link:
                    while data := link.recv(100):
                        received += data
                        if self.hang_up_after is not None and len(received) >= self.hang_up_after:
                            reset = b"\x01\0\0\0\0\0\0\0"
                            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                            break
            except OSError:
                pass
            self.ended.release()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def lines(self, number: int) -> list[str]:
        """Of one connection, by their length in front; what is not whole is left out."""
        data, found = bytes(self.connections[number]), []
        while data:
            length, _, rest = data.partition(b" ")
            if len(rest) < int(length):
                break
            found.append(rest[: int(length)].decode())
            data = rest[int(length) :]
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def copier(store: Store, to: str, directory: Path, **more: object) -> AuditCopier:  # noqa: F811
    copy = AuditCopy(name="siem", to=to, **more)  # type: ignore[arg-type]
    return AuditCopier(store, open_target(copy), PositionFile(directory / "siem.json"))


def seqs(lines: list[str]) -> list[int]:
    rows = [json.loads(line[line.index("{") :]) for line in lines]
    return [row["seq"] for row in rows if "seq" in row]


def test_a_file_gets_every_row_once_over_restarts_and_the_log_can_be_checked_with_it(
    store: Store,  # noqa: F811
    signer: SiteSigner,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "elsewhere.jsonl"
    assert not copier(store, f"file://{file}", tmp_path).step()
    write(store, ALL, ALL + 3)
    seal_audit(store, signer, AT)
    again = copier(store, f"file://{file}", tmp_path)
    again.step()
    again.step()
    lines = file.read_text().splitlines()
    assert seqs(lines) == list(range(1, ALL + 4))
    assert [json.loads(line)["seal"]["last_seq"] for line in lines if "seal" in json.loads(line)] == [ROWS, ALL + 3]
    assert file.stat().st_mode & 0o777 == 0o600
    assert findings(store, signer, copies=[lines]) == []
    meddle(store, "update audit set actor = 'x' where seq = 2")
    assert "audit 2: was changed after it was written" in findings(store, signer, copies=[lines])


def test_a_line_that_a_crash_tore_comes_again_and_a_file_that_was_moved_away_gets_a_successor(
    store: Store,  # noqa: F811
    signer: SiteSigner,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "elsewhere.jsonl"
    file.write_text('{"seq":1,"act')
    copier(store, f"file://{file}", tmp_path).step()
    lines = file.read_text().splitlines()
    assert lines[0] == '{"seq":1,"act'
    assert seqs(lines[1:]) == list(range(1, ALL + 1))
    assert findings(store, signer, copies=[lines]) == []
    file.rename(tmp_path / "yesterday.jsonl")
    write(store, ALL, ALL + 1)
    copier(store, f"file://{file}", tmp_path).step()
    assert seqs(file.read_text().splitlines()) == [ALL + 1]


def test_a_full_disk_and_a_link_are_refused_and_nothing_is_taken_for_copied(store: Store, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(StorageError, match="No space left"):
        copier(store, "file:///dev/full", tmp_path).step()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(StorageError):
        copier(store, f"file://{tmp_path / 'link'}", tmp_path).step()
    assert PositionFile(tmp_path / "siem.json").read() == Position()


def test_over_tcp_what_a_receiver_that_fell_had_not_read_comes_again(
    store: Store,  # noqa: F811
    receiver: Receiver,
    tmp_path: Path,
) -> None:
    receiver.hang_up_after = 900
    made = copier(store, f"tcp://127.0.0.1:{receiver.port}", tmp_path)
    with contextlib.suppress(StorageError):  # the kernel may have taken it all before
        made.step()
    assert receiver.ended.acquire(timeout=10)
    receiver.hang_up_after = None
    made.step()
    made.close()
    assert receiver.ended.acquire(timeout=10)
    assert len(receiver.connections) == 2
    assert seqs(receiver.lines(0))[:1] == [1]
    assert seqs(receiver.lines(1)) == list(range(1, ALL + 1)), "some twice, none lost"
    assert PositionFile(tmp_path / "siem.json").read().seq == ALL


def test_a_receiver_that_is_away_is_caught_up_with_later(store: Store, tmp_path: Path) -> None:  # noqa: F811
    gone = Receiver()
    gone.close()
    made = copier(store, f"tcp://127.0.0.1:{gone.port}", tmp_path)
    with pytest.raises(StorageError, match="refused"):
        made.step()
    assert made.position == Position()
    back = Receiver(port=gone.port)
    made.step()
    made.close()
    assert back.ended.acquire(timeout=10)
    back.close()
    assert seqs(back.lines(0)) == list(range(1, ALL + 1))


def test_tls_checks_who_the_receiver_is(store: Store, tmp_path: Path) -> None:  # noqa: F811
    ours, strangers = certificate(tmp_path / "a.pem"), certificate(tmp_path / "b.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours)
    receiver = Receiver(context)
    try:
        with pytest.raises(StorageError, match="CERTIFICATE_VERIFY_FAILED"):
            copier(store, f"tls://localhost:{receiver.port}", tmp_path, ca_file=strangers).step()
        made = copier(store, f"tls://localhost:{receiver.port}", tmp_path, ca_file=ours)
        made.step()
        write(store, ALL, ALL + 1)
        made.step()
        made.close()
        assert receiver.ended.acquire(timeout=10)
        assert receiver.ended.acquire(timeout=10)
    finally:
        receiver.close()
    assert seqs(receiver.lines(-1)) == list(range(1, ALL + 2)), "over one connection"


def certificate(path: Path) -> Path:
    """Self-signed, for localhost: key and certificate in one file."""
    names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    command = f"openssl req -x509 {curve} -nodes -days 2 {names} -keyout {path} -out {path}.crt"
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_datagrams_carry_one_row_each(store: Store, tmp_path: Path, kind: str) -> None:  # noqa: F811
    family = socket.AF_INET if kind == "udp" else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_DGRAM) as server:
        server.settimeout(10)
        server.bind(("127.0.0.1", 0) if kind == "udp" else str(tmp_path / "log"))
        to = f"udp://127.0.0.1:{server.getsockname()[1]}" if kind == "udp" else f"unix://{tmp_path / 'log'}"
        made = copier(store, to, tmp_path)
        made.step()
        made.close()
        received = [server.recv(65_536).decode() for _ in range(ALL + 1)]
    assert seqs(received) == list(range(1, ALL + 1))


def test_a_log_that_was_cut_or_written_anew_is_noticed_at_once_and_goes_on_only_when_accepted(
    store: Store,  # noqa: F811
    tmp_path: Path,
) -> None:
    file = tmp_path / "elsewhere.jsonl"
    made = copier(store, f"file://{file}", tmp_path)
    made.step()
    meddle(store, f"delete from audit where seq = {ALL}")
    with pytest.raises(LogDiffers, match=f"row {ALL}"):
        made.step()
    write(store, ALL, ALL + 2)
    restarted = copier(store, f"file://{file}", tmp_path)
    with pytest.raises(LogDiffers):
        restarted.step()
    accept(PositionFile(tmp_path / "siem.json"))
    write(store, ALL + 2, ALL + 3)
    restarted.step()
    assert seqs(file.read_text().splitlines()) == [*range(1, ALL + 1), *range(1, ALL + 3)], "no hole: all of it again"


def test_a_row_that_cannot_be_read_holds_the_copy_up_with_its_reason(store: Store, tmp_path: Path) -> None:  # noqa: F811
    meddle(store, "update audit set at = 'x' where seq = 3")
    with pytest.raises(StorageError, match="rows after 0 of the audit log cannot be read"):
        copier(store, f"file://{tmp_path / 'f'}", tmp_path).step()


@pytest.mark.parametrize("content", ["", "{}", '{"seq": "x", "hash": 1, "seal": 2}', "[1]"])
def test_a_position_that_cannot_be_read_is_said_and_never_guessed(store: Store, tmp_path: Path, content: str) -> None:  # noqa: F811
    (tmp_path / "siem.json").write_text(content)
    with pytest.raises(StorageError, match="no position can be read"):
        copier(store, f"file://{tmp_path / 'f'}", tmp_path).step()


def test_a_message_is_as_rfc_5424_spells_it() -> None:
    at = datetime(2026, 11, 22, 13, 0, 1, 5, tzinfo=UTC)
    assert message(at, "vms 1\n", "audit", '{"a":"é"}') == (
        '<110>1 2026-11-22T13:00:01.000005Z vms1 uitkijk - audit - {"a":"é"}'.encode()
    )
    assert message(at + timedelta(0), "", "audit", "{}", notable=True).startswith(b"<109>1 ")
    assert framed("é".encode()) == b"2 \xc3\xa9"


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("http://siem", "must be file"),
        ("tcp://", "must be file"),
        ("file://host/x", "must be file:///PATH"),
        ("unix://", "must be unix:///PATH"),
        ("udp://host:99999", "Port out of range"),
    ],
)
def test_a_place_that_is_none_is_refused(to: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        AuditCopy(name="siem", to=to)
    with pytest.raises(ValueError, match="ca_file is for tls"):
        AuditCopy(name="siem", to="tcp://siem", ca_file=Path("ca.pem"))
