"""A real OpenID Connect provider in a process of its own: oidc-provider-mock, which in addition insists on PKCE."""

import base64
import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

ROOT = Path(__file__).parents[2]


class Provider:
    """address: also its name as issuer. elsewhere: the same by a name that is another site to a browser."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.web.oidc_server"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self.address, self.elsewhere = f"http://127.0.0.1:{port}", f"http://localhost:{port}"
        self._client = httpx.Client(trust_env=False, timeout=10)

    def close(self) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def knows(self, subject: str, **claims: Any) -> None:
        self._client.put(f"{self.address}/users/{subject}", json=claims).raise_for_status()

    def sign_in(self, url: str, subject: str) -> str:
        """The person consents; where the provider sends the browser next."""
        answer = self._client.post(url, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def refuse(self, url: str) -> str:
        return str(self._client.post(url, data={"action": "deny"}).headers["location"])


class InsistOnPkce:
    """The provider knows nothing of RFC 7636, so this stands before it."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = BytesIO(body)
            if not self._fits(parse_qs(body.decode())):
                start_response("400 Bad Request", [("Content-Type", "application/json")])
                return [b'{"error": "invalid_grant"}']
        asked = parse_qs(environ.get("QUERY_STRING", ""))

        def noting(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            code = parse_qs(urlsplit(dict(headers).get("Location", "")).query).get("code")
            if code and asked.get("code_challenge_method") == ["S256"]:
                self._challenges[code[0]] = asked["code_challenge"][0]
            return start_response(status, headers, *more)

        return self._app(environ, noting)

    def _fits(self, form: dict[str, list[str]]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        given = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return self._challenges.get(form.get("code", [""])[0]) == given


def main() -> None:
    import oidc_provider_mock
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, InsistOnPkce(oidc_provider_mock.app(require_nonce=True)), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
