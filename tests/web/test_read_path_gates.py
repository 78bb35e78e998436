"""No picture leaves by a way that nobody declared: routes are walked, and each names what decides about masks."""

import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Route

from tests.fakes import FakeClock
from tests.web.served_site import Site
from web import pages
from web.live.app import LiveApp
from web.read_paths import LIVE, WEB


def answers_only_json(route: APIRoute) -> bool:
    """FastAPI makes JSON of anything that is no Response."""
    answer = typing.get_type_hints(route.endpoint).get("return", Response)
    chosen = getattr(route.response_class, "value", route.response_class)
    is_response = isinstance(answer, type) and issubclass(answer, Response) and not issubclass(answer, JSONResponse)
    return not is_response and (chosen is None or issubclass(chosen, JSONResponse))


def ways_out(routes: list[BaseRoute]) -> Iterator[str]:
    """METHOD path of every route of the application that can answer more than JSON."""
    page_paths = {getattr(route, "path", "") for route in pages.router.routes}
    for context in iter_route_contexts(routes):
        route = context.original_route
        if isinstance(route, APIWebSocketRoute):
            yield f"WEBSOCKET {context.path}"
        elif isinstance(route, APIRoute):
            if str(context.path) not in page_paths and not answers_only_json(route):
                yield from (f"{method} {context.path}" for method in context.methods or ())
        elif context.path not in ("/api/openapi.json",):
            yield f"ANY {context.path}"


def test_every_route_that_can_answer_a_picture_declares_its_mask_gate(steady_site: Site) -> None:
    assert sorted(ways_out(steady_site.app.routes)) == sorted(WEB)


def test_a_route_that_forgot_is_found(site: Site) -> None:
    @site.app.get("/api/cameras/{camera}/thumbnail")
    def thumbnail(camera: str) -> Response:
        return Response(camera, media_type="image/jpeg")

    @site.app.get("/api/sheet", response_class=Response)
    def sheet():
        return b"sheet"

    assert set(ways_out(site.app.routes)) - set(WEB) == {"GET /api/cameras/{camera}/thumbnail", "GET /api/sheet"}


def test_whatever_live_answers_declares_its_mask_gate(steady_site: Site) -> None:
    nothing: typing.Any = None
    live = LiveApp(steady_site.config, nothing, nothing, nothing, nothing, nothing, nothing, FakeClock(), nothing)
    found = {
        f"{method} {route.path}"
        for route in live.app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert found == set(LIVE)


@pytest.mark.parametrize("path", [path for path, gate in WEB.items() if gate == "drawing"])
def test_only_the_drawing_still_leaves_unmasked_and_only_for_who_may_draw(path: str) -> None:
    assert path == "POST /api/cameras/{camera}/masks/still"


def test_pictures_are_made_nowhere_but_in_live() -> None:
    """`web` hands on bytes; what decodes, paints or encodes lives beside the rule that it must ask."""
    root = Path(__file__).parents[2] / "web"
    makers = ("import av", "from av", "import cv2", "from cv2", "import PIL", "from PIL")
    found = [
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if "live" not in file.relative_to(root).parts
        and any(line.startswith(makers) for line in file.read_text(encoding="utf-8").splitlines())
    ]
    assert found == []
