"""`vms bench access`: what rights, decisions and the audit log add to a request, when all of them are long."""

import asyncio
import tempfile
import threading
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import uvicorn
from fastapi import FastAPI

from vms.cli.bench_verify import time_verify
from vms.cli.options import JsonOption, answer
from vms.clock import Clock, SystemClock, now_utc
from vms.config import SiteConfig
from vms.rules.access import Role
from vms.store import Store, audit_search, decisions, users
from vms.store.audit_search import AuditSearch
from vms.store.bulk import scratch, settle
from vms.store.bulk_audit import fill_audit

_PEOPLE = 60
_CAMERAS = 74
_AREAS = 12
_WARM_UP = 30
_TOKEN = "bench-token"  # noqa: S105 – of a site that lives for a minute
_OFFER = "v=0\r\n"
_QUESTION_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class AccessFigure:
    """Milliseconds of one request over loopback that shows a live picture, up to where `live` would be asked.

    bare: the same without login, role, decision and audit row. added_p95: p95 of the one minus that of the other.
    """

    rows: int
    decisions: int
    rounds: int
    fill_s: float
    bare_p50: float
    bare_p95: float
    whole_p50: float
    whole_p95: float
    added_p50: float
    added_p95: float


class _NoLive:
    """In place of the live process: what it takes is the same in both."""

    def offer(self, camera: str, profile: str, sdp: str, username: str) -> Awaitable[tuple[str, str]]:  # noqa: ARG002
        answered: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        answered.set_result(("bench-session", _OFFER))
        return answered


