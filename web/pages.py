"""The HTML pages and the files they load. What a page may show is decided by role, here and again in the API."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from vms.rules.access import ROLES
from web import deps
from web.first_run import PAGE as FIRST_RUN
from web.i18n import SOURCE, Language, as_language, texts
from web.i18n import marked as _m
from web.login_words import TRIAL
from web.state_words import words_in

_HERE: Final = Path(__file__).parent
_LANGUAGE_COOKIE: Final = "uitkijk_taal"
_THEME_COOKIE: Final = "uitkijk_thema"
THEMES: Final = {"donker": "dark", "licht": "light"}
"""Named in the address and the cookie as users read them. Without a choice each page has its own: walls are dark."""
_YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    title: str
    template: str
    icon: str
    roles: frozenset[str]
    in_menu: bool = True
    watches: bool = False
    """Video appears: where shifts are required, only during one."""


PAGES: Final = (
    Page("/muur", _m("Muur"), "wall.html", "layout-grid", frozenset({"observer", "police_reviewer"}), watches=True),
    Page(
        "/terugkijken",
        _m("Terugkijken"),
        "playback.html",
        "history",
        frozenset({"police_reviewer", "evidence_officer"}),
    ),
    Page(
        "/veiliggesteld",
        _m("Veiliggesteld"),
        "holds.html",
        "file-lock-2",
        frozenset({"evidence_officer", "police_reviewer"}),
    ),
    Page("/techniek", _m("Techniek"), "health.html", "wrench", frozenset({"technician", "admin"})),
    Page(
        "/toezicht",
        _m("Toezicht"),
        "oversight.html",
        "shield-check",
        frozenset({"privacy_officer", "shift_manager", "policy_officer"}),
    ),
    Page(
        "/dienst",
        _m("Dienst"),
        "shift.html",
        "clock",
        frozenset({"observer", "shift_manager", "policy_officer", "privacy_officer"}),
    ),
    Page(
        "/incidenten",
        _m("Incidenten"),
        "incidents.html",
        "clipboard-list",
        frozenset({"observer", "police_reviewer", "evidence_officer", "shift_manager", "policy_officer"}),
    ),
    Page("/maskers", _m("Maskers"), "masks.html", "eye-off", frozenset({"privacy_officer", "technician"})),
    Page(
        "/verzoeken",
        _m("Verzoeken"),
        "requests.html",
        "lock",
        frozenset({"police_reviewer", "evidence_officer", "privacy_officer", "shift_manager"}),
    ),
    Page("/controle", _m("Controle"), "controle.html", "search", frozenset(ROLES)),
    Page(
        "/besluiten",
        _m("Besluiten"),
        "decisions.html",
        "gavel",
        frozenset({"policy_officer", "privacy_officer", "shift_manager", "technician"}),
    ),
    Page("/account", _m("Mijn account"), "account.html", "user", frozenset(ROLES), in_menu=False),
)
ROLE_NAMES: Final = {
    "observer": _m("camera-observant"),
    "police_reviewer": _m("aangewezen politiemedewerker"),
    "evidence_officer": _m("veiligsteller"),
    "technician": _m("technicus"),
    "privacy_officer": _m("privacyfunctionaris"),
    "shift_manager": _m("clustermanager"),
    "policy_officer": _m("beleidsmedewerker"),
    "admin": _m("beheerder"),
}
IMPORTS: Final = {
    "lit": "lit@3.3.3/index.js",
    "lit-html": "lit-html@3.3.3/lit-html.js",
    "lit-html/": "lit-html@3.3.3/",
    "lit-element/": "lit-element@4.2.2/",
    "@lit/reactive-element": "lit-reactive-element@2.1.2/reactive-element.js",
    "leaflet": "leaflet@1.9.4/dist/leaflet.js",
    "pmtiles": "pmtiles@4.5.0/dist/esm/index.js",
    "fflate": "fflate@0.8.2/esm/browser.js",
}

router = APIRouter(include_in_schema=False)
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_templates.policies["json.dumps_kwargs"] = {"sort_keys": False}
"""Words keep the order in which the server lists them."""
_static = StaticFiles(directory=_HERE / "static")


def pages_of(roles: Iterable[str]) -> list[Page]:
    held = set(roles)
    return [page for page in PAGES if page.roles & held]


def start_page(roles: Iterable[str]) -> str:
    """Where a person with these roles lands; /inloggen when no page is theirs."""
    return next((page.path for page in pages_of(roles)), "/inloggen")


def safe_next(path: str | None) -> str | None:
    """A path on this site to go to after the login, or None: never another origin."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > 500:
        return None
    return path if not any(ord(letter) < 32 for letter in path) else None


