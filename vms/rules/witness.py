"""Whether the picture bears out what a turning camera says of its direction. Pure.

The camera's status is a claim, the picture a witness: it shows whether the camera stands or turns, by how much since
it was last believed, and, where its surroundings are known, in which direction it looks. Agreement lets masks be
painted where the status says; a status that is merely late is covered by painting where either says; any other
disagreement, and a witness who lost the thread while the claim is doubtful, means that nothing may be shown.
"""

import math
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from vms.rules.pose_at import PoseEstimate
from vms.rules.ptz_geometry import ViewDeg, angle_between_deg, apart_deg
from vms.units import US_PER_SECOND

Motion = Literal["still", "turned", "lost", "unclear"]
"""Of the picture since the one before. lost: it changed, and how cannot be told. unclear: too dark or too blurred."""

AGREE_DEG = 0.5
"""A claim this far from what the picture shows is still the same direction: the lens table and the picture are no
better. Masks grow by what is more than COVERED_DEG and COVERED_SHARE of the field of view, their own margin."""
COVERED_DEG = 0.1
COVERED_SHARE = 0.0025
NEARLY_DEG = 0.25
"""Who followed pictures that nothing vouches for may have followed a car: further from the status, and both count."""
MOVED_DEG = 0.3
GROW_STEP_DEG = 0.25
AGREE_ZOOM_SHARE = 0.05
LATE_US = 600_000
"""An unmeasured status may follow the picture by so much; what it says is what the picture showed that long ago."""
LATE_SLACK_US = 250_000
"""A measured one by this much more than was measured."""
SETTLED_US = 200_000
"""After a late status both must stand for so long before the status alone is believed again."""
STEADY_ERROR_DEG = 0.15
"""What the picture is unsure by at its best: the margin of every mask covers that."""
MAX_ERROR_DEG = 1.5
"""A direction that the picture tells no better than this is no testimony."""
TIGHT_DEG = 0.75
"""Agreement within more than this (a moving camera's own doubt included) takes no doubt away."""
VAGUE_DEG = 10.0
"""A status with more doubt of its own bears nothing out."""
TOGETHER_US = 300_000
"""A status that is early or late by less than this moved together with the picture."""
_PAUSE_US = 200_000
_CLAIM_PAUSE_US = 100_000
MAX_SPEED_DEG_S = 250.0
LEAP_DEG = 4.0
"""A status that leaps faster than any camera turns is wrong, before or after."""

