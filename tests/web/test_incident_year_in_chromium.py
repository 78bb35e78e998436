"""A year ends, on the real web application: its category goes on as another, and the report maps one to the other."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OPEN, PASSWORD, Site, eventually
from vms.clock import now_utc
from vms.store.schema_incidents import IncidentCategoryRow, IncidentPlaceRow, IncidentRow
from vms.units import us_from_utc, utc_from_us

pytestmark = pytest.mark.e2e

YEAR = utc_from_us(T0_US).year


@pytest.fixture
def own_site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def signed_in(browser: Browser, site: Site, role: str, path: str) -> Page:
    page = browser.new_page(timezone_id="Europe/Amsterdam")
    page.clock.set_fixed_time(now_utc(site.clock))
    page.goto(f"{site.url}{path}")
    page.fill("input[name=username]", role)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}")
    return page


def test_a_category_that_ended_is_not_offered_old_incidents_keep_it_and_the_year_before_is_mapped(
    browser: Browser, own_site: Site
) -> None:
    site = own_site
    observer = site.client("observer")
    known = observer.get("/api/incidents/categories", params={"year": YEAR}).json()["categories"]
    old = next(each["id"] for each in known if each["name"] == "Winkeldiefstal")
    for camera in (OPEN, MASKED):
        answer = observer.post("/api/incidents", json={"cameras": [camera], "category": old})
        assert answer.status_code == 201, answer.text

    successor = {"name": "Diefstal in winkels", "first_year": YEAR + 1, "replaces": [old]}
    assert site.client("policy_officer").post("/api/incidents/categories", json=successor).status_code == 201

    new_year = datetime(YEAR + 1, 1, 1, 9, tzinfo=UTC)
    site.clock.advance((us_from_utc(new_year) - site.clock.now_us()) / 1e6)
    wall = signed_in(browser, site, "observer", "/muur?stand=1&camera=1")
    expect(wall.locator("vms-tile.hero")).to_have_attribute("data-camera", OPEN)
    expect(wall.locator("vms-frame-status .dot")).not_to_have_text("server weg")
    wall.keyboard.press("i")
    wall.keyboard.type("winkel")
    expect(wall.get_by_role("option")).to_have_text(["Diefstal in winkels"])
    for key in ("Enter", "a", "ArrowUp", "Enter"):
        wall.keyboard.press(key)
    expect(wall.locator(".toast")).to_contain_text("Incident 3 ingeschreven")
    wall.close()

    assert eventually(lambda: site.audit("incidents.write")[-1].object == "incident:3")
    policy = signed_in(browser, site, "policy_officer", f"/incidenten?jaar={YEAR + 1}")
    line = policy.locator("table.year tbody tr", has_text="Diefstal in winkels")
    expect(line.locator("td").first).to_have_text("1 (2)")
    expect(line).to_contain_text("1 aangesproken")
    with site.store.reading() as tx:
        of = select(func.count()).select_from(IncidentRow).join(IncidentCategoryRow)
        counts = [
            tx.scalar(of.where(IncidentCategoryRow.name == name)) for name in ("Diefstal in winkels", "Winkeldiefstal")
        ]
        seen_at = tx.get_one(IncidentRow, 3).at
        places = tx.scalars(select(IncidentPlaceRow.camera_id).where(IncidentPlaceRow.incident_id == 3)).all()
    assert counts == [1, 2]
    assert (places, abs((seen_at - new_year).total_seconds()) < 60) == ([OPEN], True)
    expect(policy.locator("table.year tfoot td").first).to_have_text("1 (2)")
    expect(policy.locator("table.incidents tbody tr", has_text="Winkeldiefstal")).to_have_count(2)
    policy.close()
