"""The pages of those who oversee and mend, in a real browser against a stand-in server."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fake_backend import Backend, make_backend, serving
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.e2e
Open = Callable[[str, str], Page]


@pytest.fixture
def backend() -> Backend:
    return make_backend(3)


@pytest.fixture
def address(backend: Backend) -> Iterator[str]:
    with serving(backend) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, address: str, backend: Backend) -> Iterator[Open]:
    """A page as one role sees it. Afterwards: nothing that the page asked was refused, and no error."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_(role: str, path: str) -> Page:
            backend.roles = [role]
            context = browser.new_context(
                viewport={"width": 1280, "height": 720}, timezone_id="Europe/Amsterdam", locale="nl-NL"
            )
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(address + path)
            return page

        yield open_
    assert complaints == []


def test_the_proof_the_masks_and_the_audit_log_are_on_one_page(opened: Open, backend: Backend) -> None:
    backend.states["camera-01"] |= {"mask": "fault", "mask_reason": "no-mask-set"}
    page = opened("privacy_officer", "/toezicht")
    proof = page.locator("vms-retention-proof")
    expect(proof.locator(".verdict")).to_contain_text("Geen beeld is ouder dan toegestaan")
    expect(proof.locator(".verdict")).to_contain_text("keten van het wislogboek sluit.")
    facts = proof.locator(".facts").inner_text()
    assert "28 × 24 uur" in facts
    assert "1.234" in facts
    assert "nog geen" in facts
    certificates = page.locator("vms-certificates")
    expect(certificates.locator(".facts")).to_contain_text("0123456789abcdef")
    expect(certificates.locator("a[download]")).to_have_count(7)
    expect(certificates.locator("a[download]").first).to_contain_text("Certificaat van 24-11-2026")
    certificates.get_by_role("button", name="Alle 12 tonen").click()
    expect(certificates.locator("a[download]")).to_have_count(12)
    expect(page.locator('tr[data-camera="camera-01"]')).to_contain_text("afgedekt: geen vastgesteld masker")
    log = page.locator("vms-audit-log")
    expect(log.locator('.verdict[data-level="ok"]')).to_contain_text("Verzegeld tot en met regel 2.")
    expect(log.locator(".verdict")).to_contain_text("De keten sluit.")
    expect(log.locator("tbody tr")).to_have_count(2)
    refused = log.locator('tr[data-result="refused"]')
    expect(refused).to_contain_text("geweigerd")
    expect(refused).to_contain_text("opname van Markt (camera-01), wo 18-11-2026 12:06:40 CET")
    expect(refused.locator('[title="segment:450"]')).to_have_count(1)
    expect(refused).to_contain_text("doel: handhaving van de openbare orde")
    expect(log.locator('tr[data-result="allowed"]')).to_contain_text("stroom: groot beeld")
    log.locator("#audit-actor").fill("jan")
    log.locator("#audit-action").select_option("live.watch")
    log.locator("form button").click()
    expect(log.locator("tbody tr")).to_have_count(1)
    expect(log.locator("tbody tr")).to_contain_text("live bekijken")
    page.emulate_media(media="print")
    expect(log.locator("form")).to_be_hidden()
    expect(proof.locator(".verdict")).to_be_visible()


def test_each_purpose_tells_its_basis_and_how_long_its_footage_is_kept(opened: Open) -> None:
    purposes = opened("privacy_officer", "/toezicht").locator("table[data-purposes]")
    expect(purposes.locator('tr[data-purpose="public_order"]')).to_contain_text("art. 151c Gemeentewet")
    expect(purposes.locator('tr[data-purpose="public_order"]')).to_contain_text("14 / 28 × 24 uur")
    expect(purposes.locator('tr[data-purpose="harbour"]')).to_contain_text("geen grondslag vastgelegd")
    expect(purposes.locator('tr[data-purpose="harbour"]')).to_contain_text("geen beeld op schijf")


