"""Certificates: one for trials, what browsers are told of it, and HTTPS for good only with a real one."""

import ssl
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner

from tests.web.served_site import Site, eventually
from vms.cli.tls import tls_app
from vms.config import Web
from vms.errors import ConfigError
from vms.store import alarms
from vms.units import us_from_utc
from web.certificate_alarms import certificate_alarm
from web.server import check_tls
from web.tls_files import Certificate, make_trial_certificate, may_pin_https, read_certificate

NOW = datetime.now(UTC)


def files(cert: Path, key: Path) -> Web:
    return Web.model_validate({"tls_cert_file": str(cert), "tls_key_file": str(key)})


def signed_by_an_authority(directory: Path) -> Web:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    key, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(named("camera.venlo.nl"))
        .issuer_name(named("Gemeente CA"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(authority, hashes.SHA256())
    )
    cert_file, key_file = directory / "c.pem", directory / "c.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(pem)
    return files(cert_file, key_file)


def test_the_trial_certificate_fits_its_key_and_names_every_host(tmp_path: Path) -> None:
    cert_file, key_file = make_trial_certificate(tmp_path, ["vms.local", "10.1.2.3", "::1"], NOW)
    check_tls(files(cert_file, key_file))
    assert key_file.stat().st_mode & 0o777 == 0o600
    made = x509.load_pem_x509_certificate(cert_file.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["vms.local"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.1.2.3", "::1"]
    assert made.not_valid_after_utc - NOW < timedelta(days=91)
    assert ssl.create_default_context(cafile=cert_file).cert_store_stats()["x509_ca"] == 0


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    make_trial_certificate(tmp_path, ["a"], NOW)
    before = (tmp_path / "trial.key").read_bytes()
    with pytest.raises(ConfigError, match="holds trial"):
        make_trial_certificate(tmp_path, ["a"], NOW)
    assert (tmp_path / "trial.key").read_bytes() == before


def test_the_command_prints_what_to_configure_and_warns(tmp_path: Path) -> None:
    done = CliRunner().invoke(tls_app, ["trial", "--host", "vms.local", "--out", str(tmp_path / "tls")])
    assert done.exit_code == 0, done.output
    assert f'tls_cert_file = "{tmp_path}/tls/trial.pem"' in done.output
    assert "For trials only" in done.output
    assert "PRIVATE" not in done.output


def test_https_is_pinned_only_with_a_certificate_that_somebody_vouches_for(tmp_path: Path) -> None:
    trial = files(*make_trial_certificate(tmp_path, ["localhost"], NOW))
    real = signed_by_an_authority(tmp_path)
    found = read_certificate(trial)
    assert [may_pin_https(read_certificate(web)) for web in (Web(), trial, real)] == [False, False, True]
    assert found is not None
    assert found.is_self_signed


@pytest.mark.parametrize("kind", ["trial", "real"])
def test_browsers_are_told(tmp_path: Path, kind: str) -> None:
    real = signed_by_an_authority(tmp_path)
    web = real if kind == "real" else files(*make_trial_certificate(tmp_path, ["localhost"], NOW))
    site = Site(web={"tls_cert_file": web.tls_cert_file, "tls_key_file": web.tls_key_file, "second_factor": "required"})
    try:
        answer = site.client().get("/inloggen")
        assert ("max-age=31536000" in answer.headers.get("strict-transport-security", "")) is (kind == "real")
        assert ("certificaat is zelf gemaakt" in answer.text) is (kind == "trial")
        assert "tweede factor gevraagd" not in answer.text
    finally:
        site.close()


def test_the_login_page_stays_when_the_file_goes_or_changes(tmp_path: Path) -> None:
    web = files(*make_trial_certificate(tmp_path, ["localhost"], NOW))
    site = Site(web={"tls_cert_file": web.tls_cert_file, "tls_key_file": web.tls_key_file})
    assert web.tls_cert_file is not None
    try:
        web.tls_cert_file.write_text("half a certifi", encoding="utf-8")
        answer = site.client().get("/inloggen")
        assert (answer.status_code, "certificaat is zelf gemaakt" in answer.text) == (200, True)
        web.tls_cert_file.unlink()
        assert site.client().get("/inloggen").status_code == 200
    finally:
        site.close()


def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(ConfigError, match="tls_cert_file"):
        read_certificate(files(tmp_path / "c.pem", tmp_path / "c.key"))


@pytest.mark.parametrize(
    ("days", "says"),
    [(15, None), (13, "Het certificaat verloopt op"), (0, "Het certificaat is verlopen op")],
)
def test_its_end_is_told_in_time(days: int, says: str | None) -> None:
    alarm = certificate_alarm(Certificate(is_self_signed=False, ends_at=NOW + timedelta(days=days)), NOW)
    assert (alarm.text_nl if alarm else "").startswith(says or "")
    assert (alarm is None) is (says is None)
    assert certificate_alarm(None, NOW) is None


def told_at(site: Site, at_us: int) -> int:
    with site.store.reading() as tx:
        return [us_from_utc(alarm.at) for alarm in alarms.newest(tx, 50)].count(at_us)


def test_a_running_system_tells_it_once_a_day(tmp_path: Path) -> None:
    web = signed_by_an_authority(tmp_path)  # for a day
    site = Site(web={"tls_cert_file": web.tls_cert_file, "tls_key_file": web.tls_key_file})
    try:
        site.stop_web()
        for hours in (-40, -40, -15):
            site.clock.us = us_from_utc(NOW + timedelta(hours=hours))
            site.start_web()
            told = partial(told_at, site, site.clock.us)
            assert eventually(told) == 1
            site.stop_web()
            assert told() == 1
    finally:
        site.close()
