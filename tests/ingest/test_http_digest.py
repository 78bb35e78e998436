import re

import pytest

from ingest.http_digest import DigestAnswer, strongest_challenge
from vms.errors import ProtocolError

RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm},'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


def _response(header: str, cnonce: str = "", password: str = "Circle of Life") -> str:
    challenge = strongest_challenge([header])
    assert challenge
    answer = DigestAnswer(challenge, "Mufasa", password, cnonce or "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    found = re.search(r'response="([0-9a-f]+)"', answer.header("GET", "/dir/index.html"))
    assert found
    return found.group(1)


def test_rfc_7616_examples() -> None:
    assert _response(RFC_7616.format(algorithm="MD5")) == "8ca523f5e9506fed4657c9700eebdbec"
    assert (
        _response(RFC_7616.format(algorithm="SHA-256"))
        == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    )


def test_rfc_2069_example_without_qop() -> None:
    header = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    assert _response(header, password="CircleOfLife") == "1949323746fe6a43ef61f9606e7febea"  # RFC 2069 errata 749


def test_the_strongest_challenge_is_answered_whether_in_one_header_or_in_two() -> None:
    md5, sha = (
        'Digest realm="a, b", nonce="1", qop="auth"',
        'Digest realm="a", nonce="2", algorithm=SHA-256, qop="auth"',
    )
    for headers in ([md5, sha], [sha, md5], [f"Basic realm=x, {md5}, {sha}"], [f"{sha}, {md5}"]):
        challenge = strongest_challenge(headers)
        assert challenge
        assert (challenge.algorithm, challenge.nonce) == ("SHA-256", "2")


@pytest.mark.parametrize(
    "header",
    [
        "",
        'Basic realm="camera"',
        "Digest",
        'Digest realm="no nonce"',
        'Digest realm="a", nonce="1", algorithm=SHA-999',
        'Digest realm="a", nonce="1", qop="auth-int"',
        "Negotiate",
        "=,=,=" * 2000,
    ],
)
def test_what_cannot_be_answered_safely_is_no_challenge(header: str) -> None:
    assert strongest_challenge([header]) is None


def test_each_use_of_a_nonce_counts_up_and_the_password_shows_nowhere() -> None:
    challenge = strongest_challenge(['Digest realm="a", nonce="1", qop="auth"'])
    assert challenge
    answer = DigestAnswer(challenge, "vms", "geheim")
    first, second = answer.header("POST", "/"), answer.header("POST", "/")
    assert "nc=00000001" in first
    assert "nc=00000002" in second
    assert "geheim" not in first + second + repr(answer)


def test_a_challenge_cannot_inject_a_header() -> None:
    challenge = strongest_challenge(['Digest realm="a\r\nX-Evil: 1", nonce="1"'])
    assert challenge
    with pytest.raises(ProtocolError):
        DigestAnswer(challenge, "vms", "x").header("POST", "/")
