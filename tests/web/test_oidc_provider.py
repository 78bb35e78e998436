"""Whose ID token is believed: signed by the provider's own key, for us, now, and in answer to our question."""

import base64
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.fakes import T0_US, FakeClock
from vms.config.web import Oidc
from web.oidc_provider import OidcProvider, ProviderAway, TokenRefused

ISSUER = "https://login.venlo.example"
NOW_S = T0_US // 1_000_000
KEY = ECKey.generate_key("P-256", parameters={"kid": "1"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "2"})
STRANGER = ECKey.generate_key("P-256", parameters={"kid": "1"})
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": "uitkijk", "sub": "1", "nonce": "n", "iat": NOW_S, "exp": NOW_S + 300, "roles": ["x"],
}  # fmt: skip
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
}
Answer = Callable[[httpx.Request], httpx.Response]


def signed(claims: dict[str, Any], key: Any = KEY, alg: str = "ES256", **header: str) -> str:
    return jwt.encode({"alg": alg, "kid": key.kid or "1"} | header, claims, key, algorithms=[alg])


def by_hand(header: dict[str, str], claims: dict[str, Any], key: bytes | None = None) -> str:
    """What no library would sign: without a signature, or with an HMAC over something that we know too."""
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{base64url(hmac.digest(key, text.encode(), 'sha256')) if key else ''}"


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class FakeProvider:
    """Answers as scripted; asked: what it was sent."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.id_token = signed(CLAIMS)
        self.answers: dict[str, Answer] = {
            "/.well-known/openid-configuration": lambda _r: httpx.Response(200, json=METADATA),
            "/jwks": lambda _r: httpx.Response(200, json=KeySet([KEY, RSA]).as_dict(private=False)),
            "/token": lambda _r: httpx.Response(
                200, json={"access_token": "a", "token_type": "Bearer", "id_token": self.id_token}
            ),
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers[request.url.path](request)


@pytest.fixture
def fake() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def provider(fake: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OidcProvider:
    (tmp_path / "secret").write_text("s3:cret\n", encoding="utf-8")
    config = Oidc(
        issuer=ISSUER,
        client_id="uitkijk",
        client_secret_file=tmp_path / "secret",
        address="https://camera.venlo.example",
        roles={"x": ("observer",)},
    )
    monkeypatch.setattr(OidcProvider, "_session", lambda _self: httpx.Client(transport=httpx.MockTransport(fake)))
    return OidcProvider(config, FakeClock())


def claims_of(provider: OidcProvider) -> dict[str, Any]:
    return provider.claims(code="c", nonce="n", verifier="v" * 43)


@pytest.mark.parametrize("token", [signed(CLAIMS), signed(CLAIMS, RSA, "RS256"), signed(CLAIMS | {"aud": ["uitkijk"]})])
def test_a_token_of_the_provider_is_believed(provider: OidcProvider, fake: FakeProvider, token: str) -> None:
    fake.id_token = token
    assert claims_of(provider)["roles"] == ["x"]
    asked = next(request for request in fake.asked if request.url.path == "/token")
    assert asked.headers["authorization"].startswith("Basic ")
    assert b"code_verifier=" + b"v" * 43 in asked.content
    assert b"s3" not in asked.content


HS256 = {"alg": "HS256", "kid": "1"}
FORGED = {
    "alg none": by_hand({"alg": "none"}, CLAIMS),
    "HMAC over the public key": by_hand(HS256, CLAIMS, KEY.as_pem(private=False)),
    "HMAC over the client secret": by_hand(HS256, CLAIMS, b"s3:cret"),
    "a stranger's key of the same name": signed(CLAIMS, STRANGER),
    "another issuer": signed(CLAIMS | {"iss": "https://evil.example"}),
    "for another client": signed(CLAIMS | {"aud": "other"}),
    "for us among others, but not given to us": signed(CLAIMS | {"aud": ["uitkijk", "other"], "azp": "other"}),
    "in answer to another question": signed(CLAIMS | {"nonce": "m"}),
    "without nonce": signed({key: value for key, value in CLAIMS.items() if key != "nonce"}),
    "of nobody": signed({key: value for key, value in CLAIMS.items() if key != "sub"}),
    "over": signed(CLAIMS | {"exp": NOW_S - 61}),
    "without end": signed({key: value for key, value in CLAIMS.items() if key != "exp"}),
    "of another access token": signed(CLAIMS | {"at_hash": "AAAA"}),
    "no token": "x.y",
    "an empty one": "",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_any_other_token_is_refused(provider: OidcProvider, fake: FakeProvider, token: str) -> None:
    fake.id_token = token
    with pytest.raises(TokenRefused):
        claims_of(provider)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", httpx.Response(400, json={"error": "invalid_grant"})),
        ("/token", httpx.Response(200, json={"access_token": "a", "token_type": "Bearer"})),
        ("/token", httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": 7})),
    ],
)
def test_a_provider_that_says_no_is_a_refusal(
    provider: OidcProvider, fake: FakeProvider, path: str, answer: httpx.Response
) -> None:
    fake.answers[path] = lambda _request: answer
    with pytest.raises(TokenRefused):
        claims_of(provider)


CONFIGURATION = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (CONFIGURATION, httpx.Response(200, json=METADATA | {"issuer": "https://evil.example"})),
        (CONFIGURATION, httpx.Response(200, json=METADATA | {"token_endpoint": "http://login.venlo.example/token"})),
        (CONFIGURATION, httpx.Response(200, json=METADATA | {"token_endpoint": 7})),
        (CONFIGURATION, httpx.Response(302, headers={"Location": "https://evil.example"})),
        (CONFIGURATION, httpx.Response(200, json=[])),
        (CONFIGURATION, httpx.Response(200, content=b"x" * (1024 * 1024 + 1))),
        ("/jwks", httpx.Response(500)),
        ("/jwks", httpx.Response(200, text="<html>")),
        ("/token", httpx.Response(502, text="gateway")),
        ("/token", httpx.Response(200, text="<html>")),
    ],
)
def test_a_provider_that_answers_otherwise_is_away(
    provider: OidcProvider, fake: FakeProvider, path: str, answer: httpx.Response
) -> None:
    fake.answers[path] = lambda _request: answer
    with pytest.raises(ProviderAway):
        claims_of(provider)


def test_its_keys_are_asked_each_time_and_what_it_offers_once_an_hour(
    provider: OidcProvider, fake: FakeProvider
) -> None:
    claims_of(provider)
    claims_of(provider)
    paths = [request.url.path for request in fake.asked]
    assert (paths.count(CONFIGURATION), paths.count("/jwks"), paths.count("/token")) == (1, 2, 2)
