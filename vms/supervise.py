"""Start the product's processes, restart what falls, stop everything cleanly.

A crash costs only what that process did: nothing else is touched. A supervisor that was itself killed leaves
its children at work; the next one finds them by their locks and watches over them instead of starting twins.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vms.clock import Clock
from vms.process import EXIT_USAGE, running_pid
from vms.rules.live_shards import live_name
from vms.spare import Spares

log = logging.getLogger(__name__)

BACK_OFF_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
STEADY_AFTER_S = 30.0
"""A process that lived this long starts its next back-off from the beginning."""
STOP_WITHIN_S = 5.0
_POLL_S = 0.2

State = Literal["running", "restarting", "failed", "done"]


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """name is unique and names the lock; module runs as `python -m module arguments…`.

    once: a job that ends; only a failure starts it again.
    may_start: asked before each start, five times a second until it says yes; answers at once.
    has_spare: a process with everything imported is kept to take its place (vms.spare): `module.__main__` has a `main`.
    """

    name: str
    module: str
    arguments: tuple[str, ...]
    once: bool = False
    may_start: Callable[[], bool] | None = None
    has_spare: bool = False


@dataclass(slots=True)
class _Child:
    spec: ProcessSpec
    state: State = "restarting"
    pid: int | None = None
    pidfd: int | None = None
    popen: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    failures: int = 0
    since_us: int = 0
    started_s: float = 0.0
    start_at_s: float = 0.0
    exit_code: int | None = None


@dataclass(slots=True)
class Supervisor:
    """run() blocks until stop is set (True) or a child says its configuration is wrong (False)."""

    specs: Sequence[ProcessSpec]
    run_dir: Path
    clock: Clock
    environment: Mapping[str, str] | None = None
    _children: list[_Child] = field(default_factory=list)
    _spares: Spares = field(init=False)

    def __post_init__(self) -> None:
        self._spares = Spares(self.clock, self.environment)

    def run(self, stop: threading.Event) -> bool:
        self.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._children = [_Child(spec) for spec in self.specs]
        try:
            while not stop.is_set():
                if not self._tend():
                    return False
                self._await_news()
            return True
        finally:
            self._spares.end()
            self._stop_all()

    def _tend(self) -> bool:
        changed = False
        for child in self._children:
            if child.state == "running":
                changed |= self._notice_end(child)
            if child.state == "restarting" and self._is_due(child):
                self._start(child)
                changed = True
        if changed:
            self._publish()
        for module in {child.spec.module for child in self._children if child.spec.has_spare}:
            self._spares.keep(module)
        return not any(child.state == "failed" for child in self._children)

    def _await_news(self) -> None:
        """Until a child ends, one that waits is due, or it is time to look again."""
        now_s = self.clock.monotonic_s()
        waits_s = [child.start_at_s - now_s for child in self._children if child.state == "restarting"]
        timeout_s = min((wait_s for wait_s in waits_s if 0 < wait_s < _POLL_S), default=_POLL_S)
        select.select([child.pidfd for child in self._children if child.pidfd is not None], [], [], timeout_s)

    def _is_due(self, child: _Child) -> bool:
        if self.clock.monotonic_s() < child.start_at_s:
            return False
        return child.spec.may_start is None or child.spec.may_start()

    def _start(self, child: _Child) -> None:
        child.started_s = self.clock.monotonic_s()
        child.since_us = self.clock.now_us()
        pid = running_pid(self.run_dir, child.spec.name)
        if pid is not None:
            log.info("process_adopted", extra={"name_of_process": child.spec.name, "pid": pid})
        else:
            child.popen = self._launch(child.spec)
            pid = child.popen.pid
            self._spares.started()
        child.pid = pid
        try:
            child.pidfd = os.pidfd_open(pid)
            child.state = "running"
        except ProcessLookupError:
            child.pidfd = None
            self._schedule(child)

    def _launch(self, spec: ProcessSpec) -> "subprocess.Popen[bytes]":
        if spec.has_spare and (spare := self._spares.take(spec.module, spec.arguments)) is not None:
            log.info("spare_used", extra={"name_of_process": spec.name, "pid": spare.pid})
            return spare
        command = [sys.executable, "-m", spec.module, *spec.arguments]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=self.environment)

    def _notice_end(self, child: _Child) -> bool:
        if child.pidfd is None or not select.select([child.pidfd], [], [], 0)[0]:
            return False
        child.exit_code = child.popen.wait() if child.popen else None
        self._forget(child)
        if child.exit_code == EXIT_USAGE:
            child.state = "failed"
            return True
        if child.spec.once and child.exit_code == 0:
            child.state = "done"
            return True
        if self.clock.monotonic_s() - child.started_s > STEADY_AFTER_S:
            child.failures = 0
        child.restarts += 1
        self._schedule(child)
        log.warning(
            "process_ended",
            extra={
                "name_of_process": child.spec.name,
                "exit_code": child.exit_code,
                "restart_in_s": round(child.start_at_s - self.clock.monotonic_s(), 1),
            },
        )
        return True

    def _schedule(self, child: _Child) -> None:
        child.state = "restarting"
        child.since_us = self.clock.now_us()
        child.start_at_s = self.clock.monotonic_s() + BACK_OFF_S[min(child.failures, len(BACK_OFF_S) - 1)]
        child.failures += 1

    @staticmethod
    def _forget(child: _Child) -> None:
        if child.pidfd is not None:
            os.close(child.pidfd)
        child.pid = child.pidfd = child.popen = None

    def _publish(self) -> None:
        """`run/processes.json`, for the technician's page: replaced whole, never half-written."""
        keys = ("state", "pid", "restarts", "since_us", "exit_code")
        listing = [
            {"name": c.spec.name} | {key: value for key in keys for value in [getattr(c, key)]} for c in self._children
        ]
        part = self.run_dir / "processes.json.part"
        part.write_text(json.dumps(listing), encoding="utf-8")
        part.rename(self.run_dir / "processes.json")

    def _stop_all(self) -> None:
        alive = [child for child in self._children if child.pidfd is not None]
        for child in alive:
            _signal(child, signal.SIGTERM)
        deadline_s = self.clock.monotonic_s() + STOP_WITHIN_S
        for child in alive:
            left_s = max(0.0, deadline_s - self.clock.monotonic_s())
            if child.pidfd is not None and not select.select([child.pidfd], [], [], left_s)[0]:
                log.error("process_killed", extra={"name_of_process": child.spec.name, "after_s": STOP_WITHIN_S})
                _signal(child, signal.SIGKILL)
                select.select([child.pidfd], [], [], 1.0)
            if child.popen:
                child.popen.wait()
            self._forget(child)


def _signal(child: _Child, number: signal.Signals) -> None:
    if child.pidfd is not None:
        try:
            signal.pidfd_send_signal(child.pidfd, number)
        except ProcessLookupError:
            log.debug("process_gone", extra={"name_of_process": child.spec.name})


def product_processes(config_file: Path, capture_groups: int, live_processes: int = 1) -> list[ProcessSpec]:
    """Every process of a site: recording first, so that nothing waits for the pages."""
    arguments = ("--config", str(config_file))
    capture = [
        ProcessSpec(f"capture-{group}", "recorder", (*arguments, "--group", str(group)), has_spare=True)
        for group in range(capture_groups)
    ]
    shards = [("--shard", str(shard)) for shard in range(live_processes)] if live_processes > 1 else [()]
    live = [
        ProcessSpec(live_name(shard, live_processes), "web.live", (*arguments, *which))
        for shard, which in enumerate(shards)
    ]
    return [
        *capture,
        *live,
        ProcessSpec("web", "web", arguments),
        ProcessSpec("retention", "retention", arguments),
    ]
