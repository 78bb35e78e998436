"""A camera that answers what a test scripts, byte for byte, and remembers what it was asked."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ingest.onvif_endpoint import OnvifEndpoint

Script = Callable[["Asked"], bytes | Iterable[bytes] | None]
"""Bytes to send (an iterable is sent piece by piece); None = close without an answer."""


@dataclass(frozen=True)
class Asked:
    number: int
    path: str
    headers: dict[str, str]
    body: bytes

    def about(self, operation: str) -> bool:
        return operation.encode() in self.body


@dataclass
class ScriptedCamera:
    script: Script
    host: str
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def endpoint(self) -> OnvifEndpoint:
        return OnvifEndpoint(self.host, self.port, "vms", "geheim-in-the-script")

    @property
    def stopping(self) -> threading.Event:
        """For scripts that hang: wait on this."""
        return self._stopping

    def serve(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            thread = threading.Thread(target=self._talk, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            connection.settimeout(10)
            try:
                while asked := self._read(reader):
                    self.asked.append(asked)
                    answer = self.script(asked)
                    if answer is None:
                        return
                    for piece in [answer] if isinstance(answer, bytes) else answer:
                        if self._stopping.is_set():
                            return
                        connection.sendall(piece)
            except OSError:
                return

    def _read(self, reader) -> Asked | None:
        line = reader.readline()
        if not line:
            return None
        headers = {}
        while (header := reader.readline().strip()) and b":" in header:
            name, _, value = header.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        body = reader.read(int(headers.get("content-length", "0")))
        return Asked(len(self.asked), line.split()[1].decode(), headers, body)


@contextmanager
def scripted_camera(script: Script, host: str = "127.0.0.1") -> Iterator[ScriptedCamera]:
    camera = ScriptedCamera(script, host)
    with socket.create_server((host, 0)) as listener:
        listener.settimeout(0.05)
        camera.port = listener.getsockname()[1]
        thread = threading.Thread(target=camera.serve, args=(listener,))
        thread.start()
        try:
            yield camera
        finally:
            camera.stopping.set()
            thread.join(5)
            for talk in camera._threads:
                talk.join(12)


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", "Content-Type: application/soap+xml", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


SOAP_START = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope'
    b' xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    b' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl"'
    b' xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"'
    b' xmlns:ter="http://www.onvif.org/ver10/error"><SOAP-ENV:Body>'
)
SOAP_END = b"</SOAP-ENV:Body></SOAP-ENV:Envelope>"


def soap(content: str, status: str = "200 OK", *headers: str) -> bytes:
    return http(SOAP_START + content.encode() + SOAP_END, status, *headers)


def fault(subcode: str, status: str = "400 Bad Request", *headers: str) -> bytes:
    return soap(
        "<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode>"
        f"<SOAP-ENV:Value>ter:{subcode}</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code>"
        '<SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="en">no</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>',
        status,
        *headers,
    )
