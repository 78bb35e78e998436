"""Lines of the audit log as OTLP logs (opentelemetry-proto 1.x, protobuf), and a collector's answer about them."""

from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import (
    SEVERITY_NUMBER_INFO,
    SEVERITY_NUMBER_INFO2,
    LogRecord,
    ResourceLogs,
    ScopeLogs,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from vms.copy_targets import Line, Rejection
from vms.units import us_from_utc

_PREFIX: Final = "uitkijk.audit."


def request_of(host: str, lines: Sequence[Line]) -> bytes:
    """host: this machine's name. The body of each record is the whole line, so its hash can be computed from it."""
    resource = Resource(attributes=[_attribute("service.name", "uitkijk"), _attribute("host.name", host)])
    records = ScopeLogs(scope=InstrumentationScope(name="uitkijk.audit"), log_records=[_record(line) for line in lines])
    request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=resource, scope_logs=[records])])
    return bytes(request.SerializeToString())


def rejection_in(answer: bytes) -> Rejection | None:
    """What a collector that answered 200 says it did not take. Raises ValueError: not an OTLP answer."""
    try:
        said = ExportLogsServiceResponse.FromString(answer).partial_success
    except DecodeError as error:
        raise ValueError("not an OTLP answer") from error
    return Rejection(said.rejected_log_records, said.error_message) if said.rejected_log_records > 0 else None


def _record(line: Line) -> LogRecord:
    """A refusal is a syslog notice, which OpenTelemetry's data model maps to INFO2."""
    time_ns = us_from_utc(line.at) * 1000
    return LogRecord(
        time_unix_nano=time_ns,
        observed_time_unix_nano=time_ns,
        severity_number=SEVERITY_NUMBER_INFO2 if line.is_refusal else SEVERITY_NUMBER_INFO,
        severity_text="NOTICE" if line.is_refusal else "INFO",
        event_name=line.kind,
        body=AnyValue(string_value=line.text),
        attributes=[_attribute(_PREFIX + name, value) for name, value in line.fields],
    )


def _attribute(name: str, value: str | int) -> KeyValue:
    held = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=name, value=held)
