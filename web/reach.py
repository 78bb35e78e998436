"""Which cameras somebody's roles reach: a camera outside them is in no list, and refused by name."""

from collections.abc import Callable, Iterable

from vms.config import Camera, SiteConfig
from vms.rules.access import Action, Allow, Deny, crossing_for, decide_on
from vms.rules.terms import PUBLIC_ORDER
from web.audit_trail import Actor, AuditTrail
from web.problems import Problem


class Reach:
    """require and camera write a refusal into the audit log: call them from a worker thread."""

    def __init__(self, config: SiteConfig, trail: AuditTrail, now: Callable[[Camera], Camera]) -> None:
        """now: a camera as it hangs now; what is answered here hangs so."""
        self._config = config
        self._trail = trail
        self._hanging = now
        self._is_of_one_purpose = all(camera.purpose == PUBLIC_ORDER for camera in config.cameras)

    def may(self, actor: Actor, action: Action, camera_id: str) -> bool:
        return isinstance(self._decide(actor, action, camera_id), Allow)

    def may_all(self, actor: Actor, action: Action, camera_ids: Iterable[str]) -> bool:
        return self.is_whole(actor) or all(self.may(actor, action, camera_id) for camera_id in camera_ids)

    def is_whole(self, actor: Actor) -> bool:
        """What this person may do, they may do for every camera: nobody need ask by camera."""
        return not actor.limited and self._is_of_one_purpose

    def crossing(self, actor: Actor, action: Action, camera_id: str) -> dict[str, int]:
        """For the audit row of what is allowed by a crossing alone; nothing otherwise."""
        found = crossing_for(actor.rights, action, *self._group_and_purpose(camera_id))
        return {} if found is None else {"crossing": found.id}

    def crossings(self, actor: Actor, action: Action) -> dict[str, str]:
        """The same of what shows every camera that one may see."""
        if not actor.named:
            return {}
        found = {id_ for camera in self._config.cameras for id_ in self.crossing(actor, action, camera.id).values()}
        return {"crossing": ", ".join(map(str, sorted(found)))} if found else {}

    def require(self, actor: Actor, action: Action, camera_id: str) -> None:
        """Raises Problem forbidden. A camera that left the configuration is in no group any more."""
        verdict = self._decide(actor, action, camera_id)
        if isinstance(verdict, Deny):
            is_elsewhere = isinstance(actor.may(action), Allow)
            detail = {"reason": "out_of_reach"} if is_elsewhere else {}
            self._trail.refuse(actor, action, f"camera:{camera_id}", **detail)
            raise Problem("forbidden", nl=verdict.nl, en=verdict.en)

    def camera(self, actor: Actor, action: Action, camera_id: str) -> Camera:
        """Raises Problem unknown_camera, forbidden."""
        camera = self.now(camera_id)
        if camera is None:
            raise Problem("unknown_camera")
        self.require(actor, action, camera_id)
        return camera

    def now(self, camera_id: str) -> Camera | None:
        """As it hangs now; None: no such camera."""
        camera = self._config.camera(camera_id) if len(camera_id) <= 40 else None
        return None if camera is None else self._hanging(camera)

    def cameras(self, actor: Actor, action: Action) -> list[Camera]:
        """Those for which this person may do it."""
        return [self._hanging(camera) for camera in self._config.cameras if self.may(actor, action, camera.id)]

    def seen(self, actor: Actor) -> list[Camera]:
        """Those for which any of this person's roles is held."""
        rights = actor.rights
        hanging = map(self._hanging, self._config.cameras)
        return [camera for camera in hanging if rights.on(camera.area, camera.purpose)]

    def roles(self, actor: Actor, camera_id: str) -> frozenset[str]:
        """Held for this camera."""
        return actor.rights.on(*self._group_and_purpose(camera_id))

    def _decide(self, actor: Actor, action: Action, camera_id: str) -> Allow | Deny:
        return decide_on(actor.rights, action, *self._group_and_purpose(camera_id))

    def _group_and_purpose(self, camera_id: str) -> tuple[str, str]:
        camera = self.now(camera_id)
        return (camera.area, camera.purpose) if camera is not None else ("", "")