Doubt = Literal["none", "late", "wrong"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one picture shows. view: where it was taken, by the picture; None = unknown. error_deg: of that view.

    placed: told by the camera's known surroundings, not by following the pictures since.
    vouched: it was so told a moment ago, by surroundings from a calibration, and followed since.
    """

    at_us: int
    motion: Motion
    view: ViewDeg | None
    error_deg: float
    placed: bool
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Agrees:
    """Paint where the status says, grown by growth_deg more than its own doubt asks for."""

    growth_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Shows:
    """Paint where the picture says, which the status bears out within its own doubt or after its own delay."""

    seen: ViewDeg
    error_deg: float


@dataclass(frozen=True, slots=True)
class Late:
    """Paint where the status says and where the picture says."""

    seen: ViewDeg
    error_deg: float


@dataclass(frozen=True, slots=True)
class Contradicts:
    """Show nothing. detail: for people."""

    reason: Literal["picture-disagrees", "picture-lost", "picture-unplaced"]
    detail: str


Verdict = Agrees | Shows | Late | Contradicts


@dataclass(slots=True)
class _Movement:
    """The last one of the picture, or of the status. Both None: there was none yet."""

    began_us: int | None = None
    ended_us: int | None = None

    def note(self, at_us: int, pause_us: int) -> None:
        """pause_us: what moves again sooner had not stopped."""
        if self.ended_us is None or at_us - self.ended_us > pause_us:
            self.began_us = at_us
        self.ended_us = at_us


@dataclass(slots=True)
class Hearing:
    """What was seen and claimed so far of one run of pictures; `hear` takes the next pair and answers.

    must_be_placed: nothing is believed before the first picture was placed in known surroundings.
    late_us: by how much the status may follow the picture.
    """

    must_be_placed: bool = False
    late_us: int = LATE_US
    doubt: Doubt = "none"
    _history: deque[tuple[int, ViewDeg]] = field(default_factory=lambda: deque(maxlen=64))
    _claimed: ViewDeg | None = None
    _standing_since_us: int | None = None
    _last_claim: tuple[int, ViewDeg] | None = None
    _claim_speed_deg_s: float = 0.0
    _claim_moved: _Movement = field(default_factory=_Movement)
    _picture_moved: _Movement = field(default_factory=_Movement)

    def hear(self, seen: Sighting, claimed: PoseEstimate) -> Verdict:
        claim_moved = self._claimed is not None and apart_deg(claimed.view, self._claimed) > MOVED_DEG
        claim_stands = not claim_moved and not _is_moving(claimed)
        self._note(seen, claimed, claim_moved=claim_moved, claim_stands=claim_stands)
        if self.must_be_placed:
            if not seen.placed:
                return Contradicts("picture-unplaced", "the picture is not what is known to be seen there")
            self.must_be_placed = False
        if seen.view is None or seen.error_deg > MAX_ERROR_DEG:
            return self._unseen(seen, claim_stands=claim_stands)
        self._history.append((seen.at_us, seen.view))
        agrees = is_same(seen.view, seen.error_deg, claimed)
        if agrees and claimed.growth_deg + seen.error_deg <= TIGHT_DEG:
            self._believe()
        if not agrees or self.doubt != "none":
            return self._differs(seen, seen.view, claimed, agrees=agrees)
        if claimed.growth_deg > VAGUE_DEG and not seen.vouched:
            return Late(seen.view, seen.error_deg)
        if seen.motion == "unclear" and not claim_stands:
            return Late(seen.view, seen.error_deg)
        if not claim_stands or seen.motion in ("turned", "lost"):
            if not seen.vouched and apart_deg(seen.view, claimed.view) > NEARLY_DEG + seen.error_deg:
                return Late(seen.view, seen.error_deg)
            return Shows(seen.view, seen.error_deg + _zoom_apart_deg(seen.view, claimed))
        beyond_deg = apart_deg(seen.view, claimed.view) + max(0.0, seen.error_deg - STEADY_ERROR_DEG)
        covered_deg = COVERED_DEG + COVERED_SHARE * seen.view.hfov_deg
        return Agrees(_stepped(beyond_deg) if beyond_deg > covered_deg else 0.0)

    def trusts_claim(self) -> bool:
        """Nothing speaks against the status: where it says the camera stands, the picture may be taken to show."""
        return self.doubt == "none" and not self.must_be_placed

    def has_arrived(self, at_us: int) -> bool:
        """Picture and status stand, and the status has told of every movement of the picture."""
        if self._standing_since_us is None:
            return False
        return at_us - self._standing_since_us > self.late_us or self._has_followed(at_us, slack_us=0)

    def _has_followed(self, at_us: int, slack_us: int) -> bool:
        """The status has told of the picture's last movement, not only of one before: it began with it, or would have
        begun by now."""
        picture, claim = self._picture_moved, self._claim_moved
        if picture.began_us is None or picture.ended_us is None:
            return True
        if claim.began_us is None or claim.ended_us is None:
            return False
        began = claim.began_us >= picture.began_us - TOGETHER_US or at_us > picture.began_us + self.late_us
        return began and claim.ended_us >= picture.ended_us - slack_us

    def _note(self, seen: Sighting, claimed: PoseEstimate, *, claim_moved: bool, claim_stands: bool) -> None:
        if self._leapt(seen.at_us, claimed.view):
            self._doubt("wrong")
        self._claim_speed_deg_s = self._speed_deg_s(seen.at_us, claimed.view)
        self._last_claim = (seen.at_us, claimed.view)
        if claim_moved or _is_moving(claimed):
            self._claim_moved.note(seen.at_us, _CLAIM_PAUSE_US)
        if seen.motion in ("turned", "lost"):
            self._picture_moved.note(seen.at_us, _PAUSE_US)
        if self._claimed is None or claim_moved:
            self._claimed = claimed.view
        stands = claim_stands and seen.motion == "still"
        self._standing_since_us = (self._standing_since_us or seen.at_us) if stands else None

    def _leapt(self, at_us: int, view: ViewDeg) -> bool:
        if self._last_claim is None:
            return False
        way_deg = angle_between_deg(self._last_claim[1], view)
        return way_deg > LEAP_DEG + MAX_SPEED_DEG_S * (at_us - self._last_claim[0]) / US_PER_SECOND

    def _speed_deg_s(self, at_us: int, view: ViewDeg) -> float:
        if self._last_claim is None or at_us <= self._last_claim[0]:
            return 0.0
        return apart_deg(self._last_claim[1], view) * US_PER_SECOND / (at_us - self._last_claim[0])

    def _believe(self) -> None:
        self.doubt = "none"

    def _unseen(self, seen: Sighting, *, claim_stands: bool) -> Verdict:
        """The picture moved in a way that could not be followed, or shows nothing."""
        if self.doubt == "none":
            against = seen.motion == "turned" if claim_stands else seen.motion == "still"
            if not against and seen.motion != "lost":
                return Agrees(_stepped(self._claim_speed_deg_s * self.late_us / US_PER_SECOND))
            self._doubt("late")
        if self.doubt == "late" and self._has_settled(seen.at_us):
            self._believe()
            return Agrees()
        return Contradicts("picture-lost", "the picture and the camera's position do not move together")

    def _has_settled(self, at_us: int) -> bool:
        """Both moved, stopped one after the other as a late status does, and have stood since."""
        if self._standing_since_us is None or at_us - self._standing_since_us < SETTLED_US:
            return False
        picture_us, claim_us = self._picture_moved.ended_us, self._claim_moved.ended_us
        if picture_us is None or claim_us is None or claim_us - picture_us > self.late_us:
            return False
        return self._has_followed(at_us, slack_us=TOGETHER_US)

    def _differs(self, seen: Sighting, view: ViewDeg, claimed: PoseEstimate, *, agrees: bool) -> Verdict:
        recent = [then for at_us, then in self._history if seen.at_us - at_us <= self.late_us]
        late = agrees or any(_passed(before, after, seen.error_deg, claimed) for before, after in pairwise(recent))
        if late and self.doubt != "wrong":
            self._doubt("late")
            return Shows(view, seen.error_deg) if seen.vouched else Late(view, seen.error_deg)
        self._doubt("wrong")
        gap_deg = angle_between_deg(view, claimed.view)
        return Contradicts(
            "picture-disagrees",
            f"the picture shows another direction than the camera tells: {gap_deg:.1f} degrees apart",
        )

    def _doubt(self, doubt: Doubt) -> None:
        if self.doubt != "wrong":
            self.doubt = doubt


def _stepped(growth_deg: float) -> float:
    """In steps: masks that change from picture to picture cost, and look like movement."""
    return math.ceil(growth_deg / GROW_STEP_DEG) * GROW_STEP_DEG


def _is_moving(claimed: PoseEstimate) -> bool:
    return claimed.growth_deg > 0 or claimed.hfov_high_deg > claimed.hfov_low_deg


def is_same(seen: ViewDeg, error_deg: float, claimed: PoseEstimate) -> bool:
    """What is claimed, within its doubt and that of what is seen."""
    if angle_between_deg(seen, claimed.view) > claimed.growth_deg + error_deg + AGREE_DEG:
        return False
    slack = 1 + AGREE_ZOOM_SHARE
    return claimed.hfov_low_deg / slack <= seen.hfov_deg <= claimed.hfov_high_deg * slack


def _zoom_apart_deg(seen: ViewDeg, claimed: PoseEstimate) -> float:
    """How far off a corner of the picture would be at the nearest zoom that is claimed."""
    nearest_deg = min(max(seen.hfov_deg, claimed.hfov_low_deg), claimed.hfov_high_deg)
    return apart_deg(seen, replace(seen, hfov_deg=nearest_deg))


def _passed(before: ViewDeg, after: ViewDeg, error_deg: float, claimed: PoseEstimate) -> bool:
    """What is claimed lies on the way between two pictures."""
    if is_same(before, error_deg, claimed) or is_same(after, error_deg, claimed):
        return True
    way_deg = angle_between_deg(before, claimed.view) + angle_between_deg(claimed.view, after)
    detour_deg = way_deg - angle_between_deg(before, after)
    slack = 1 + AGREE_ZOOM_SHARE
    low, high = sorted((before.hfov_deg, after.hfov_deg))
    zoom_fits = low / slack <= claimed.view.hfov_deg <= high * slack
    return zoom_fits and detour_deg <= 2 * (claimed.growth_deg + error_deg + AGREE_DEG)
