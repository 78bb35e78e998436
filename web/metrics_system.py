"""Prometheus: processes, disks, viewers and the purge."""

import logging
import math
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from vms.clock import Clock, now_utc
from vms.errors import StoreBusy
from vms.metrics import SECONDS, Durations, ProcessUsage, own_usage
from vms.rules.terms import Terms
from vms.status import CaptureStatus
from vms.store import Store, terms
from vms.store.purge_facts import PurgeFacts, purge_facts
from vms.units import us_from_utc
from web.status_board import StatusBoard

log = logging.getLogger(__name__)

_DAY_S = 86_400


class SystemCollector(Collector):
    """collect() blocks for as long as disks and database take."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        captures = self._board.captures()
        yield GaugeMetricFamily("uitkijk_viewers", "Live sessions.", value=self._board.viewers)
        yield GaugeMetricFamily(
            "uitkijk_viewers_reduced",
            "Live sessions that get the small stream because their connection loses too much.",
            value=self._board.reduced_viewers,
        )
        yield GaugeMetricFamily("uitkijk_live_up", "1 while the live process answers.", value=self._board.live_answers)
        yield GaugeMetricFamily(
            "uitkijk_live_encoders",
            "Cameras and profiles that are decoded, masked and encoded now.",
            value=self._board.live_load.encoders,
        )
        yield from self._disks()
        yield from self._processes(captures)
        yield from _journal(captures)

    def _disks(self) -> Iterable[Metric]:
        free = GaugeMetricFamily("uitkijk_disk_free_bytes", "Free space of a volume.", labels=["path"])
        total = GaugeMetricFamily("uitkijk_disk_total_bytes", "Size of a volume.", labels=["path"])
        fault = GaugeMetricFamily(
            "uitkijk_disk_fault", "1 while a volume cannot be used as it should.", labels=["path"]
        )
        forecast = GaugeMetricFamily(
            "uitkijk_disk_days_to_full", "Until the high-water mark; +Inf = not at this rate.", labels=["path"]
        )
        for disk in self._board.disks():
            fault.add_metric([disk["path"]], bool(disk["fault"]))
            if (days := _days_to_full(disk)) is not None:
                forecast.add_metric([disk["path"]], days)
            if disk["used_pct"] is not None:
                free.add_metric([disk["path"]], disk["free_bytes"])
                total.add_metric([disk["path"]], disk["total_bytes"])
        yield from (free, total, fault, forecast)

    def _processes(self, captures: Iterable[CaptureStatus]) -> Iterable[Metric]:
        labels = ["process"]
        resident = GaugeMetricFamily("uitkijk_process_resident_bytes", "Memory of a process.", labels=labels)
        cpu = CounterMetricFamily("uitkijk_process_cpu_seconds", "User and system time.", labels=labels)
        files = GaugeMetricFamily("uitkijk_process_open_fds", "Open files and sockets.", labels=labels)
        for name, usage in self._usages(captures).items():
            resident.add_metric([name], usage.resident_bytes)
            cpu.add_metric([name], usage.cpu_s)
            files.add_metric([name], usage.open_fds)
        running = GaugeMetricFamily(
            "uitkijk_process_running", "1 while it runs, or once it has done its job.", labels=labels
        )
        restarts = CounterMetricFamily("uitkijk_process_restarts", "Restarts by the supervisor.", labels=labels)
        for process in self._board.processes():
            running.add_metric([str(process["name"])], process["state"] in ("running", "done"))
            restarts.add_metric([str(process["name"])], int(process["restarts"] or 0))
        yield from (resident, cpu, files, running, restarts)

    def _usages(self, captures: Iterable[CaptureStatus]) -> dict[str, ProcessUsage]:
        found = {capture.name: capture.usage for capture in captures}
        return {**found, **self._board.live_load.usages, "web": own_usage()}


def _days_to_full(disk: Mapping[str, Any]) -> float | None:
    """None while nobody can tell yet."""
    if disk.get("write_bytes_per_s") is None:
        return None
    days = disk["days_to_full"]
    return math.inf if days is None else float(days)


def _journal(captures: Iterable[CaptureStatus]) -> Iterable[Metric]:
    entries = GaugeMetricFamily("uitkijk_journal_entries", "Rows that wait for the database.", labels=["process"])
    catalogued = HistogramMetricFamily(
        "uitkijk_segment_catalog_seconds", "From a segment complete on disk to its row.", labels=["process"]
    )
    syncs = HistogramMetricFamily("uitkijk_fsync_seconds", "fsync of a segment.", labels=["process", "path"])
    for capture in captures:
        entries.add_metric([capture.name], capture.journal_entries)
        catalogued.add_metric([capture.name], _buckets(capture.catalogued), capture.catalogued.sum_s)
        for path, durations in sorted(capture.syncs.items()):
            syncs.add_metric([capture.name, path], _buckets(durations), durations.sum_s)
    yield from (entries, catalogued, syncs)


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    bounds = [*(str(bound_s) for bound_s in SECONDS), "+Inf"]
    return list(zip(bounds, accumulate(durations.counts), strict=True))


class PurgeCollector(Collector):
    """collect() asks the database; while that does not answer there is nothing to tell but the horizon."""

    def __init__(self, store: Store, clock: Clock, configured: Terms) -> None:
        self._store = store
        self._clock = clock
        self._terms = configured

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "uitkijk_retention_horizon_seconds",
            "How long footage is kept, by the longest term.",
            value=self._terms.longest_days() * _DAY_S,
        )
        now = now_utc(self._clock)
        try:
            with self._store.reading() as tx:
                facts = purge_facts(tx, terms.acting(tx, self._terms, now).base(now))
        except StoreBusy as error:
            log.warning("purge_not_measured", extra={"detail": str(error)})
            return
        yield from self._of(facts)

    def _of(self, facts: PurgeFacts) -> Iterable[Metric]:
        oldest = GaugeMetricFamily("uitkijk_footage_oldest_age_seconds", "Age of the oldest footage within reach.")
        if facts.oldest_reachable_at is not None:
            oldest.add_metric([], (self._clock.now_us() - us_from_utc(facts.oldest_reachable_at)) / 1e6)
        last = GaugeMetricFamily(
            "uitkijk_purge_last_run_timestamp_seconds",
            "When a purge was last written down: each hour, and whenever it erased something.",
        )
        if facts.last_run_at is not None:
            last.add_metric([], facts.last_run_at.timestamp())
        yield from (oldest, last)
        yield GaugeMetricFamily("uitkijk_purge_last_erased_segments", "Erased by that run.", value=facts.erased)
        yield GaugeMetricFamily("uitkijk_purge_last_erased_bytes", "Bytes erased by that run.", value=facts.bytes)
        yield GaugeMetricFamily("uitkijk_purge_last_failed_segments", "That it could not erase.", value=facts.failed)
        yield GaugeMetricFamily("uitkijk_purge_refused", "1 when a guard stopped a run since.", value=facts.is_refused)
