"""A time-stamp authority over HTTP (RFC 3161, 3.4): what it signs was there at the time it names."""

from datetime import datetime
from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from vms.errors import ConfigError, StorageError

_TIMEOUT_S = 15
_MAX_ANSWER_BYTES = 64 * 1024


def read_roots(ca_file: Path) -> list[x509.Certificate]:
    """Raises ConfigError."""
    try:
        return x509.load_pem_x509_certificates(ca_file.read_bytes())
    except OSError as error:
        raise ConfigError([f"retention.timestamp_ca_file: {ca_file}: cannot read it: {error.strerror}"]) from error
    except ValueError as error:
        raise ConfigError([f"retention.timestamp_ca_file: {ca_file}: not certificates in PEM"]) from error


class HttpTimestampAuthority:
    """Asks over HTTP and believes nothing that the given roots do not vouch for. Thread-safe."""

    def __init__(self, url: str, roots: list[x509.Certificate]) -> None:
        self._url = url
        self._roots = roots

    def stamp(self, message: bytes) -> tuple[bytes, datetime]:
        """The answer over SHA-256 of message (DER), and the time it names.

        Raises StorageError: no answer, a refusal, or one that is not about this message or not from that authority.
        """
        request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
        answer = self._post(request.as_bytes())
        return answer, self._checked(request, answer, message)

    def _post(self, content: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            with httpx.stream("POST", self._url, content=content, headers=headers, timeout=_TIMEOUT_S) as response:
                if response.status_code != httpx.codes.OK:
                    raise StorageError(f"{self._url}: answered {response.status_code}")
                answer = b""
                for chunk in response.iter_bytes():
                    answer += chunk
                    if len(answer) > _MAX_ANSWER_BYTES:
                        raise StorageError(f"{self._url}: an answer of more than {_MAX_ANSWER_BYTES} bytes")
                return answer
        except httpx.HTTPError as error:
            raise StorageError(f"{self._url}: {error or type(error).__name__}") from error

    def _checked(self, request: TimeStampRequest, answer: bytes, message: bytes) -> datetime:
        builder = VerifierBuilder.from_request(request)
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        try:
            response = decode_timestamp_response(answer)
            builder.build().verify_message(response, message)
            return response.tst_info.gen_time
        except (VerificationError, ValueError) as error:
            raise StorageError(f"{self._url}: not a time-stamp to trust: {error}") from error
