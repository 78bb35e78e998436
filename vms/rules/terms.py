"""How long a camera's footage is kept: what the configuration says now, and what it said when footage was made. Pure.

A term (bewaartermijn) is days × 24 h. Footage keeps the shortest of the term under which it was made and of each that
came after: a shorter term acts at once, and a longer one never brings back what had gone or was promised to go.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

PUBLIC_ORDER = "public_order"
CEILING_DAYS = 28
"""Hard ceiling in code for public_order (ten hoogste vier weken): a site may choose shorter, never longer."""
LONGEST_DAYS = 92
"""For every other purpose: a quarter of a year."""


@dataclass(frozen=True, slots=True)
class CameraTerm:
    """What the configuration says of a camera's footage."""

    purpose: str
    days: int


@dataclass(frozen=True, slots=True)
class EarlierTerm:
    """One that acted on a camera's footage until a moment; until None: when a purge last looked, it acted."""

    purpose: str
    days: int
    until: datetime | None

    def oldest_allowed(self, now: datetime) -> datetime:
        limit = now - timedelta(days=self.days)
        return limit if self.until is None else min(limit, self.until)


@dataclass(frozen=True, slots=True)
class Terms:
    """days: for a camera that nothing is known of. cameras: as configured. earlier: by camera, see vms.store.terms."""

    days: int
    cameras: Mapping[str, CameraTerm] = field(default_factory=dict)
    earlier: Mapping[str, tuple[EarlierTerm, ...]] = field(default_factory=dict)

    def oldest_allowed(self, camera_id: str, now: datetime) -> datetime:
        """Footage of this camera whose first picture was taken at or before this moment is expired."""
        limits = [term.oldest_allowed(now) for term in self.earlier.get(camera_id, ())]
        camera = self.cameras.get(camera_id)
        if camera is not None:
            limits.append(now - timedelta(days=camera.days))
        return max(limits, default=now - timedelta(days=self.days))

    def is_expired(self, camera_id: str, start_at: datetime, now: datetime) -> bool:
        """True from the moment the footage's *first* picture is too old, so nothing is ever older."""
        return start_at <= self.oldest_allowed(camera_id, now)

    def expires_at(self, camera_id: str, start_at: datetime) -> datetime:
        """When footage that began then is expired; for what expires now or later."""
        earlier = self.earlier.get(camera_id, ())
        days = [term.days for term in earlier if term.until is None or start_at <= term.until]
        camera = self.cameras.get(camera_id)
        if camera is not None:
            days.append(camera.days)
        return start_at + timedelta(days=min(days, default=self.days))

    def is_day_over(self, camera_id: str, purpose: str, day: date, now: datetime) -> bool:
        """Has all that this camera made for this purpose on that day (UTC) expired? purpose "": for any."""
        if day < self.oldest_allowed(camera_id, now).date():
            return True
        camera, earlier = self.cameras.get(camera_id), self.earlier.get(camera_id, ())
        ended = [term.until for term in earlier if term.purpose == purpose and term.until is not None]
        goes_on = any(term.purpose == purpose and term.until is None for term in earlier)
        if not ended or goes_on or (camera is not None and camera.purpose == purpose):
            return False
        midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
        return max(ended) <= min(midnight, self.oldest_allowed(camera_id, now))

    def purpose_of(self, camera_id: str) -> str:
        """Now, or last; empty: nothing is known of it."""
        camera, earlier = self.cameras.get(camera_id), self.earlier.get(camera_id)
        return camera.purpose if camera else earlier[-1].purpose if earlier else ""

    def days_of(self, camera_id: str) -> int:
        """The term that acts on what it makes now, or made last."""
        camera, earlier = self.cameras.get(camera_id), self.earlier.get(camera_id)
        return camera.days if camera else earlier[-1].days if earlier else self.days

    def longest_days(self, camera_ids: Collection[str] | None = None) -> int:
        """Of these cameras, or of all that are known."""
        chosen = self.cameras.keys() | self.earlier.keys() if camera_ids is None else camera_ids
        return max((self.days_of(camera_id) for camera_id in chosen), default=self.days)

    def base(self, now: datetime) -> datetime:
        """What began at or before this is expired, whatever camera it is of."""
        known = self.cameras.keys() | self.earlier.keys()
        return min((self.oldest_allowed(camera, now) for camera in known), default=now - timedelta(days=self.days))

    def shorter(self, now: datetime) -> dict[str, datetime]:
        """By camera, its limit where that is later than `base`."""
        base = self.base(now)
        limits = {camera: self.oldest_allowed(camera, now) for camera in self.cameras.keys() | self.earlier.keys()}
        return {camera: limit for camera, limit in sorted(limits.items()) if limit > base}