def _language(request: Request) -> Language:
    return as_language(request.cookies.get(_LANGUAGE_COOKIE)) or SOURCE


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    language = _language(request)
    translate = texts(language)
    user = context.get("user")
    roles = list(user.roles) if user else []
    site = deps.page_site(request)
    island = {
        "language": language,
        "messages": dict(translate.browser),
        "words": words_in(language) if user else {},
        "site": {"name": site.name, "timezone": site.timezone},
        "user": {"username": user.username, "roles": roles} if user else None,
    }
    page = _templates.get_template(template).render(
        **{"user": None, "shift": None, "path": request.url.path, **context},
        _=translate,
        language=language,
        chosen_theme=THEMES.get(request.cookies.get(_THEME_COOKIE, "")),
        nonce=request.state.csp_nonce,
        site=site,
        island=island,
        imports={"imports": {name: f"/static/vendor/{path}" for name, path in IMPORTS.items()}},
        menu=[page for page in pages_of(roles) if page.in_menu],
        role_names=[translate(ROLE_NAMES.get(role, role)) for role in roles],
        other_language="en" if language == "nl" else "nl",
    )
    return HTMLResponse(page, status)


def _choose(request: Request) -> Response | None:
    """`?taal=en` and `?thema=licht` set a cookie and return to the same address without it."""
    language = as_language(request.query_params.get("taal"))
    theme = request.query_params.get("thema")
    chosen = {_LANGUAGE_COOKIE: language, _THEME_COOKIE: theme if theme in THEMES else None}
    if not any(chosen.values()):
        return None
    target = request.url.remove_query_params(["taal", "thema"])
    response = RedirectResponse(f"{target.path}?{target.query}".rstrip("?"), 303)
    for cookie, value in chosen.items():
        if value:
            response.set_cookie(cookie, value, max_age=_YEAR_S, samesite="strict", path="/")
    return response


@router.get("/")
def start(request: Request) -> Response:
    user = deps.page_user(request)
    return RedirectResponse(start_page(user.roles) if user else "/inloggen", 303)


@router.get("/inloggen")
def login_page(request: Request) -> Response:
    chosen = _choose(request)
    if chosen:
        return chosen
    if deps.first_run_is_open(request):
        return RedirectResponse(FIRST_RUN, 303)
    user = deps.page_user(request)
    following = safe_next(request.query_params.get("next"))
    if user and pages_of(user.roles):
        return RedirectResponse(following or start_page(user.roles), 303)
    trials = [TRIAL[code] for code in deps.trials(request)]
    following = following or "/"
    return render(request, "login.html", following=following, elsewhere=deps.elsewhere(request), trials=trials)


@router.get(FIRST_RUN)
def first_run_page(request: Request) -> Response:
    chosen = _choose(request)
    if chosen:
        return chosen
    if not deps.first_run_is_open(request):
        return RedirectResponse("/inloggen", 303)
    return render(request, "first-run.html")


def missing_page(request: Request) -> Response:
    """For an address that is none of ours."""
    return _choose(request) or render(request, "missing.html", 404, user=deps.page_user(request))


def _page(page: Page) -> None:
    """Register one page behind its roles."""

    @router.get(page.path, name=page.path)
    def show(request: Request) -> Response:
        chosen = _choose(request)
        if chosen:
            return chosen
        user = deps.page_user(request)
        if user is None:
            where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/inloggen?next={quote(where)}", 303)
        if not page.roles & set(user.roles):
            deps.page_refused(request, user)
            return render(request, "refused.html", 403, user=user)
        if page.watches and deps.page_awaits_shift(request, user):
            where = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/dienst?next={quote(where)}", 303)
        shift = deps.page_shift(request, user) if page.watches else None
        return render(request, page.template, user=user, page=page, shift=shift)


for _entry in PAGES:
    _page(_entry)


def _cache_control(path: str) -> str:
    if not (path.startswith("vendor/") and "@" in path):
        return "no-cache"
    # Which icons the sprite has may change; and icons must show when the server is gone.
    return "public, max-age=3600" if path.endswith("sprite.svg") else "public, max-age=31536000, immutable"


@router.get("/static/{path:path}")
async def static_file(request: Request, path: str) -> Response:
    """Scripts, styles, fonts. A vendored file never changes under its name; our own are re-validated."""
    try:
        response = await _static.get_response(path, request.scope)
    except HTTPException as error:
        return Response(status_code=error.status_code)
    response.headers["Cache-Control"] = _cache_control(path)
    return response
