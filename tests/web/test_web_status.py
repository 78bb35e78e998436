"""What people are told about cameras, disks and processes, by request and over the websocket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OFFER, OPEN, PASSWORD, TURNING, Site, camera_status, eventually, stream_status
from vms.status import VolumeStatus
from vms.store import users
from vms.volume import MARKER_NAME
from web.api import websocket


@contextmanager
def page(site: Site, client: Any, **headers: str) -> Iterator[ClientConnection]:
    """A page's websocket: with its cookie and its origin."""
    cookie = f"uitkijk_session={client.cookies['uitkijk_session']}"
    with connect(
        site.url.replace("http", "ws") + "/api/ws",
        additional_headers={"Cookie": cookie, "Origin": site.url, **headers},
        proxy=None,
        open_timeout=20,
    ) as socket:
        yield socket


def read(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of this kind."""
    for _ in range(50):
        message = json.loads(socket.recv(timeout=20))
        if message["type"] == kind:
            return dict(message)
    raise AssertionError(f"no {kind}")


def close_code(socket: ClientConnection) -> int:
    """Read on until the server closes."""
    try:
        for _ in range(300):
            socket.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0
    raise AssertionError("still open")


def publish(site: Site, *statuses: Any) -> None:
    """On the bus until the web process has it: its subscription is on its way."""
    capture = site.app.state.services.capture

    def arrived() -> bool:
        for status in statuses:
            site.capture.publisher.offer(status)
        return all(capture.status(status.camera_id) == status for status in statuses)

    eventually(arrived)


def state(site: Site, camera: str) -> dict[str, Any]:
    return dict(site.client("technician").get("/api/status").json()["cameras"][camera])


def test_cameras_are_listed_without_their_addresses(site: Site) -> None:
    answer = site.client("observer").get("/api/cameras")
    by_id = {camera["id"]: camera for camera in answer.json()["cameras"]}
    assert set(by_id) == {OPEN, MASKED, TURNING}
    assert by_id[TURNING]["can_turn"] is True
    assert by_id[OPEN]["masks"] == "none"
    assert "rtsp" not in answer.text
    assert "127.0.0.1" not in answer.text


def test_a_silent_recording_process_is_unreachable_and_said_so(site: Site) -> None:
    found = state(site, OPEN)
    assert (found["source"], found["reason"], found["rec"]) == ("unreachable", "recorder_silent", "fault")
    assert found["rec_reason"] == "recorder_silent"
    assert found["main"] is None


def test_statuses_from_the_bus_are_shown_and_grow_stale_after_five_seconds(site: Site) -> None:
    publish(site, camera_status(OPEN))
    found = state(site, OPEN)
    assert (found["source"], found["rec"], found["skew_ms"], found["ptz"]) == ("up", "on", 12, "none")
    assert found["main"]["fps"] == 12.5
    site.clock.advance(5.1)
    assert state(site, OPEN)["reason"] == "recorder_silent"
    assert state(site, OPEN)["since_us"] == T0_US


def test_the_worst_stream_decides_about_recording(site: Site) -> None:
    fault = stream_status(recording="fault", recording_detail="full: 3 MiB free", recording_reason="disk")
    refused = stream_status(state="unauthorized", detail="RTSP 401")
    publish(site, camera_status(OPEN, sub=fault), camera_status(MASKED, main=refused))
    found = state(site, OPEN)
    assert (found["rec"], found["rec_reason"], found["rec_detail"]) == ("fault", "disk", "sub: full: 3 MiB free")
    assert (state(site, MASKED)["source"], state(site, MASKED)["detail"]) == ("unauthorized", "RTSP 401")


def test_a_substream_that_nobody_wants_recorded_is_no_lack(site: Site) -> None:
    unwanted = stream_status(recording="off", recording_detail="record_sub = false", recording_reason="not_wanted")
    publish(site, camera_status(OPEN, sub=unwanted))
    assert (state(site, OPEN)["rec"], state(site, OPEN)["rec_reason"]) == ("on", "")


def test_masks_are_what_live_says_and_a_fault_when_it_says_nothing(site: Site) -> None:
    assert (state(site, OPEN)["mask"], state(site, MASKED)["mask"]) == ("none", "fault")
    site.live.cameras[MASKED] = {"mask": "ok", "reason": ""}
    eventually(lambda: state(site, MASKED)["mask"] == "ok")
    site.live.cameras[MASKED] = {"mask": "lovely", "reason": "?"}
    eventually(lambda: state(site, MASKED)["mask"] == "fault")


def test_disks_and_processes(site: Site) -> None:
    known = [{"name": "live", "state": "running", "pid": 5, "restarts": 2, "since_us": T0_US}]
    (site.config.run_dir / "processes.json").write_text(json.dumps(known), encoding="utf-8")
    found = site.client("technician").get("/api/status").json()
    assert found["processes"] == [{"name": "live", "state": "running", "restarts": 2, "since_us": T0_US}]
    [disk] = found["disk"]
    assert disk["path"] == str(site.volume)
    assert 0 < disk["free_bytes"] < disk["total_bytes"]
    assert 0 < disk["used_pct"] < 100
    assert (disk["fault"], found["encrypted"]) == ("", True)
    (site.config.run_dir / "processes.json").write_text("{", encoding="utf-8")
    assert site.client("technician").get("/api/status").json()["processes"] == []


def test_a_volume_that_is_not_mounted_is_a_fault_and_not_an_empty_disk(site: Site) -> None:
    marker = site.volume / MARKER_NAME
    content = marker.read_text(encoding="utf-8")
    marker.unlink()
    client = site.client("technician")

    def disk_with(fault: str) -> dict[str, Any]:
        return eventually(
            lambda: next((d for d in client.get("/api/status").json()["disk"] if d["fault"] == fault), None)
        )

    disk = disk_with("volume_missing")
    assert (disk["free_bytes"], disk["used_pct"]) == (0, None)
    assert "not mounted" in disk["fault_detail"]
    marker.write_text("{", encoding="utf-8")
    assert disk_with("volume_damaged")
    marker.write_text(content, encoding="utf-8")
    assert disk_with("")


def test_what_a_recorder_says_of_its_volume_is_shown_and_raises_an_alarm(site: Site) -> None:
    client = site.client("technician")
    said = VolumeStatus("capture-0", str(site.volume), T0_US, "failing", "write: Input/output error")

    def alarms() -> list[dict[str, Any]]:
        site.capture.publisher.offer(said)
        return [alarm for alarm in client.get("/api/status").json()["alarms"] if alarm["code"] == "volume_fault"]

    [alarm] = eventually(alarms)
    assert alarm["text_nl"] == f"Schijf {site.volume.name}: schijffout bij het schrijven"
    assert alarm["detail"] == "write: Input/output error"
    [disk] = client.get("/api/status").json()["disk"]
    assert (disk["fault"], disk["high_water_pct"]) == ("volume_failing", 92.0)
    assert disk["used_pct"] is not None


def test_a_site_without_encryption_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = site.config.recorder.model_copy(update={"encrypt": False})
    monkeypatch.setattr(site.app.state.services, "config", site.config.model_copy(update={"recorder": plain}))
    for role in ("technician", "admin", "privacy_officer"):
        assert site.client(role).get("/api/status").json()["encrypted"] is False


def test_ready_only_while_live_and_database_answer(site: Site) -> None:
    client = site.client()
    eventually(lambda: client.get("/readyz").status_code == 200)
    assert client.get("/healthz").status_code == 200
    site.stop_live()
    eventually(lambda: client.get("/readyz").status_code == 503)
    assert client.get("/readyz").json() == {"ready": False, "database": True, "live": False}


def test_metrics_count_cameras_viewers_and_requests(site: Site) -> None:
    publish(site, camera_status(OPEN))
    site.client("observer").post(f"/whep/{MASKED}", content=OFFER, headers={"Content-Type": "application/sdp"})
    client = site.client("technician")
    eventually(lambda: "uitkijk_viewers 1.0" in client.get("/metrics").text)
    assert "uitkijk_viewers_reduced 0.0" in client.get("/metrics").text
    for session in site.live.sessions.values():
        session["is_reduced"] = True
    eventually(lambda: "uitkijk_viewers_reduced 1.0" in client.get("/metrics").text)
    lines = client.get("/metrics").text.splitlines()
    assert f'uitkijk_camera_up{{camera="{OPEN}"}} 1.0' in lines
    assert f'uitkijk_camera_up{{camera="{MASKED}"}} 0.0' in lines
    assert f'uitkijk_camera_recording{{camera="{OPEN}"}} 1.0' in lines
    assert 'uitkijk_http_requests_total{method="POST",route="/whep/{camera}",status="201"} 1.0' in lines
    assert any(line.startswith("uitkijk_disk_free_bytes{") for line in lines)


def test_the_websocket_says_hello_and_a_digest_each_second(site: Site) -> None:
    client = site.browser("observer")
    client.post(f"/whep/{MASKED}", content=OFFER, headers={"Content-Type": "application/sdp"})
    with page(site, client) as socket:
        assert json.loads(socket.recv(timeout=20)) == {"type": "hello", "server_us": site.clock.us}
        digest = read(socket, "digest")
        assert set(digest["cameras"]) == {OPEN, MASKED, TURNING}
        assert "main" not in digest["cameras"][OPEN]
        own = eventually(lambda: read(socket, "digest")["sessions"])
    expected = {"rtp_timestamp": 90_000, "utc_us": T0_US, "mask": "ok", "reason": "", "is_reduced": False}
    assert own == {"session-0001": expected}


def test_the_digest_holds_ones_own_sessions_only(site: Site) -> None:
    other = site.client("police_reviewer")
    other.post(f"/whep/{MASKED}", content=OFFER, headers={"Content-Type": "application/sdp"})
    eventually(lambda: site.app.state.services.board.viewers == 1)
    with page(site, site.browser("observer")) as socket:
        assert read(socket, "digest")["sessions"] == {}


def test_ping_is_answered_with_the_servers_clock(site: Site) -> None:
    with page(site, site.browser("observer")) as socket:
        socket.send('{"type": "ping", "t": 12.5}')
        assert read(socket, "pong") == {"type": "pong", "t": 12.5, "server_us": site.clock.us}


@pytest.mark.parametrize("text", ["x", "[]", '{"type": "order"}', '{"type": "ping", "t": []}', '"' + "y" * 2000 + '"'])
def test_what_is_no_ping_ends_the_connection(steady_site: Site, text: str) -> None:
    with page(steady_site, steady_site.browser("observer")) as socket:
        socket.send(text)
        assert close_code(socket) == 1007


def test_a_lock_is_told_to_every_page_and_is_mine_for_one(site: Site) -> None:
    assert site.capture.asked == []
    anna, police = site.browser("observer"), site.browser("police_reviewer")
    with page(site, anna) as hers, page(site, police) as theirs:
        read(hers, "digest"), read(theirs, "digest")
        anna.post(f"/api/cameras/{TURNING}/ptz/lock")
        event = read(theirs, "ptz")
        assert (event["camera"], event["holder"]["name"]) == (TURNING, "Demo observer")
        eventually(lambda: read(hers, "digest")["cameras"][TURNING]["ptz"] == "mine")
        eventually(lambda: read(theirs, "digest")["cameras"][TURNING]["ptz"] == "other")
        police.post(f"/api/cameras/{TURNING}/ptz/lock")
        taken = eventually(lambda: (found := read(hers, "ptz"))["holder"]["role"] == "police" and found)
        assert taken["taken_from"] == "Demo observer"
        police.post(f"/api/cameras/{TURNING}/ptz/release")
        eventually(lambda: read(hers, "ptz")["holder"] is None)


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty looks at the cameras between two digests. Ask for it before `site`."""
    monkeypatch.setattr("web.background._SECOND_S", 0.05)


def test_a_camera_that_is_lost_and_comes_back_raises_alarms(quick_looks: None, site: Site) -> None:
    publish(site, camera_status(OPEN))
    with page(site, site.browser("observer")) as socket:
        read(socket, "digest"), read(socket, "digest")
        lost = stream_status(state="unreachable", detail="no answer in 5 s", recording="fault", recording_reason="disk")
        publish(site, camera_status(OPEN, main=lost))
        alarms = [read(socket, "alarm"), read(socket, "alarm")]
        assert [alarm["code"] for alarm in alarms] == ["camera_lost", "recording_fault"]
        assert alarms[0]["camera"] == OPEN
        assert (alarms[0]["text_nl"], alarms[0]["detail"]) == ("Geen beeld: niet bereikbaar", "no answer in 5 s")
        assert alarms[1]["text_en"] == "Recording stopped: disk full or faulty"
        publish(site, camera_status(OPEN))
        assert read(socket, "alarm")["code"] == "camera_back"
    found = site.client("technician").get("/api/status").json()["alarms"]
    first = found[0]["id"]
    assert [alarm["id"] - first for alarm in found] == [0, 1, 2]


def test_an_alarm_is_acknowledged_once_and_everybody_sees_by_whom(quick_looks: None, site: Site) -> None:
    anna, police = site.browser("observer"), site.browser("police_reviewer")
    publish(site, camera_status(OPEN))
    with page(site, anna) as socket:
        read(socket, "digest"), read(socket, "digest")
        publish(site, camera_status(OPEN, main=stream_status(state="unreachable")))
        alarm = read(socket, "alarm")
        assert (alarm["acknowledged_by"], alarm["acknowledged_us"]) == ("", None)
        path = f"/api/alarms/{alarm['id']}/acknowledge"
        answers = [client.post(path).json() for client in (anna, police)]
        assert [answer["acknowledged_by"] for answer in answers] == ["Demo observer", "Demo observer"]
        assert read(socket, "alarm")["acknowledged_us"] == answers[0]["acknowledged_us"]
    with page(site, police) as socket:
        assert [known["acknowledged_by"] for known in read(socket, "alarms")["alarms"]] == ["Demo observer"]
    rows = [(row.actor, row.object, row.detail) for row in site.audit("alarms.acknowledge")]
    assert rows == [("observer", f"camera:{OPEN}", {"alarm": "camera_lost"})]
    assert anna.post("/api/alarms/1/acknowledge").status_code == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_another_sites_page_gets_no_websocket(steady_site: Site, origin: str) -> None:
    client = steady_site.browser("observer")
    with pytest.raises(InvalidStatus) as refused, page(steady_site, client, Origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_a_websocket_needs_a_login(site: Site) -> None:
    address = site.url.replace("http", "ws") + "/api/ws"
    with pytest.raises(InvalidStatus) as refused, connect(address, proxy=None):
        pass
    assert refused.value.response.status_code == 401


def test_who_does_not_watch_is_told_how_many_cameras_are_in_use_and_no_more(quick_looks: None, site: Site) -> None:
    publish(site, camera_status(OPEN))
    with page(site, site.browser("policy_officer")) as theirs, page(site, site.browser("observer")) as hers:
        eventually(lambda: read(theirs, "digest")["counts"]["up"] == 1)
        publish(site, camera_status(OPEN, main=stream_status(state="unreachable", detail="no answer")))
        assert read(hers, "alarm")["code"] == "camera_lost"
        message = json.loads(theirs.recv(timeout=20))
        while message["counts"]["up"]:
            assert (message["type"], message["cameras"], message["sessions"]) == ("digest", {}, {})
            message = json.loads(theirs.recv(timeout=20))
        assert message["counts"] == {"cameras": 3, "up": 0, "recording_faults": 2}
        assert OPEN not in json.dumps(message)


def test_the_websocket_ends_with_the_login(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "DIGEST_EVERY_S", 0.02)
    client = site.browser("observer")
    with page(site, client) as socket:
        read(socket, "digest")
        client.post("/api/logout")
        assert close_code(socket) == 4401


def test_a_disabled_account_is_out_at_once(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "DIGEST_EVERY_S", 0.02)
    monkeypatch.setattr("web.background._LOGINS_EVERY_S", 0.05)
    site.stop_web()
    site.start_web()
    client = site.browser("observer")
    client.post(f"/whep/{MASKED}", content=OFFER, headers={"Content-Type": "application/sdp"})
    with page(site, client) as socket:
        read(socket, "digest")
        with site.store.transaction() as tx:
            users.set_active(tx, "observer", active=False)
        assert client.get("/api/cameras").status_code == 401
        assert close_code(socket) == 4401
        eventually(lambda: not site.live.sessions)
    again = site.client().post("/api/login", json={"username": "observer", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (401, "login_failed")


def test_one_person_has_a_bounded_number_of_windows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.event_hub._MAX_PER_USER", 1)
    client = site.browser("observer")
    with page(site, client) as first:
        read(first, "digest")
        with page(site, client) as second:
            assert close_code(second) == 4429
