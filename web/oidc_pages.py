"""To the provider of accounts and back: two addresses of the browser."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from web.api.session import set_cookie, slow_down
from web.auth import address_of
from web.deps import ServicesDep
from web.login_words import ELSEWHERE
from web.oidc_login import UNDER_WAY_S, LoginRefused, OidcLogin
from web.oidc_provider import CALLBACK
from web.pages import render, safe_next, start_page
from web.problems import Problem
from web.services import Services

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)

START = "/inloggen/oidc"
STATE_COOKIE = "uitkijk_oidc"
_MAX_CHARS = 4096
Short = Annotated[str, Query(max_length=_MAX_CHARS)]


@router.get(START)
async def depart(
    request: Request, services: ServicesDep, following: Annotated[str, Query(alias="next")] = ""
) -> Response:
    """Sends the browser to the provider. The cookie comes back with it: Lax, because it comes from another site."""
    login = _login(services)
    slow_down(services, address_of(request))
    try:
        departure = await run_in_threadpool(login.depart, safe_next(following) or "/")
    except LoginRefused as refusal:
        return _refused(request, refusal)
    response = RedirectResponse(departure.url, 303)
    response.set_cookie(
        STATE_COOKIE,
        departure.state,
        max_age=int(UNDER_WAY_S),
        path=START,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


@router.get(CALLBACK)
async def arrive(request: Request, services: ServicesDep, state: Short = "", code: Short = "") -> Response:
    """Signs in whom the provider vouches for, and goes on by a page of ours: the session's cookie is SameSite=Strict,
    so the browser would not send it along with a redirect that began at the provider."""
    login = _login(services)
    slow_down(services, address_of(request))
    own_state = state if request.cookies.get(STATE_COOKIE) == state else ""
    try:
        opened, following = await run_in_threadpool(login.arrive, own_state, code, address_of(request))
    except LoginRefused as refusal:
        return _refused(request, refusal)
    onward = following if following != "/" else start_page(opened.actor.roles)
    response = render(request, "signed-in.html", onward=onward)
    response.delete_cookie(STATE_COOKIE, path=START, httponly=True, samesite="lax")
    set_cookie(request, response, opened)
    return response


def _login(services: Services) -> OidcLogin:
    if services.oidc is None:
        raise Problem("not_found")
    return services.oidc


def _refused(request: Request, refusal: LoginRefused) -> Response:
    log.warning("login_elsewhere_refused", extra={"code": refusal.code, "reason": str(refusal)})
    response = render(
        request, "login-refused.html", 503 if refusal.code == "away" else 403, why=ELSEWHERE[refusal.code]
    )
    response.delete_cookie(STATE_COOKIE, path=START, httponly=True, samesite="lax")
    return response
