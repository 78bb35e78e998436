"""Every way by which a picture can leave this system, and the one decision that each of them goes by.

A route that can answer anything but JSON must stand here; a test walks the routes of `web` and of `live` and fails on
one that does not. What decides is always `vms.rules.masking`: `live` asks it for every picture, `web` asks it before
it sends an original itself. The still that masks are drawn on is the one exception, and says so.
"""

from typing import Final, Literal

Gate = Literal["painted", "original", "lifted", "drawing", "no picture"]
"""painted: `live` decides per picture (mask_plan) and paints. original: `web` asks pass_through for the whole segment,
and sends originals only then, else what `live` painted. lifted: painted, and originals only by a request of which
`live` reads in the database that a second person granted it for this camera and time (vms.rules.lifting). drawing:
unmasked, for a person who draws, with a reason in the audit log. no picture: nothing of a camera is in it."""

WEB: Final[dict[str, Gate]] = {
    "POST /whep/{camera}": "painted",
    "PATCH /whep/session/{session}": "painted",
    "DELETE /whep/session/{session}": "no picture",
    "GET /whep/{camera}": "no picture",
    "HEAD /whep/{camera}": "no picture",
    "OPTIONS /whep/{camera}": "no picture",
    "GET /whep/session/{session}": "no picture",
    "HEAD /whep/session/{session}": "no picture",
    "OPTIONS /whep/session/{session}": "no picture",
    "GET /api/cameras/{camera}/snapshot": "painted",
    "GET /api/overview": "painted",
    "GET /api/media/{segment}": "original",
    "GET /api/media/{segment}/thumbnail": "painted",
    "GET /api/media/{segment}/photo": "painted",
    "POST /api/motion-searches": "no picture",
    "GET /api/exports/{export}/file": "painted",
    "GET /api/bundles/{bundle}/file": "lifted",
    "GET /api/requests/register.csv": "no picture",
    "GET /api/incidents/register.csv": "no picture",
    "GET /api/audit/register.csv": "no picture",
    "POST /api/cameras/{camera}/masks/still": "drawing",
    "GET /api/retention/certificates/{day}": "no picture",
    "GET /api/map/ground": "no picture",
    "GET /inloggen/oidc": "no picture",
    "GET /inloggen/oidc/terug": "no picture",
    "WEBSOCKET /api/ws": "no picture",
    "GET /metrics": "no picture",
}
"""By method and path. Pages and static files are not listed: they are templates and files of the product."""

LIVE: Final[dict[str, Gate]] = {
    "POST /whep": "painted",
    "PATCH /whep/{session}": "painted",
    "DELETE /whep/{session}": "no picture",
    "GET /whep/{session}": "no picture",
    "GET /sessions": "no picture",
    "GET /snapshot/{camera}": "painted",
    "GET /sheet": "painted",
    "POST /still/{camera}": "drawing",
    "GET /masked/{segment:int}": "painted",
    "GET /footage/{segment:int}/{kind}": "painted",
    "POST /motion": "no picture",
    "GET /clip": "lifted",
}
"""What `live` answers `web`, all of it. A painted clip or picture is the original only where it was decided that no
mask is needed (`NoMaskRequired`)."""
