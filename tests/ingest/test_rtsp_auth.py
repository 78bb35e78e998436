"""Digest against the examples printed in the RFCs."""

import re

import pytest

from ingest.rtsp_auth import Authenticator, choose, parse_challenges
from vms.errors import CameraUnauthorized

# RFC 7616, section 3.9.1
RFC7616 = [
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
]
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def authenticator(*challenges, encrypted=False, user="Mufasa", password="Circle of Life"):
    made = Authenticator(user, password, encrypted=encrypted, new_cnonce=lambda: CNONCE)
    made.challenged(challenges)
    return made


def response(header):
    return re.search(r'\bresponse="([0-9a-f]+)"', header)[1]


def test_sha_256_as_printed_in_rfc_7616():
    header = authenticator(*RFC7616).header("GET", "/dir/index.html")
    assert response(header) == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert "algorithm=SHA-256" in header
    assert "qop=auth, nc=00000001" in header


def test_md5_as_printed_in_rfc_7616():
    header = authenticator(RFC7616[1]).header("GET", "/dir/index.html")
    assert response(header) == "8ca523f5e9506fed4657c9700eebdbec"


def test_old_digest_without_qop_as_in_rfc_2069():
    # The corrected value of RFC 2069's example (errata 749).
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    header = authenticator(challenge, password="CircleOfLife").header("GET", "/dir/index.html")
    assert response(header) == "1949323746fe6a43ef61f9606e7febea"
    assert "cnonce" not in header


def test_the_nonce_count_rises():
    made = authenticator(RFC7616[1])
    assert ["nc=0000000" + str(n) in made.header("PLAY", "x") for n in (1, 2, 3)] == [True] * 3


def test_the_strongest_offer_is_taken_in_whatever_order_or_line():
    joined = 'Basic realm="a, b=c", Digest realm="r", nonce="n1", Digest realm="r", nonce="n2", algorithm=SHA-256'
    assert choose(parse_challenges([joined]), encrypted=True).params["nonce"] == "n2"


def test_basic_is_refused_in_the_clear_and_the_text_says_what_to_do():
    with pytest.raises(CameraUnauthorized, match="enable digest"):
        authenticator('Basic realm="cam"')
    assert authenticator('Basic realm="cam"', encrypted=True).header("PLAY", "x").startswith("Basic ")


def test_a_second_refusal_of_the_same_password_is_final():
    made = authenticator('Digest realm="r", nonce="1"')
    made.header("DESCRIBE", "x")
    with pytest.raises(CameraUnauthorized, match="refused"):
        made.challenged(['Digest realm="r", nonce="2"'])


def test_a_stale_nonce_is_answered_again():
    made = authenticator('Digest realm="r", nonce="1"')
    made.header("DESCRIBE", "x")
    made.challenged(['Digest realm="r", nonce="2", stale=TRUE'])
    assert 'nonce="2"' in made.header("DESCRIBE", "x")


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Negotiate",
        'Digest realm="r"',
        'Digest nonce="n", algorithm=SHA-512-256',
        'Digest nonce="n", qop="auth-int"',
    ],
)
def test_what_cannot_be_answered_is_unauthorized(challenge):
    with pytest.raises(CameraUnauthorized):
        authenticator(challenge)


def test_without_credentials_nothing_is_sent():
    with pytest.raises(CameraUnauthorized, match="none are configured"):
        authenticator(RFC7616[1], user="")


def test_neither_repr_nor_header_shows_the_password():
    made = authenticator(*RFC7616)
    assert "Circle" not in repr(made) + made.header("PLAY", "x")


def test_quotes_in_a_username_stay_inside():
    assert r'username="a\"b\\"' in authenticator(RFC7616[1], user='a"b\\').header("PLAY", "x")
