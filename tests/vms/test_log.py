"""I7: a credential never reaches a log."""

import json
import logging

import pytest

from vms.log import JsonLines, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rtsp://vms:hunter2@10.0.0.1/a", "rtsp://***@10.0.0.1/a"),
        ("cannot open 'rtsps://vms:p%40ss@host:322/x?y=1' now", "cannot open 'rtsps://***@host:322/x?y=1' now"),
        ("postgresql+psycopg://u:p@db/x", "postgresql+psycopg://***@db/x"),
        ("mail a@b.nl, no URL", "mail a@b.nl, no URL"),
    ],
)
def test_credentials_in_urls_are_redacted(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_no_field_and_no_traceback_carries_a_credential() -> None:
    try:
        raise OSError("rtsp://vms:hunter2@10.0.0.1/a refused")
    except OSError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "rtsp_lost", None, (type(error), error, None))
    record.url = "rtsp://vms:hunter2@10.0.0.1/a"
    line = JsonLines("capture-0").format(record)
    assert "hunter2" not in line
    assert json.loads(line)["event"] == "rtsp_lost"
    assert json.loads(line)["process"] == "capture-0"
