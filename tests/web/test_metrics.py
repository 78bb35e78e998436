"""What Prometheus gets: every number that is documented, few series, and the names that dashboard and rules use."""

import json
import math
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes import T0_US
from tests.web.served_site import MASKED, OPEN, TURNING, Site, camera_status, eventually, stream_status
from tests.web.test_web_status import publish
from vms.clock import now_utc
from vms.metrics import SECONDS, DurationMeter, ProcessUsage
from vms.status import CaptureStatus, StreamCounts, StreamStatus
from vms.store import ledger

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "configs" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "configs" / "grafana" / "uitkijk.json"
COUNTS = StreamCounts(
    frames=750, bytes=3_000_000, dropped_pictures=4, queued_packets=5, queued_bytes=6000, gaps={"stalled": 2, "disk": 1}
)


def busy_stream(**changes: object) -> StreamStatus:
    return stream_status(
        counts=COUNTS, lost_packets=7, reconnects=3, last_frame_us=T0_US - 250_000, catalog_delay_s=0.125, **changes
    )


def capture_status(site: Site) -> CaptureStatus:
    syncs, catalogued = DurationMeter(), DurationMeter()
    for duration_s in (0.004, 0.3, 99.0):
        syncs.add(duration_s)
    catalogued.add(0.02)
    return CaptureStatus(
        name="capture-0", at_us=site.clock.now_us(), usage=ProcessUsage(50_000_000, 12.5, 90), journal_entries=11,
        catalogued=catalogued.durations(), syncs={str(site.volume): syncs.durations()},
    )  # fmt: skip


def families(site: Site) -> dict[str, Metric]:
    text = site.client("technician").get("/metrics").text
    return {family.name: family for family in text_string_to_metric_families(text)}


def samples(site: Site, name: str) -> dict[tuple[str, ...], float]:
    """By label values."""
    base = name.removesuffix("_total")
    found = families(site)[base].samples
    return {tuple(sample.labels.values()): sample.value for sample in found if sample.name == name}


def series_names(site: Site) -> set[str]:
    """As queries know them: with _total, _bucket, _sum, _count."""
    suffixes = {"counter": ("_total",), "histogram": ("", "_bucket", "_sum", "_count")}
    return {family.name + suffix for family in families(site).values() for suffix in suffixes.get(family.type, ("",))}


@pytest.fixture
def busy_site(site: Site) -> Site:
    """Capture speaks of two cameras and itself; a purge ran; the supervisor wrote its list."""
    publish(site, camera_status(OPEN, main=busy_stream(), sub=busy_stream()), camera_status(MASKED, sub=None))
    status = capture_status(site)
    capture = site.app.state.services.capture

    def arrived() -> bool:
        site.capture.publisher.offer(status)
        return capture.processes() == [status]

    eventually(arrived)
    with site.store.transaction() as tx:
        ledger.append(tx, now_utc(site.clock), "run", None, {"erased": 9, "bytes": 900, "failed": 1})
    known = [{"name": "capture-0", "state": "running", "restarts": 2}, {"name": "street", "state": "done"}]
    (site.config.run_dir / "processes.json").write_text(json.dumps(known), encoding="utf-8")
    return site


def test_every_stream_tells_its_counts_ages_queues_and_states(busy_site: Site) -> None:
    key = (OPEN, "main")
    expected = {
        "uitkijk_stream_frames_total": 750,
        "uitkijk_stream_bytes_total": 3_000_000,
        "uitkijk_stream_lost_packets_total": 7,
        "uitkijk_stream_dropped_pictures_total": 4,
        "uitkijk_stream_reconnects_total": 3,
        "uitkijk_stream_last_frame_age_seconds": 0.25,
        "uitkijk_stream_queue_packets": 5,
        "uitkijk_stream_queue_bytes": 6000,
        "uitkijk_recording_gap_seconds": 0,
        "uitkijk_segment_catalog_delay_seconds": 0.125,
    }
    assert {name: samples(busy_site, name)[key] for name in expected} == expected
    gaps = samples(busy_site, "uitkijk_recording_gaps_total")
    assert {labels[2]: value for labels, value in gaps.items() if labels[:2] == key} == {"stalled": 2, "disk": 1}
    states = samples(busy_site, "uitkijk_stream_state")
    assert {labels[2] for labels, value in states.items() if value and labels[:2] == key} == {"up"}
    assert samples(busy_site, "uitkijk_recording_state")[MASKED, "main", "on"] == 1
    assert not any(labels[0] == TURNING for labels in states), "a silent camera has no series that look alive"


def test_a_stream_that_is_not_recorded_says_for_how_long_unless_nobody_wants_it(site: Site) -> None:
    fault = stream_status(recording="fault", recording_reason="disk", recording_since_us=T0_US - 90_000_000)
    unwanted = stream_status(recording="off", recording_reason="not_wanted", recording_since_us=T0_US - 90_000_000)
    publish(site, camera_status(OPEN, main=fault, sub=unwanted))
    assert samples(site, "uitkijk_recording_gap_seconds") == {(OPEN, "main"): 90, (OPEN, "sub"): 0}


