"""What the API's description says of every route alike: a request that fails is answered with problem JSON."""

from typing import Any, Final

_TEXTS: Final = {
    "type": "object",
    "required": ["nl", "en"],
    "properties": {"nl": {"type": "string"}, "en": {"type": "string"}},
}
PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457. fields: what is wrong with which input field.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "nl", "en", "fields"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "nl": {"type": "string"},
        "en": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": _TEXTS},
    },
}
_CONTENT: Final = {"application/problem+json": {"schema": PROBLEM}}
PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "Refused, and why", "content": _CONTENT},
    "5XX": {"description": "It failed, or somebody must wait", "content": _CONTENT},
}