def test_the_log_is_filtered_by_camera_outcome_and_day_kept_as_a_question_and_taken_as_a_file(
    opened: Open, backend: Backend
) -> None:
    backend.copies = [{"name": "siem", "seq": 4700, "state": "failing", "problem": "tcp://siem: Connection refused"}]
    page = opened("shift_manager", "/toezicht")
    log = page.locator("vms-audit-log")
    expect(log.locator(".copies li")).to_contain_text("Kopie siem: 4.700 van 4.711 regels.")
    expect(log.locator(".verdict")).to_contain_text("Verzegeld tot en met regel 2.")
    log.locator("#audit-from").fill("32-13-2026")
    log.locator("form button").click()
    expect(log.locator("#audit-wrong")).to_contain_text("Vul een dag in")
    log.locator("#audit-from").fill("1-11-2026")
    log.locator("#audit-camera").select_option("camera-01")
    log.locator("#audit-result").select_option("refused")
    log.locator("form button").click()
    expect(log.locator("#audit-wrong")).to_have_text("")
    wanted = "camera=camera-01&result=refused&from=2026-11-01"
    expect(log.locator("a[download]")).to_have_attribute("href", f"/api/audit/register.csv?{wanted}")
    log.locator("#query-name").fill("Geweigerd op de Markt")
    log.locator("#query-name").press("Enter")
    kept = log.get_by_role("list", name="Bewaarde vragen")
    expect(kept).to_contain_text("Geweigerd op de Markt")
    assert backend.queries[0]["filters"] == {
        "actor": "", "action": "", "camera": "camera-01", "result": "refused", "from": "2026-11-01", "to": "",
    }  # fmt: skip
    page.reload()
    kept.get_by_role("button", name="Geweigerd op de Markt", exact=True).click()
    expect(log.locator("#audit-camera")).to_have_value("camera-01")
    expect(log.locator("#audit-from")).to_have_value("01-11-2026")
    expect(log.locator("a[download]")).to_have_attribute("href", re.compile(re.escape(wanted)))
    kept.get_by_role("button", name="Geweigerd op de Markt vergeten").click()
    expect(kept).to_have_count(0)


SIGNAL = {
    "id": 1, "code": "long_watch", "actor": "jan", "camera": "camera-01", "camera_name": "Markt",
    "period": "2026-11-22",
    "figure": 240, "bound": 180, "first_seq": 1, "last_seq": 9, "at_us": 1_795_000_000_000_000, "handled_by": "",
    "handled_us": None, "note": "",
}  # fmt: skip


def test_signals_are_questions_that_somebody_answers(opened: Open, backend: Backend) -> None:
    more = {"code": "odd_hours", "camera": "", "camera_name": "", "figure": 185, "bound": 360}
    backend.signals = [dict(SIGNAL), SIGNAL | more | {"id": 2}]
    page = opened("privacy_officer", "/toezicht")
    signals = page.locator("vms-oversight-alerts")
    first = signals.locator('[data-alert="long_watch"]')
    expect(first).to_contain_text("lang naar één camera gekeken")
    expect(first).to_contain_text("240 minuten op één dag (grens 180)")
    expect(signals.locator('[data-alert="odd_hours"]')).to_contain_text("om 03:05 uur (gewoon: tot of vanaf 06:00)")
    first.get_by_role("button", name="Regels tonen").click()
    expect(page.locator("#audit-actor")).to_have_value("jan")
    expect(page.locator("#audit-camera")).to_have_value("camera-01")
    first.get_by_role("button", name="Nagekeken…").click()
    dialog = signals.get_by_role("dialog")
    dialog.get_by_role("button", name="Vastleggen").click()
    expect(dialog.get_by_role("alert")).to_have_text("Schrijf op wat u vond.")
    dialog.get_by_label("Wat u vond").fill("evenement op de Markt")
    dialog.get_by_role("button", name="Vastleggen").click()
    expect(dialog).to_be_hidden()
    expect(first).to_contain_text("nagekeken door k.visser")
    expect(first).to_contain_text("evenement op de Markt")
    expect(signals.get_by_role("status")).to_have_text("1 nog na te kijken")
    expect(page.locator("#review-from")).to_have_count(0)


def test_log_ins_are_drawn_judged_one_by_one_and_signed_for(opened: Open, backend: Backend) -> None:
    page = opened("shift_manager", "/toezicht")
    review = page.locator("vms-login-review")
    expect(review).to_contain_text("Nog geen controle afgetekend.")
    review.get_by_role("button", name="Steekproef trekken").click()
    expect(review.locator("tbody tr")).to_have_count(2)
    expect(review.get_by_role("status")).to_contain_text("2 van 40 aanmeldingen")
    review.locator("[data-login='12']").get_by_label("akkoord").check()
    review.get_by_role("button", name="Aftekenen").click()
    expect(review.get_by_role("alert")).to_have_text("Geef over elke aanmelding een oordeel.")
    review.locator("[data-login='15']").get_by_label("navragen").check()
    review.get_by_label("Opmerking bij regel 15").fill("was met verlof")
    review.get_by_label("Slotopmerking").fill("november")
    review.get_by_role("button", name="Aftekenen").click()
    expect(review).to_contain_text("De controle is afgetekend.")
    signed = review.locator(".reviews tbody tr")
    expect(signed).to_contain_text("1 navragen")
    expect(signed).to_contain_text("15: was met verlof")
    expect(signed).to_contain_text("m.smit")


def test_seals_of_which_nobody_knows_whose_they_are_are_a_warning(opened: Open, backend: Backend) -> None:
    backend.chain["key_read"] = False
    verdict = opened("privacy_officer", "/toezicht").locator('vms-audit-log .verdict[data-level="warn"]')
    expect(verdict).to_contain_text("De keten sluit.")
    expect(verdict).to_contain_text("Van wie de zegels zijn, is niet nagegaan")
    expect(verdict).not_to_contain_text("Verzegeld tot en met")


