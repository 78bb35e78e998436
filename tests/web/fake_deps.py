"""What pages ask `web.deps` for, answered by the fake backend."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fastapi import Request

if TYPE_CHECKING:
    from fake_backend import Backend


class FakeDeps:
    def __init__(self, backend: "Backend") -> None:
        self._backend = backend

    def page_user(self, request: Request) -> Any:
        if not self._backend.logged_in:
            return None
        return SimpleNamespace(username="jan", display_name="Jan de Wit", roles=self._backend.roles)

    def page_refused(self, request: Request, user: Any) -> None:
        self._backend.refused_pages.append(request.url.path)

    def first_run_is_open(self, request: Request) -> bool:
        return self._backend.first_run

    def trials(self, request: Request) -> list[str]:
        return ["certificate", "second_factor"]

    def elsewhere(self, request: Request) -> str:
        return "gemeenteaccount"

    def page_awaits_shift(self, request: Request, user: Any) -> bool:
        return self._backend.awaits_shift

    def page_shift(self, request: Request, user: Any) -> None:
        return None

    def page_site(self, request: Request) -> Any:
        return SimpleNamespace(name="Gemeente Venlo", timezone="Europe/Amsterdam")
