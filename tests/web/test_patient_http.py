"""Slow and many connections end before a route is asked; others do not notice."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from tests.web.served_site import Served
from web import patient_http, security_headers
from web.security_headers import BodyLimit

GET = b"GET /read HTTP/1.1\r\nHost: a\r\n\r\n"
HEADERS_S, BODY_S = 0.4, 0.4


async def read(request: Request) -> Response:
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def echo(page: WebSocket) -> None:
    await page.accept()
    while True:
        await page.send_text(await page.receive_text())


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(patient_http, "HEADERS_WITHIN_S", HEADERS_S)
    monkeypatch.setattr(patient_http, "MAX_PER_ADDRESS", 3)
    monkeypatch.setattr(security_headers, "BODY_WITHIN_S", BODY_S)
    app = Starlette(routes=[Route("/read", read, methods=["GET", "POST"]), WebSocketRoute("/ws", echo)])
    app.add_middleware(BodyLimit)
    served = Served(app, host="127.0.0.1", port=0)
    yield served.port
    served.stop()


def opened(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answer(connection: socket.socket) -> bytes:
    """Up to the body's end, or b"" when the server hung up."""
    received = b""
    try:
        while not received.endswith((b"bytes", b"}")):
            part = connection.recv(4096)
            if not part:
                break
            received += part
    except ConnectionResetError:
        return b""
    return received


def ends_within(connection: socket.socket, seconds: float) -> bool:
    began_s = time.monotonic()
    return answer(connection) == b"" and time.monotonic() - began_s < seconds


def test_who_says_nothing_or_never_ends_the_headers_is_hung_up(port: int) -> None:
    with opened(port) as silent, opened(port) as slow:
        slow.sendall(GET[:-2])
        assert ends_within(silent, 5)
        assert ends_within(slow, 5)


def test_a_byte_now_and_then_gains_no_time(port: int) -> None:
    began_s = time.monotonic()
    with opened(port) as drip, suppress(OSError):
        while time.monotonic() - began_s < 5:
            drip.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - began_s < 5


def test_the_next_request_of_a_connection_has_the_same_limit_and_rest_between_is_free(port: int) -> None:
    with opened(port) as connection:
        connection.sendall(GET)
        assert b"200 OK" in answer(connection)
        time.sleep(2 * HEADERS_S)
        connection.sendall(GET)
        assert b"200 OK" in answer(connection)
        connection.sendall(GET[:10])
        assert ends_within(connection, 5)


def test_a_body_that_does_not_come_is_answered_408(port: int) -> None:
    with opened(port) as connection:
        connection.sendall(b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        got = answer(connection)
    assert got.startswith(b"HTTP/1.1 408")
    assert b"too slowly" in got


def test_a_websocket_lives_on_and_counts(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/ws", proxy=None) as page:
        time.sleep(2 * HEADERS_S)
        page.send("still here")
        assert page.recv(timeout=5) == "still here"
        with opened(port) as first, opened(port) as second:
            for connection in (first, second):
                connection.sendall(GET)
                assert b"200 OK" in answer(connection)
            with opened(port) as fourth:
                with suppress(OSError):
                    fourth.sendall(GET)
                assert answer(fourth) == b""
        page.send("and still")
        assert page.recv(timeout=5) == "and still"


def test_room_that_comes_free_is_given_away_again(port: int) -> None:
    for _ in range(3):
        held = [opened(port) for _ in range(3)]
        held[-1].sendall(GET)
        assert b"200 OK" in answer(held[-1])
        for connection in held:
            connection.close()
        time.sleep(0.1)
