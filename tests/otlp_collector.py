"""An OTLP collector on loopback that parses what it gets, and that can be away, busy, picky, slow or somebody else."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

PROTOBUF = {"Content-Type": "application/x-protobuf"}


@dataclass(frozen=True)
class Answer:
    """drip_s: seconds between the bytes of the body. torn: bytes of it that never come."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: dict(PROTOBUF))
    drip_s: float = 0
    torn: int = 0


def partial(rejected: int, message: str) -> Answer:
    answer = ExportLogsServiceResponse()
    answer.partial_success.rejected_log_records = rejected
    answer.partial_success.error_message = message
    return Answer(body=answer.SerializeToString())


class Collector:
    """answer: what becomes of the next requests. requests, records: what it took, with its headers by lower case."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self.answer: Callable[[ExportLogsServiceRequest], Answer] | Answer = Answer()
        self.requests: list[ExportLogsServiceRequest] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.stopped = threading.Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = ExportLogsServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                collector.requests.append(request)
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                collector.paths.append(self.path)
                self._give(collector.answer if isinstance(collector.answer, Answer) else collector.answer(request))

            def _give(self, answer: Answer) -> None:
                self.send_response_only(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(answer.body) + answer.torn)}.items():
                    self.send_header(name, value)
                self.end_headers()
                if not answer.drip_s:
                    self.wfile.write(answer.body)
                    return
                for at in range(len(answer.body)):
                    if collector.stopped.wait(answer.drip_s):
                        return
                    self.wfile.write(answer.body[at : at + 1])

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that gives up is what some tests are about."""

        self._server = Server(("127.0.0.1", port), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def records(self) -> list[Any]:
        """Every log record of every request, as it came."""
        scopes = [scope for one in self.requests for resource in one.resource_logs for scope in resource.scope_logs]
        return [record for scope in scopes for record in scope.log_records]

    @property
    def seqs(self) -> list[int]:
        found = [fields_of(record).get("uitkijk.audit.seq") for record in self.records]
        return [seq for seq in found if isinstance(seq, int)]


def fields_of(record: Any) -> dict[str, str | int]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in record.attributes}
