"""Speaking with the OpenID Connect provider: code flow with PKCE, and the check of its ID token."""

import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from vms.clock import Clock, now_utc
from vms.config import read_secret
from vms.config.web import Oidc
from vms.errors import UitkijkError

CALLBACK: Final = "/inloggen/oidc/terug"
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signed with a key that only the provider has: neither `none` nor an HMAC over what we know too."""
_TIMEOUT_S: Final = 5.0
_MAX_ANSWER_BYTES: Final = 1024 * 1024
_KNOWN_FOR_S: Final = 3600.0
_LEEWAY_S: Final = 60


class ProviderAway(UitkijkError):
    """The provider does not answer, or not as OpenID Connect wants it."""


class TokenRefused(UitkijkError):
    """The provider said no, or its ID token does not hold."""


class OidcProvider:
    """Blocking (network): call from a worker thread. Thread-safe."""

    def __init__(self, config: Oidc, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._metadata: tuple[float, Mapping[str, Any]] | None = None

    def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises ProviderAway, ConfigError."""
        endpoint = self._endpoint("authorization_endpoint")
        with self._session() as session:
            url, _ = self._client(session).create_authorization_url(
                endpoint, state=state, nonce=nonce, code_verifier=verifier
            )
        return str(url)

    def claims(self, *, code: str, nonce: str, verifier: str) -> dict[str, Any]:
        """Of whoever signed in there. Raises ProviderAway, TokenRefused, ConfigError."""
        endpoint, keys_url = self._endpoint("token_endpoint"), self._endpoint("jwks_uri")
        try:
            with self._session() as session:
                token = self._client(session).fetch_token(
                    endpoint, code=code, code_verifier=verifier, grant_type="authorization_code", auth=self._secret()
                )
        except OAuth2Error as error:
            raise TokenRefused(f"the provider refused the code: {error.error}") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway(f"{endpoint}: {type(error).__name__}") from error
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise TokenRefused("the provider sent no ID token")
        return self._checked(id_token, keys_url, nonce, str(token.get("access_token", "")))

    def _checked(self, id_token: str, keys_url: str, nonce: str, access_token: str) -> dict[str, Any]:
        config = self._config
        try:
            keys = KeySet.import_key_set(self._get(keys_url))  # type: ignore[arg-type]
            decoded = jwt.decode(id_token, keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self._known()["issuer"]},
                    "aud": {"essential": True, "value": config.client_id},
                },
                {"nonce": nonce, "client_id": config.client_id, "access_token": access_token},
            )
            claims.validate(now=int(now_utc(self._clock).timestamp()), leeway=_LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise TokenRefused(f"the ID token does not hold: {type(error).__name__}: {error}") from error
        return dict(claims)

    def _endpoint(self, name: str) -> str:
        url = self._known().get(name)
        if not isinstance(url, str) or urlsplit(url).scheme != urlsplit(self._config.issuer).scheme:
            raise ProviderAway(f"{self._config.issuer} names no usable {name}")
        return url

    def _known(self) -> Mapping[str, Any]:
        now_s = self._clock.monotonic_s()
        if self._metadata is None or now_s - self._metadata[0] > _KNOWN_FOR_S:
            found = self._get(f"{self._config.issuer}/.well-known/openid-configuration")
            named = found.get("issuer")
            if not isinstance(named, str) or named.rstrip("/") != self._config.issuer:
                raise ProviderAway(f"{self._config.issuer} calls itself something else")
            self._metadata = now_s, found
        return self._metadata[1]

    def _get(self, url: str) -> dict[str, Any]:
        """Bounded JSON. Raises ProviderAway."""
        try:
            with self._session() as session, session.stream("GET", url) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MAX_ANSWER_BYTES:
                        raise ProviderAway(f"{url}: answers without end")
                answer.raise_for_status()
            found = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderAway(f"{url}: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise ProviderAway(f"{url}: is not what OpenID Connect wants")
        return found

    def _client(self, session: httpx.Client) -> OAuth2Client:
        config = self._config
        return OAuth2Client(
            session,
            config.client_id,
            scope="openid profile email",
            redirect_uri=f"{config.address}{CALLBACK}",
            code_challenge_method="S256",
        )

    def _secret(self) -> httpx.BasicAuth:
        """client_secret_basic, form-encoded as RFC 6749 wants it. Raises ConfigError."""
        secret = read_secret(self._config.client_secret_file)
        return httpx.BasicAuth(quote_plus(self._config.client_id), quote_plus(secret))

    def _session(self) -> httpx.Client:
        return httpx.Client(verify=self._trusted, timeout=_TIMEOUT_S, trust_env=False)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """Reading the system's authorities takes a tenth of a second."""
        try:
            return ssl.create_default_context(cafile=self._config.tls_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ProviderAway(f"web.oidc.tls_ca_file: {error}") from error
