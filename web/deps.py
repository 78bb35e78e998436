"""What routes ask for: the services, and an actor who may do what the route declares."""

import hmac
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from vms.config import Camera, Site
from vms.rules.access import Action, Deny
from web.audit_trail import Actor
from web.problems import Problem
from web.services import Services

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PUBLIC_PATHS = frozenset(
    {
        "/api/first-run",
        "/api/login",
        "/api/login/second-factor",
        "/api/login/second-factor/confirm",
        "/api/openapi.json",
        "/healthz",
        "/inloggen/oidc",
        "/inloggen/oidc/terug",
        "/readyz",
        "/whep/{camera}:OPTIONS",
        "/whep/session/{session}:OPTIONS",
    }
)
"""Routes without a guard, on purpose. Every other one declares its action with `needs`; a test walks them all."""


def services(connection: HTTPConnection) -> Services:
    found = connection.app.state.services
    assert isinstance(found, Services)
    return found


ServicesDep = Annotated[Services, Depends(services)]


class Guard:
    """Signed in, same origin, CSRF token where a cookie speaks, and a role that includes the action: for the camera in
    the path where there is one. What is named elsewhere (body, query, a segment's camera) the route asks `reach` about.

    Synchronous: FastAPI runs it in a worker thread, because it asks the database.
    """

    def __init__(self, action: Action) -> None:
        self.action = action

    def __call__(self, connection: HTTPConnection) -> Actor:
        found = services(connection)
        actor = found.accounts.authenticate(connection)
        if actor is None:
            raise Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
        if actor.by_cookie:
            check_origin(connection)
        verdict = actor.may(self.action)
        if isinstance(verdict, Deny):
            found.trail.refuse(actor, self.action, f"path:{connection.url.path}")
            raise Problem("forbidden", nl=verdict.nl, en=verdict.en)
        if "camera" in connection.path_params:
            found.reach.camera(actor, self.action, connection.path_params["camera"])
        found.shifts.require(actor, self.action)
        if actor.by_cookie and connection.scope["type"] == "http":
            _check_csrf(connection, actor)
        return actor


def needs(action: Action) -> Any:
    """`actor: Annotated[Actor, needs("live.watch")]`."""
    return Depends(Guard(action))


def check_origin(connection: HTTPConnection) -> None:
    """A browser names the page that asks; another site's page gets nothing. WebSockets must name it."""
    origin = connection.headers.get("origin")
    if origin is None:
        if connection.scope["type"] == "websocket":
            raise Problem("origin")
        return
    if urlsplit(origin).netloc.lower() != connection.headers.get("host", "").lower():
        raise Problem("origin")


def _check_csrf(connection: HTTPConnection, actor: Actor) -> None:
    if connection.scope["method"] in SAFE_METHODS:
        return
    given = connection.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), actor.csrf_token.encode()):
        raise Problem("csrf")


def page_user(request: Request) -> Actor | None:
    """Who looks at a page; None: send them to /inloggen. Asks the database (about a millisecond)."""
    return services(request).accounts.authenticate(request)


def page_refused(request: Request, user: Actor) -> None:
    """A page that is not for this person's roles was asked for by its address."""
    services(request).trail.refuse(user, "page.open", f"path:{request.url.path}")


def first_run_is_open(request: Request) -> bool:
    """There is no account yet. Asks the database until there is."""
    return services(request).first_run.is_open()


def elsewhere(request: Request) -> str:
    """What accounts of somewhere else are called that people may sign in with; empty: none."""
    oidc = services(request).config.web.oidc
    return oidc.label if oidc else ""


def trials(request: Request) -> list[str]:
    """Of web.login_words.TRIAL: what of this system is for trials only."""
    found = services(request)
    is_trial = found.certificate is not None and found.certificate.is_self_signed
    named = {"certificate": is_trial, "second_factor": found.config.web.second_factor == "off"}
    return [code for code, holds in named.items() if holds]


def page_awaits_shift(request: Request, user: Actor) -> bool:
    """Live pictures are for a shift, and this person's has not begun. Asks the database."""
    return not services(request).shifts.lets(user, "live.watch")


def page_shift(request: Request, user: Actor) -> dict[str, str] | None:
    """Who watches here, and whom of the police they reported to. Asks the database."""
    found = services(request).shifts
    current = found.current(user.username)
    return {"people": " + ".join(found.names(current)), "coordinator": current.coordinator} if current else None


def page_site(request: Request) -> Site:
    """Municipality and time zone, for every page."""
    return services(request).config.site


def camera_or_404(found: Services, camera_id: str) -> Camera:
    """As it hangs now."""
    camera = found.reach.now(camera_id)
    if camera is None:
        raise Problem("unknown_camera")
    return camera