def test_processes_disks_and_the_purge_tell_how_they_are(busy_site: Site) -> None:
    path = str(busy_site.volume)
    syncs = [sample for sample in families(busy_site)["uitkijk_fsync_seconds"].samples if "le" in sample.labels]
    by_bound = {sample.labels["le"]: sample.value for sample in syncs}
    assert {(sample.labels["process"], sample.labels["path"]) for sample in syncs} == {("capture-0", path)}
    assert [by_bound[bound] for bound in ("0.001", "0.005", "0.25", "0.5", "30.0", "+Inf")] == [0, 1, 1, 2, 2, 3]
    assert len(by_bound) == len(SECONDS) + 1
    assert samples(busy_site, "uitkijk_journal_entries") == {("capture-0",): 11}
    assert samples(busy_site, "uitkijk_process_resident_bytes")[("capture-0",)] == 50_000_000
    assert samples(busy_site, "uitkijk_process_cpu_seconds_total")[("capture-0",)] == 12.5
    assert samples(busy_site, "uitkijk_process_open_fds")[("web",)] > 5
    assert samples(busy_site, "uitkijk_process_running") == {("capture-0",): 1, ("street",): 1}
    assert samples(busy_site, "uitkijk_process_restarts_total") == {("capture-0",): 2, ("street",): 0}
    assert samples(busy_site, "uitkijk_disk_fault") == {(path,): 0}
    assert samples(busy_site, "uitkijk_purge_last_run_timestamp_seconds") == {(): T0_US / 1e6}
    assert samples(busy_site, "uitkijk_purge_last_erased_segments") == {(): 9}
    assert samples(busy_site, "uitkijk_purge_last_failed_segments") == {(): 1}
    assert samples(busy_site, "uitkijk_purge_refused") == {(): 0}
    assert samples(busy_site, "uitkijk_retention_horizon_seconds") == {(): 28 * 86_400}


def test_a_purge_that_was_refused_and_the_oldest_footage_within_reach_show(site: Site) -> None:
    site.segment(OPEN, age=timedelta(days=29))
    site.segment(OPEN, age=timedelta(days=3))
    with site.store.transaction() as tx:
        ledger.append(tx, now_utc(site.clock), "refused", None, {"reason": "the clock went back"})
    assert samples(site, "uitkijk_purge_refused") == {(): 1}
    assert samples(site, "uitkijk_footage_oldest_age_seconds") == {(): 3 * 86_400}
    assert samples(site, "uitkijk_purge_last_run_timestamp_seconds") == {}


def test_a_volume_that_is_missing_is_a_fault_and_no_empty_disk(site: Site) -> None:
    (site.volume / ".uitkijk-volume").unlink()
    eventually(lambda: samples(site, "uitkijk_disk_fault") == {(str(site.volume),): 1})
    assert samples(site, "uitkijk_disk_free_bytes") == {}


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"write_bytes_per_s": 5e6, "days_to_full": 2.5}, 2.5),
        ({"write_bytes_per_s": 5e6, "days_to_full": None}, math.inf),
        ({"write_bytes_per_s": None, "days_to_full": None}, None),
    ],
)
def test_the_forecast_of_a_disk_is_told_when_there_is_one(
    site: Site, monkeypatch: pytest.MonkeyPatch, known: dict[str, float | None], told: float | None
) -> None:
    board = site.app.state.services.board
    [disk] = board.disks()
    monkeypatch.setattr(board, "disks", lambda: [{**disk, **known}])
    expected = {} if told is None else {(str(site.volume),): told}
    assert samples(site, "uitkijk_disk_days_to_full") == expected


def test_a_stream_costs_few_series(busy_site: Site) -> None:
    """74 cameras with two streams each stay far below what a small Prometheus takes."""
    of_one = [
        sample
        for family in families(busy_site).values()
        for sample in family.samples
        if sample.labels.get("camera") == OPEN and sample.labels.get("profile") == "main"
    ]
    assert len(of_one) <= 30


def test_the_documented_names_are_the_names_there_are(busy_site: Site) -> None:
    text = (ROOT / "docs" / "beheer.md").read_text(encoding="utf-8")
    table = text[text.index("| meting | labels |") : text.index("### Dekking")]
    documented = set(re.findall(r"`(uitkijk_\w+)`", table))
    plain = {family.name + ("_total" if family.type == "counter" else "") for family in families(busy_site).values()}
    assert documented == plain


def used_names(text: str) -> set[str]:
    return set(re.findall(r"\buitkijk_[a-z_]+", text))


def test_rules_and_dashboard_ask_only_for_what_exists(busy_site: Site) -> None:
    known = series_names(busy_site)
    expressions = re.findall(r"^ +expr: (.+)$", ALERTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(expressions) == ALERTS.read_text(encoding="utf-8").count("- alert:")
    assert used_names(" ".join(expressions)) - known == set()
    targets = re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', DASHBOARD.read_text(encoding="utf-8"))
    assert len(targets) > 20
    assert used_names(" ".join(targets)) - known == set()


def test_every_rule_says_what_where_and_what_to_do_in_dutch() -> None:
    rules = ALERTS.read_text(encoding="utf-8").split("- alert:")[1:]
    for rule in rules:
        assert re.search(r"ernst: (storing|let-op)", rule), rule
        assert re.search(r'summary: ".{20,}"', rule), rule
        assert re.search(r'description: ".{40,}"', rule), rule


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (package prometheus) is not installed")
@pytest.mark.parametrize("arguments", [("check", "rules", ALERTS), ("test", "rules", "tests/configs/alerts_test.yml")])
def test_prometheus_own_tool_accepts_the_rules_and_they_fire_when_they_must(arguments: tuple[str | Path, ...]) -> None:
    done = subprocess.run(["promtool", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
