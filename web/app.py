"""The web application: `create_app(config, store, clock)` wires services, routes and layers explicitly."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from vms.clock import Clock
from vms.config import SiteConfig
from vms.store import Store
from web import oidc_pages, problems
from web.api import (
    account,
    alarms,
    audit,
    audit_register,
    bookmarks,
    bundles,
    cameras,
    consultations,
    controle,
    coverage,
    crossings,
    decisions,
    exports,
    first_run,
    grants,
    health,
    holds,
    incident_categories,
    incidents,
    layouts,
    mask_stills,
    masks,
    media,
    motion,
    oversight,
    overview,
    patrols,
    placements,
    ptz,
    requests,
    retention,
    session,
    shifts,
    snapshot,
    status,
    street_map,
    trails,
    websocket,
    whep,
)
from web.background import Background
from web.cors import WhepCors
from web.metrics import CountRequests
from web.openapi import PROBLEM_RESPONSES
from web.pages import missing_page
from web.pages import router as pages_router
from web.security_headers import BodyLimit, SecurityHeaders
from web.services import Services, make_services
from web.tls_files import may_pin_https

_DESCRIPTION = (
    "Uitkijk, video management for municipal camera surveillance. Browsers sign in at /api/login (cookie and "
    "X-CSRF-Token); machines send a bearer token. Errors are RFC 9457 problem JSON with code, nl, en and fields."
)


def create_app(config: SiteConfig, store: Store, clock: Clock, on_broken: Callable[[], None] = lambda: None) -> FastAPI:
    """on_broken: called when the application cannot go on and its process must be restarted."""
    services = make_services(config, store, clock)
    app = FastAPI(
        title="Uitkijk",
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        lifespan=_lifespan(services, on_broken),
    )
    app.state.services = services
    problems.install(app, missing_page)
    for noun in (
        session,
        account,
        first_run,
        cameras,
        street_map,
        status,
        whep,
        ptz,
        patrols,
        snapshot,
        overview,
        masks,
        mask_stills,
        consultations,
        coverage,
        media,
        motion,
        exports,
        requests,
        bundles,
        controle,
        holds,
        audit_register,
        audit,
        oversight,
        retention,
        decisions,
        placements,
        shifts,
        crossings,
        grants,
        alarms,
        layouts,
        trails,
        bookmarks,
        incident_categories,
        incidents,
        websocket,
        health,
    ):
        app.include_router(noun.router)
    app.include_router(pages_router)
    app.include_router(oidc_pages.router)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, tls=may_pin_https(services.certificate))
    app.add_middleware(WhepCors)
    app.add_middleware(CountRequests, metrics=services.metrics, clock=clock)
    return app


def _lifespan(
    services: Services, on_broken: Callable[[], None]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(services.first_run.prepare)
        await run_in_threadpool(services.exports.open)
        await run_in_threadpool(services.decisions.open)
        await services.alarms.keep()
        await run_in_threadpool(services.bundles.start)
        await run_in_threadpool(services.audit_copies.start)
        services.capture.start()
        background = Background(services, on_broken)
        background.start()
        try:
            yield
        finally:
            await background.stop()
            await services.oversight.close()
            await services.patrols.close()
            await services.ptz.close()
            await services.alarms.keep()
            await services.viewing.keep()
            await services.exports.close()
            await run_in_threadpool(services.bundles.stop)
            await run_in_threadpool(services.audit_copies.stop)
            await services.live.close()
            await run_in_threadpool(services.capture.stop)

    return lifespan