def test_findings_a_broken_chain_and_plain_footage_are_plain_to_see(opened: Open, backend: Backend) -> None:
    finding = {"code": "R1", "nl": "x", "en": "x", "subject": "markt-01/a.mp4", "detail": "taken long ago: too old"}
    backend.proof |= {"findings": [finding], "findings_in_total": 7, "ledger_closes": False}
    backend.chain |= {"closes": False, "findings": ["audit 3: was changed"], "findings_in_total": 1}
    backend.encrypted = False
    page = opened("shift_manager", "/toezicht?taal=en")
    proof = page.locator("vms-retention-proof")
    expect(proof.locator('.verdict[data-level="danger"]')).to_contain_text("7 findings")
    expect(proof.locator(".verdict")).to_contain_text("chain does not close")
    expect(proof.locator('tr[data-finding="R1"]')).to_contain_text("R1 · Footage too old on disk")
    expect(page.locator("vms-audit-log .verdict")).to_contain_text("The chain does not close: 1 breaks.")
    expect(page.locator("vms-audit-log")).to_contain_text("Wed 2026-11-18 12:06:40 CET")
    dates = re.findall(r"\d+-\d+-\d+", page.inner_text("body"))
    assert dates
    assert [date for date in dates if not re.fullmatch(r"\d{4}-\d\d-\d\d", date)] == []
    expect(page.locator('[data-warning="not-encrypted"]')).to_contain_text("not encrypted")


def test_a_policy_officer_knows_how_many_cameras_are_in_use_and_no_more(opened: Open, backend: Backend) -> None:
    backend.states["camera-02"] |= {"source": "unreachable", "reason": "unreachable"}
    backend.requests.clear()
    page = opened("policy_officer", "/toezicht")
    expect(page.locator('[data-figure="up"]')).to_contain_text("2")
    expect(page.locator("vms-frame-status")).to_contain_text("2/3 in bedrijf")
    expect(page.locator("tr[data-camera]")).to_have_count(3)
    expect(page.locator("#server-lost")).to_have_count(0)
    assert "afgedekt" not in page.inner_text("main")
    assert page.locator("vms-retention-proof, vms-audit-log").count() == 0
    assert [path for _, path, _ in backend.requests if path in ("/api/status", "/api/audit")] == []


def test_volumes_show_their_forecast_and_say_when_footage_goes_early(opened: Open, backend: Backend) -> None:
    page = opened("technician", "/techniek")
    row = page.locator(".system tr", has_text="media-1")
    expect(row.locator("[data-forecast]")).to_have_text("niet: past 31 dagen")
    page.close()
    backend.disk |= {"used_pct": 93.0, "is_above_high_water": True, "days_to_full": 0.0, "fits_days": 19.0}
    page = opened("technician", "/techniek")
    row = page.locator(".system tr", has_text="media-1")
    expect(page.locator('[data-warning="disk-pressure"]')).to_contain_text("het oudste beeld wordt eerder gewist")
    expect(row.locator("[data-forecast]")).to_have_text("nu")
    page.close()
    backend.disk |= {"fault": "volume_held", "fault_detail": "past its mark with held footage only"}
    page = opened("technician", "/techniek")
    expect(page.locator('tr[data-fault="volume_held"]')).to_contain_text("hef veiligstellingen op")
    expect(page.locator('tr[data-fault="volume_held"]')).to_contain_text("93 %")


def test_faults_say_what_is_wrong_how_to_mend_it_and_what_the_software_said(opened: Open, backend: Backend) -> None:
    detail = "the camera closed the connection"
    backend.states["camera-02"] |= {"source": "unreachable", "reason": "unreachable", "detail": detail}
    backend.states["camera-03"] |= {"rec": "fault", "rec_reason": "disk", "rec_detail": "main: full: 3 MiB free"}
    backend.disk |= {"fault": "volume_missing", "fault_detail": "/srv/media-1: no marker", "used_pct": None}
    backend.encrypted = False
    page = opened("technician", "/techniek")
    lost = page.locator('tr[data-camera="camera-02"] .cause')
    expect(lost.locator("strong")).to_have_text("niet bereikbaar")
    expect(lost.locator(".detail")).to_have_text(f"technische melding: {detail}")
    expect(page.locator('tr[data-camera="camera-03"] .cause strong')).to_have_text(
        "Opname gestopt: schijf vol of gestoord"
    )
    row = page.locator('tr[data-fault="volume_missing"]')
    expect(row).to_contain_text("volume niet aangekoppeld")
    expect(row).to_contain_text("Koppel de schijf aan")
    assert row.get_attribute("data-level") == "danger"
    assert "%" not in row.inner_text()
    expect(page.locator('[data-warning="volume"]')).to_contain_text("media-1: volume niet aangekoppeld")
    expect(page.locator('[data-warning="not-encrypted"]')).to_be_visible()
    expect(page.locator(".system")).to_contain_text("draait")