def bench_access(
    rows: Annotated[int, typer.Option(min=0, max=20_000_000, help="Audit rows that are there already.")] = 5_000_000,
    decision_count: Annotated[int, typer.Option("--decisions", min=1, max=20_000, help="Decisions in force.")] = 1000,
    rounds: Annotated[int, typer.Option(min=50, max=20_000, help="Requests of each kind.")] = 1000,
    url: Annotated[str, typer.Option(help="A PostgreSQL database, used in a schema of its own.")] = "",
    directory: Annotated[Path | None, typer.Option("--dir", help="Where the rows go; removed afterwards.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Lay down an audit log and decisions, then time a request with all checks beside the same one without, in turns.

    Questions of /toezicht are timed on the same log, and the check of all of it.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        made = stack.enter_context(tempfile.TemporaryDirectory(prefix="uitkijk-bench-", dir=directory))
        store = stack.enter_context(scratch(url or f"sqlite:///{made}/access.db", "access"))
        config = _config(Path(made), store.url)
        fill_s = _fill(store, rows, decision_count, clock)
        figure = _measure(config, store, clock, rows, decision_count, rounds, fill_s)
        questions = _questions(store, clock)
        verified = time_verify(store, Path(made), clock)
    lines = [
        f"{rows:,} audit rows, {decision_count:,} decisions, laid down in {fill_s:.0f} s; {rounds} requests of each",
        f"with all checks     p50 {figure.whole_p50:6.2f} ms  p95 {figure.whole_p95:6.2f} ms",
        f"without             p50 {figure.bare_p50:6.2f} ms  p95 {figure.bare_p95:6.2f} ms",
        f"checks and audit    p50 {figure.added_p50:6.2f} ms  p95 {figure.added_p95:6.2f} ms",
        *(f"{name:18s}  p95 {taken:8.2f} ms" for name, taken in questions.items()),
        f"the whole log checked, seals too: {verified.audit_verify_s:.1f} s",
    ]
    if verified.audit_verify_mb is not None:
        lines[-1] += f", {verified.audit_verify_mb:.0f} MB at most beyond what was held"
    answer(
        {
            **asdict(figure),
            "questions_p95_ms": questions,
            "audit_verify_s": verified.audit_verify_s,
            "audit_verify_mb": verified.audit_verify_mb,
        },
        lines,
        as_json=as_json,
    )


def _config(directory: Path, url: str) -> SiteConfig:
    cameras = [
        {
            "id": f"cam-{number:03}",
            "number": number + 1,
            "name": f"Camera {number + 1}",
            "area": f"gebied-{number % _AREAS}",
            "main": "rtsp://127.0.0.1:9/a",
            "masks": "none",
        }
        for number in range(_CAMERAS)
    ]
    return SiteConfig.model_validate(
        {
            "site": {"data_dir": str(directory)},
            "database": {"url": url},
            "decisions": {"enforce": True},
            "cameras": cameras,
        }
    )


def _fill(store: Store, rows: int, decision_count: int, clock: Clock) -> float:
    from web.passwords import token_hash

    started_s = clock.monotonic_s()
    now = now_utc(clock)
    fill_audit(store, rows, now - timedelta(days=365), _PEOPLE, _CAMERAS)
    observer: Sequence[Role] = ["observer"]
    with store.transaction() as tx:
        users.add_token(tx, "bench", token_hash(_TOKEN), observer, now, None)
        for number in range(decision_count):
            decisions.add(tx, _decision(number, now), "bench", now)
    settle(store)
    return round(clock.monotonic_s() - started_s, 1)


def _decision(number: int, now: datetime) -> dict[str, Any]:
    first = (now - timedelta(days=90)).date()
    return {
        "kind": "designation",
        "decided_on": [(first - timedelta(days=14)).isoformat()],
        "registration_numbers": [f"B-{number}"],
        "locations": [f"gebied-{number % _AREAS}"],
        "periods": [{"start": first.isoformat(), "end": (now + timedelta(days=300 + number)).date().isoformat()}],
        "fixed": 3,
        "reason": "bench",
    }


def _measure(
    config: SiteConfig, store: Store, clock: Clock, rows: int, decision_count: int, rounds: int, fill_s: float
) -> AccessFigure:
    taken: dict[str, list[float]] = {"whole": [], "bare": []}
    with ExitStack() as stack:
        clients = {
            "whole": stack.enter_context(_client(_app(config, store, clock), clock)),
            "bare": stack.enter_context(_client(_without_checks(_app(config, store, clock)), clock)),
        }
        for number in range(_WARM_UP + rounds):
            for name, client in clients.items():
                started_s = clock.monotonic_s()
                _ask(client, number)
                if number >= _WARM_UP:
                    taken[name].append(1000 * (clock.monotonic_s() - started_s))
    whole_p50, whole_p95 = _share(taken["whole"], 0.5), _share(taken["whole"], 0.95)
    bare_p50, bare_p95 = _share(taken["bare"], 0.5), _share(taken["bare"], 0.95)
    added = round(whole_p50 - bare_p50, 3), round(whole_p95 - bare_p95, 3)
    return AccessFigure(
        rows, decision_count, rounds, fill_s, bare_p50, bare_p95, whole_p50, whole_p95, added[0], added[1]
    )


def _app(config: SiteConfig, store: Store, clock: Clock) -> FastAPI:
    from web.app import create_app
    from web.rate_limit import RateLimit

    app = create_app(config, store, clock)
    services = app.state.services
    services.decisions.refresh()
    services.live = _NoLive()
    services.limits.whep = RateLimit(clock, burst=10**9, per_s=10**9)
    return app


def _without_checks(app: FastAPI) -> FastAPI:
    from web.audit_trail import Actor
    from web.deps import Guard

    somebody = Actor("bench", "bench", frozenset({"observer"}), "127.0.0.1", "")
    guards = [guard for route in app.routes for guard in _guards(getattr(route, "dependant", None), Guard)]
    for guard in guards:
        app.dependency_overrides[guard] = lambda: somebody
    services = app.state.services
    services.trail = _Nothing()
    services.decisions = _Nothing()
    return app


class _Nothing:
    """Allows everything and writes nothing."""

    def allow(self, *_: object, **__: object) -> None:
        pass

    def require_open(self, _: str) -> None:
        pass


def _guards(dependant: Any, kind: type) -> list[Any]:
    if dependant is None:
        return []
    own = [dependant.call] if isinstance(dependant.call, kind) else []
    return own + [guard for inner in dependant.dependencies for guard in _guards(inner, kind)]


@contextmanager
def _client(app: FastAPI, clock: Clock) -> Iterator[httpx.Client]:
    """Over one connection to a server of its own, on loopback."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        clock.sleep_s(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/sdp"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def _ask(client: httpx.Client, number: int) -> None:
    found = client.post(f"/whep/cam-{number % _CAMERAS:03}?profile=hero", content=_OFFER)
    assert found.status_code == 201, found.text


def _questions(store: Store, clock: Clock) -> dict[str, float]:
    """The newest page of each, as /toezicht asks for it."""
    now = now_utc(clock)
    asked = {
        "newest": AuditSearch(),
        "by person": AuditSearch(actor="p.017"),
        "by camera": AuditSearch(camera="cam-042"),
        "by act": AuditSearch(action="export.create"),
        "refused": AuditSearch(result="refused"),
        "a day long ago": AuditSearch(start=now - timedelta(days=300), end=now - timedelta(days=299)),
        "person and camera": AuditSearch(actor="p.017", camera="cam-042"),
        "nobody": AuditSearch(actor="nobody"),
    }
    figures = {}
    for name, search in asked.items():
        taken = []
        for _ in range(_QUESTION_ROUNDS):
            started_s = clock.monotonic_s()
            with store.reading() as tx:
                audit_search.newest(tx, 50, None, search)
            taken.append(1000 * (clock.monotonic_s() - started_s))
        figures[name] = _share(taken, 0.95)
    return figures


def _share(taken_ms: Sequence[float], share: float) -> float:
    return round(sorted(taken_ms)[min(len(taken_ms) - 1, int(share * len(taken_ms)))], 3)
