"""Errors as RFC 9457 problem JSON, each with a code for programs and a sentence in Dutch and English for people."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vms.errors import (
    CameraError,
    FootageExpired,
    FootageMissing,
    KeyUnavailable,
    Refused,
    StorageError,
    StoreBusy,
    UitkijkError,
)
from web.grant_problems import GRANT_TEXTS
from web.incident_problems import INCIDENT_TEXTS
from web.login_problems import LOGIN_TEXTS

log = logging.getLogger(__name__)

_RETRY_S = "5"
"""After which a client may ask again, where nobody knows better."""

TEXTS: dict[str, tuple[int, str, str]] = {
    "unauthenticated": (401, "Log eerst in.", "Sign in first."),
    "login_failed": (401, "Gebruikersnaam of wachtwoord klopt niet.", "User name or password is wrong."),
    "login_paused": (
        429,
        "Te veel mislukte pogingen; wacht even en probeer het opnieuw.",
        "Too many failed attempts; wait a while and try again.",
    ),
    "too_many_requests": (429, "Te veel verzoeken; wacht even.", "Too many requests; wait a moment."),
    "csrf": (403, "De pagina is verouderd; laad haar opnieuw.", "The page is out of date; reload it."),
    "origin": (403, "Verzoek komt van een andere website.", "The request comes from another website."),
    "forbidden": (403, "Uw rol geeft hier geen recht op.", "Your role does not include this."),
    "second_person": (403, "Een tweede persoon moet dit vaststellen.", "A second person must approve this."),
    "consultation_required": (
        403,
        "Geef eerst doel en registratienummer op.",
        "Give a purpose and a reference number first.",
    ),
    "consultation_over": (
        403,
        "Deze raadpleging is verlopen of van iemand anders; geef doel en registratienummer opnieuw op.",
        "This consultation is over or somebody else's; give purpose and reference again.",
    ),
    "shift_required": (
        403,
        "Begin eerst uw dienst: live beeld hoort bij een dienst.",
        "Begin your shift first: live pictures belong to a shift.",
    ),
    "not_flex": (
        409,
        "Alleen een flexcamera verhuist met dit formulier; een vaste camera verandert in de configuratie.",
        "Only a flex camera moves by this form; a fixed one changes in the configuration.",
    ),
    "same_place": (422, "Daar hangt de camera al.", "The camera hangs there already."),
    "decision_needed": (
        422,
        "Kies het besluit waaronder de camera daar hangt.",
        "Choose the decision under which it hangs there.",
    ),
    "decision_elsewhere": (
        422,
        "Dit besluit gaat niet over de nieuwe plaats: kies een ander, of de naam en het gebied zoals in het besluit.",
        "This decision does not cover the new place: choose another, or name and area as in the decision.",
    ),
    "shift_open": (409, "Uw dienst is al begonnen.", "Your shift has begun already."),
    "no_shift": (409, "U hebt geen dienst die nog loopt.", "You have no shift that is still on."),
    "colleague_in_shift": (
        409,
        "Een collega is al in een dienst: sluit die eerst af, of begin zonder deze collega.",
        "A colleague is in a shift already: close it first, or begin without this colleague.",
    ),
    "no_observer": (
        422,
        "Kies collega's met een account als camera-observant.",
        "Choose colleagues with an observer's account.",
    ),
    "decision_pending": (
        403,
        "Het besluit voor deze camera is nog niet ingegaan.",
        "The decision for this camera is not in force yet.",
    ),
    "decision_expired": (403, "Het besluit voor deze camera is verlopen.", "The decision for this camera is over."),
    "decision_missing": (
        403,
        "Voor de plaats van deze camera is geen besluit bekend.",
        "No decision is known for the place of this camera.",
    ),
    "not_found": (404, "Dit bestaat niet.", "There is no such thing."),
    "unknown_camera": (404, "Deze camera bestaat niet.", "There is no such camera."),
    "no_footage": (404, "Van dit moment zijn geen beelden.", "There is no footage of this moment."),
    "no_hold": (
        404,
        "Deze veiligstelling bestaat niet, of is al vrijgegeven.",
        "There is no such hold, or it is released already.",
    ),
    "no_ptz": (404, "Deze camera kan niet draaien.", "This camera cannot turn."),
    "method_not_allowed": (405, "Dit kan niet op dit adres.", "This address does not do that."),
    "too_slow": (408, "Het verzoek kwam te langzaam binnen.", "The request came in too slowly."),
    "no_picture": (409, "Nog geen beeld van deze camera.", "No picture from this camera yet."),
    "mask_state": (
        409,
        "Deze versie wacht niet meer op dit besluit; ververs de pagina.",
        "This version does not wait for that any more; refresh the page.",
    ),
    "mask_not_yours": (403, "Dit concept is van iemand anders.", "This draft is somebody else's."),
    "mask_moved": (
        409,
        "De camera is sindsdien verplaatst; teken de maskers opnieuw.",
        "The camera was moved since; draw the masks anew.",
    ),
    "ptz_busy": (409, "Iemand anders bestuurt deze camera.", "Somebody else steers this camera."),
    "ptz_not_held": (409, "U bestuurt deze camera niet.", "You do not steer this camera."),
    "unknown_patrol": (404, "Deze patrouille staat niet in de configuratie.", "There is no such patrol."),
    "patrol_preset": (
        409,
        "De camera mist een preset van deze patrouille.",
        "The camera lacks a preset of this patrol.",
    ),
    "no_trail": (404, "U hebt geen volgspoor open.", "You have no trail open."),
    "no_neighbour": (422, "Deze camera is geen buurcamera.", "That camera is no neighbour."),
    "trail_full": (409, "Dit volgspoor is vol; beëindig het en begin een nieuw.", "This trail is full; end it first."),
    "bookmark_time": (
        422,
        "Een markering is van nu of van ten hoogste vijf minuten geleden.",
        "A bookmark is of now, or of at most five minutes ago.",
    ),
    "no_lens": (
        409,
        "De lens van deze camera is niet gekalibreerd; zonder dat is een plek in beeld niet aan te wijzen.",
        "This camera's lens is not calibrated; without that no place in its picture can be pointed at.",
    ),
    "request_decided": (409, "Over dit verzoek is al besloten.", "This request was decided already."),
    "request_not_granted": (409, "Dit verzoek is niet toegewezen.", "This request was not granted."),
    "request_received": (409, "De ontvangst is al vastgelegd.", "The receipt was noted already."),
    "export_not_ready": (409, "De export is nog niet klaar.", "The export is not ready yet."),
    "expired": (
        410,
        "De bewaartermijn van deze beelden is voorbij; ze zijn gewist of worden gewist.",
        "The retention period of this footage is over; it is erased or about to be.",
    ),
    "export_gone": (410, "Deze export is verwijderd; maak haar opnieuw.", "This export is deleted; make it again."),
    "too_large": (413, "Het verzoek is te groot.", "The request is too large."),
    "unsupported_media_type": (
        415,
        "Dit inhoudstype wordt hier niet aangenomen.",
        "This content type is not accepted here.",
    ),
    "range": (416, "Dit deel van het bestand bestaat niet.", "There is no such part of the file."),
    "invalid_input": (422, "Niet alle velden kloppen.", "Some fields are not right."),
    "time_format": (
        422,
        "Geef een tijd als ISO 8601 met zone, bijvoorbeeld 2026-11-22T13:00:00Z.",
        "Give a time as ISO 8601 with a zone, for example 2026-11-22T13:00:00Z.",
    ),
    "time_zone_missing": (
        422,
        "De tijd heeft geen zone; voeg Z of bijvoorbeeld +01:00 toe.",
        "The time has no zone; add Z or for example +01:00.",
    ),
    "time_missing": (422, "Geef een begin en een einde op.", "Give a start and an end."),
    "time_order": (422, "Het einde moet na het begin liggen.", "The end must come after the start."),
    "time_span": (422, "Vraag ten hoogste 24 uur tegelijk op.", "Ask for at most 24 hours at a time."),
    "bundle_span": (422, "Vraag ten hoogste 6 uur tegelijk aan.", "Ask for at most 6 hours at a time."),
    "reason_missing": (422, "Geef een reden op.", "Give a reason."),
    "export_span": (422, "Exporteer ten hoogste 2 uur tegelijk.", "Export at most 2 hours at a time."),
    "time_future": (422, "Het einde ligt in de toekomst.", "The end lies in the future."),
    "too_many_queries": (
        422,
        "U hebt al 50 vragen bewaard; verwijder er eerst een.",
        "You have kept 50 questions already; delete one first.",
    ),
    "review_incomplete": (
        422,
        "Beoordeel elke getrokken aanmelding, en geen andere.",
        "Give a verdict on each log-in that was drawn, and no other.",
    ),
    "too_many_layouts": (
        422,
        "U hebt al 50 standen; verwijder er eerst een.",
        "You have 50 layouts already; delete one first.",
    ),
    "sdp_malformed": (400, "Dit is geen SDP-aanbod.", "This is no SDP offer."),
    "no_h264": (
        406,
        "Deze speler kan geen H.264 ontvangen; de camera's zenden niets anders.",
        "This player cannot receive H.264, and the cameras send nothing else.",
    ),
    "etag": (412, "Deze verbinding is intussen vernieuwd.", "This connection was renewed meanwhile."),
    "ice_restart": (
        422,
        "Een verbroken verbinding wordt niet hersteld; open een nieuwe.",
        "A broken connection is not restarted; open a new one.",
    ),
    "sdp": (422, "Het SDP-aanbod is niet bruikbaar.", "The SDP offer cannot be used."),
    "internal": (500, "Er ging iets mis op de server.", "Something went wrong on the server."),
    "camera_silent": (
        502,
        "De camera of het opnameproces antwoordt niet.",
        "The camera or its recording process does not answer.",
    ),
    "audit_unavailable": (
        503,
        "De logging is niet beschikbaar; zonder logging geen beeld.",
        "The audit log is not available; without it no picture.",
    ),
    "store_busy": (503, "De database antwoordt niet.", "The database does not answer."),
    "other_process": (409, "Deze camera vraagt een nieuwe verbinding.", "This camera takes a new connection."),
    "live_down": (503, "Het beeldproces antwoordt niet.", "The live process does not answer."),
    "storage": (503, "Het beeld op schijf is niet leesbaar.", "The footage on disk cannot be read."),
    "no_room": (
        507,
        "De export past niet op de schijf van de server.",
        "The export does not fit on the server's disk.",
    ),
    "busy": (503, "Te druk; probeer het zo opnieuw.", "Too busy; try again shortly."),
    "live_error": (502, "Het beeldproces meldt een fout.", "The live process reports an error."),
    **LOGIN_TEXTS,
    **GRANT_TEXTS,
    **INCIDENT_TEXTS,
}


class Problem(HTTPException):
    """Raise it anywhere in a request. detail replaces the English sentence in `detail` only, never in nl and en.

    An HTTPException, because FastAPI turns any other error raised while a body is read into a 400.
    """

    def __init__(
        self,
        code: str,
        *,
        detail: str = "",
        nl: str = "",
        en: str = "",
        fields: Mapping[str, Mapping[str, str]] | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        status: int = 0,
    ) -> None:
        usual_status, usual_nl, usual_en = TEXTS[code]
        super().__init__(status or usual_status, detail or en or usual_en, dict(headers or {}))
        self.code = code
        self.nl = nl or usual_nl
        self.en = en or usual_en
        self.fields = dict(fields or {})
        self.extra = dict(extra or {})

    def response(self) -> JSONResponse:
        body = {
            "type": f"urn:uitkijk:problem:{self.code}",
            "title": self.en,
            "status": self.status_code,
            "detail": self.detail,
            "code": self.code,
            "nl": self.nl,
            "en": self.en,
            "fields": self.fields,
            **self.extra,
        }
        headers = {"Cache-Control": "no-store", **(self.headers or {})}
        if self.status_code == 503:
            headers.setdefault("Retry-After", _RETRY_S)
        return JSONResponse(body, self.status_code, headers, media_type="application/problem+json")


def field_problem(field: str, code: str) -> Problem:
    """A problem that belongs beside one input field."""
    _, nl, en = TEXTS[code]
    return Problem(code, fields={field: {"nl": nl, "en": en}})


_CODES: tuple[tuple[type[UitkijkError], str], ...] = (
    (FootageExpired, "expired"),
    (FootageMissing, "no_footage"),
    (Refused, "forbidden"),
    (StoreBusy, "store_busy"),
    (KeyUnavailable, "storage"),
    (StorageError, "storage"),
    (CameraError, "camera_silent"),
)
_STATUS_CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}


def from_error(error: UitkijkError) -> Problem:
    """An error may name its code itself (problem_code); others are in the table above."""
    named = getattr(error, "problem_code", None)
    code = named or next((code for kind, code in _CODES if isinstance(error, kind)), "internal")
    return Problem(code, detail=str(error))


def install(app: FastAPI, missing_page: Callable[[Request], Response]) -> None:
    """Every way in which a request can fail ends as problem JSON; a mistyped address of a page ends as a page."""

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 404 and _asks_for_a_page(request):
            return missing_page(request)
        return _http_problem(error)

    app.add_exception_handler(Problem, _on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(UitkijkError, _on_error)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, _on_bug)


async def _on_problem(connection: Request | WebSocket, error: Exception) -> Response | None:
    assert isinstance(error, Problem)
    return await _answer(connection, error)


async def _answer(connection: Request | WebSocket, problem: Problem) -> Response | None:
    """A websocket that is refused gets the problem in place of the handshake."""
    if isinstance(connection, Request):
        return problem.response()
    if "websocket.http.response" in connection.scope.get("extensions", {}):
        await connection.send_denial_response(problem.response())
    else:
        await connection.close(1008)
    return None


async def _on_error(request: Request | WebSocket, error: Exception) -> Response | None:
    assert isinstance(error, UitkijkError)
    problem = from_error(error)
    if problem.status_code >= 500:
        log.warning("request_failed", extra={"path": request.url.path, "code": problem.code, "reason": str(error)})
    return await _answer(request, problem)


async def _on_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = {}
    for one in error.errors()[:20]:
        location = [str(part) for part in one["loc"] if part not in ("body", "query", "path", "header")]
        message = str(one["msg"]).removeprefix("Value error, ")
        fields[".".join(location) or "body"] = {"nl": f"Ongeldige waarde ({message}).", "en": f"{message}."}
    return Problem("invalid_input", fields=fields).response()


def _http_problem(error: HTTPException) -> Response:
    code = _STATUS_CODES.get(error.status_code, "internal" if error.status_code >= 500 else "invalid_input")
    return Problem(code, status=error.status_code, headers=error.headers).response()


def _asks_for_a_page(request: Request) -> bool:
    """A person at a browser, that is; not a script, and not a machine."""
    is_ours = request.url.path.startswith(("/api/", "/whep/", "/static/"))
    return request.method == "GET" and not is_ours and "text/html" in request.headers.get("accept", "")


async def _on_bug(_request: Request, _error: Exception) -> JSONResponse:
    return Problem("internal").response()
