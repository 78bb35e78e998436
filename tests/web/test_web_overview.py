"""The contact sheet over HTTP: who may, and one audit row per look."""

from tests.web.served_site import Site
from web.looking import AWAY_S


def test_one_look_at_all_cameras_is_one_audit_row_however_often_it_is_asked(site: Site) -> None:
    client = site.browser("observer")
    answers = [client.get("/api/overview") for _ in range(3)]
    assert {answer.content for answer in answers} == {b"\xff\xd8sheet"}
    assert (answers[0].headers["x-columns"], answers[0].headers["x-ages"]) == ("2", "1,-,0")
    assert [(row.object, row.detail) for row in site.audit("live.watch")] == [("cameras:all", {"profile": "overview"})]
    site.clock.advance(AWAY_S + 1)
    client.get("/api/overview")
    assert len(site.audit("live.watch")) == 2
    assert site.client("technician").get("/api/overview").status_code == 403
