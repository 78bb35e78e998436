"""Follows the pictures of one turning camera and tells, per picture, whether they bear out its status.

One instance per line of pictures and thread. At rest a picture costs a comparison with one of before; while the
camera turns, following some points; placing a picture in the known surroundings is for when that is not enough.
"""

import math
from dataclasses import dataclass
from typing import Literal

from vms.rules.picture_geometry import (
    aimed_at,
    carried,
    directions_of_pixels,
    focal_px,
    pixels_of_directions,
    unit_directions,
)
from vms.rules.pose_at import PoseEstimate
from vms.rules.ptz_geometry import FrameSize, ViewDeg, angle_between_deg, apart_deg
from vms.rules.witness import (
    LATE_SLACK_US,
    LATE_US,
    MAX_ERROR_DEG,
    TIGHT_DEG,
    VAGUE_DEG,
    Agrees,
    Hearing,
    Motion,
    Sighting,
    Verdict,
    is_same,
)
from web.live.reference import Placed, Reference, keypoints_of
from web.live.registration import Grey, Moved, Shrunk, Still, Turn, bears_out, shrink, turned

STILL_PX = 0.5
STILL_MAGNIFIED = 0.004
"""A picture that moved less than this, in fine pixels and as a share, stands."""
_HARDLY_PX, _HARDLY_MAGNIFIED = 2.0, 0.015
_STEADY_ERROR_DEG = 0.1
_CHAIN_SHARE = 0.015
"""Following adds this share of the way to the error."""
_CHAIN_PX = 0.05
_LEAP, _LEAP_SHARE = 0.06, 0.08
"""Of a step further than this share of the field of view the zoom is told badly: as far as this share of the step."""
_BREAK_US = 1_000_000
"""Pictures further apart than this do not join."""
PLACE_AT_REST_US = 10_000_000
PLACE_AGAIN_US = 250_000
_STRAYED_DEG = (0.2, 0.5)
"""A picture that was followed so far is placed anew: once it stands, and on its way."""
_OTHERWISE_DEG, _OTHERWISE_SHARE = 0.25, 0.01
_BY_FAR = 0.3
_MIN_INLIERS = 24
_LEARN_SHARE = 0.3
_MAX_LEARNED = 24


@dataclass(frozen=True, slots=True, eq=False)
class _Anchor:
    """A picture taken at a direction that was believed, as near as error_deg."""

    still: Still
    view: ViewDeg
    error_deg: float


class PictureWitness:
    """judge() per picture, in order of time: the stream's own, which is even where arrival is not.

    reference: from calibration; None: learned from what status and picture agreed on, which finds a direction again
    but cannot tell a status that was wrong from the start.
    """

    def __init__(self, reference: Reference | None = None, *, must_be_placed: bool = True) -> None:
        self._known = Reference() if reference is None else reference
        self._learns = reference is None
        self._must_be_placed = must_be_placed and reference is not None
        lag_ms = self._known.status_lag_ms
        self._late_us = LATE_US if lag_ms is None else round(max(lag_ms, 0.0) * 1000) + LATE_SLACK_US
        self._learned: list[ViewDeg] = []
        self._hearing = Hearing()
        self._before: Shrunk | None = None
        self._claimed: ViewDeg | None = None
        self._at_us = 0
        self._anchor: _Anchor | None = None
        self._on_anchor = False
        self._view: ViewDeg | None = None
        self._error_deg = 0.0
        self._last_px = (0.0, 0.0)
        self._tried_us: int | None = None
        self._placed_us: int | None = None
        self._wary = True
        self._vouched = False
        self._was_whole = True
        self._last_view: ViewDeg | None = None
        self._begin()

    def judge(self, luma: Grey, at_us: int, claimed: PoseEstimate, *, is_whole: bool = True) -> Verdict:
        """is_whole: False when something it is built on never came. A decoder fills in from before: such a picture is
        only asked whether it still shows what was seen at rest."""
        if self._before is not None and not 0 <= at_us - self._at_us <= _BREAK_US:
            self._begin()
        picture = shrink(luma)
        before = self._view
        sure = before if self._vouched and self._was_whole else None
        motion = self._follow(picture, is_whole=is_whole)
        if not is_whole and claimed.growth_deg > 0:
            motion, self._view = "lost", None
        strays = self._strays(before, claimed.view, motion)
        found = self._place(picture, at_us, claimed, motion, strays=strays) if is_whole else None
        placed = None
        if found is not None:
            joins = self._joins(sure, picture, found)
            choice = "placed" if joins else self._choice(found, claimed)
            if choice == "placed":
                placed = self._confirmed(found, claimed, joins=joins)
            elif choice == "neither":
                motion, self._view, self._vouched = "lost", None, False
        self._vouched = self._vouched and (placed is not None or not strays)
        if placed is not None:
            self._move_to(placed)
        vouched = self._vouched and self._view is not None
        sighting = Sighting(at_us, motion, self._view, self._error_deg, placed is not None, vouched)
        verdict = self._hearing.hear(sighting, claimed)
        if is_whole:
            self._remember(picture, sighting, claimed, verdict)
        self._was_whole = is_whole
        self._before, self._at_us, self._last_view = picture, at_us, self._view or self._last_view
        self._claimed = claimed.view
        self._wary = not isinstance(verdict, Agrees)
        return verdict

    def _begin(self) -> None:
        """A new line of pictures: what was seen before says nothing about it."""
        self._hearing = Hearing(must_be_placed=self._must_be_placed, late_us=self._late_us)
        self._before = self._claimed = self._anchor = self._view = self._last_view = None
        self._tried_us = self._placed_us = None
        self._vouched = False
        self._last_px, self._wary = (0.0, 0.0), True

    def _follow(self, picture: Shrunk, *, is_whole: bool) -> Motion:
        self._on_anchor = False
        if self._before is None:
            return "unclear"
        anchor = self._anchor
        reading = None if anchor is None else anchor.still.read(picture)
        if anchor is not None and reading is not None and reading.answer == "still":
            centre = (picture.size.width / 2 - reading.shift_px[0], picture.size.height / 2 - reading.shift_px[1])
            self._view = aimed_at(anchor.view, centre, 1.0, picture.size)
            self._error_deg, self._last_px = anchor.error_deg, (0.0, 0.0)
            self._on_anchor = True
            return "still"
        if is_whole and self._was_whole:
            return self._turn(self._before, picture, is_blind=reading is not None and reading.answer == "unclear")
        self._view, self._last_px = None, (0.0, 0.0)
        return "lost"

    def _turn(self, before: Shrunk, picture: Shrunk, *, is_blind: bool) -> Motion:
        """is_blind: the picture that was believed last shows too little to compare this one with."""
        turn = turned(before, picture, self._last_px)
        if turn is None:
            self._last_px = (0.0, 0.0)
            is_dim = not (Still(before).tells or Still(picture).tells)
            self._view = self._view if is_blind and is_dim else None
            return "unclear" if is_dim else "lost"
        middle = (picture.size.width / 2, picture.size.height / 2)
        self._last_px = (middle[0] - turn.centre_px[0], middle[1] - turn.centre_px[1])
        self._carry(turn, picture.size)
        way_px = math.hypot(*self._last_px)
        if way_px < STILL_PX and abs(turn.magnified - 1) < STILL_MAGNIFIED:
            return "still"
        hardly = way_px < _HARDLY_PX and abs(turn.magnified - 1) < _HARDLY_MAGNIFIED
        return "still" if hardly and self._stands(before, picture) else "turned"

    @staticmethod
    def _stands(before: Shrunk, picture: Shrunk) -> bool:
        """Points seem to jump when a keyframe sharpens the picture; blocks do not."""
        reading = Still(before).read(picture)
        return reading.answer == "still" and math.hypot(*reading.shift_px) < STILL_PX

    def _carry(self, turn: Turn, size: FrameSize) -> None:
        """The direction of the picture before, and the way since."""
        if self._view is None:
            return
        view = carried(self._view, turn.before_px, turn.now_px, size)
        way_deg = apart_deg(view, self._view)
        self._view = view
        if way_deg > _px_deg(view, size) * STILL_PX:
            share = _LEAP_SHARE if way_deg > _LEAP * view.hfov_deg else _CHAIN_SHARE
            self._error_deg += share * way_deg + _CHAIN_PX * _px_deg(view, size)
        if self._error_deg > MAX_ERROR_DEG:
            self._view = None

    def _strays(self, before: ViewDeg | None, claimed: ViewDeg, motion: Motion) -> bool:
        """The picture turned otherwise than the status. That may be late; or a car that fills the picture was followed,
        or a turn that was too far for it found something alike nearby. A little of it adds to the error."""
        if before is None or self._view is None or self._claimed is None or self._on_anchor:
            return False
        pan_deg = before.pan_deg + claimed.pan_deg - self._claimed.pan_deg
        tilt_deg = before.tilt_deg + claimed.tilt_deg - self._claimed.tilt_deg
        told = ViewDeg(pan_deg, tilt_deg, before.hfov_deg * claimed.hfov_deg / self._claimed.hfov_deg)
        otherwise_deg = apart_deg(told, self._view)
        if motion == "turned" and otherwise_deg > max(_OTHERWISE_DEG, _OTHERWISE_SHARE * self._view.hfov_deg):
            return True
        if claimed == self._claimed:
            self._error_deg += otherwise_deg
        return False

    def _place(
        self, picture: Shrunk, at_us: int, claimed: PoseEstimate, motion: Motion, *, strays: bool
    ) -> Placed | None:
        if not self._is_due(at_us, motion, strays=strays):
            return None
        self._tried_us = at_us
        found = self._known.place(picture.fine, self._view or claimed.view)
        if found is None and (self._view or self._last_view) is not None:
            hint = claimed.view if self._view is not None else self._last_view
            found = None if hint is None else self._known.place(picture.fine, hint)
        if found is None or found.inliers < _MIN_INLIERS or found.error_deg > TIGHT_DEG:
            return None
        self._placed_us = at_us
        return found

    def _joins(self, before: ViewDeg | None, picture: Shrunk, placed: Placed) -> bool:
        """The way arrives there: what was followed does; or, where nothing could be followed, the picture before, whose
        direction was sure, lies on this one as the placement has it."""
        if self._view is not None:
            return self._vouched and self._is_there(placed, self._view)
        if before is None or self._before is None:
            return False
        return bears_out(self._before, picture, _moved(before, placed.view, picture.size))

    def _is_there(self, placed: Placed, view: ViewDeg) -> bool:
        return apart_deg(placed.view, view) <= placed.error_deg + _STEADY_ERROR_DEG + self._error_deg

    def _choice(self, placed: Placed, claimed: PoseEstimate) -> Literal["placed", "followed", "neither"]:
        """What was followed leads elsewhere than to this placement, and the status could mean either: one of them saw a
        neighbour that looks alike, or a car. Only what is by far nearer to the status is believed."""
        if not self._vouched or self._view is None or claimed.growth_deg > VAGUE_DEG:
            return "placed"
        error_deg = placed.error_deg + _STEADY_ERROR_DEG
        if not (is_same(placed.view, error_deg, claimed) and is_same(self._view, self._error_deg, claimed)):
            return "placed"
        placed_off_deg, followed_off_deg = (apart_deg(view, claimed.view) for view in (placed.view, self._view))
        if placed_off_deg < _BY_FAR * followed_off_deg:
            return "placed"
        return "followed" if followed_off_deg < _BY_FAR * placed_off_deg else "neither"

    def _confirmed(self, placed: Placed, claimed: PoseEstimate, *, joins: bool) -> Placed | None:
        """Paving looks alike in many places and sizes: a placement that neither the way since the last picture nor the
        status bears out is nothing where those two agree, and where they do not it vouches for nothing. The way counts
        from a placement on that was vouched for: what was taken from the status says nothing about it."""
        tells = claimed.growth_deg <= VAGUE_DEG
        borne_out = joins or (tells and is_same(placed.view, placed.error_deg + _STEADY_ERROR_DEG, claimed))
        followed = self._view if self._vouched else None
        if not borne_out and tells and followed is not None and is_same(followed, self._error_deg, claimed):
            return None
        self._vouched = borne_out and not self._learns
        return placed

    def _move_to(self, placed: Placed) -> None:
        """What stood for another direction is no anchor any more."""
        error_deg = placed.error_deg + _STEADY_ERROR_DEG
        if self._view is not None and apart_deg(placed.view, self._view) > error_deg + self._error_deg:
            self._anchor = None
        self._view, self._error_deg = placed.view, error_deg

    def _is_due(self, at_us: int, motion: Motion, *, strays: bool) -> bool:
        if not len(self._known):
            return False
        strayed = self._error_deg > _STRAYED_DEG[motion == "turned"]
        if motion == "lost" or strays or (motion == "turned" and strayed):
            return True
        urgent = self._placed_us is None or self._wary or self._view is None or strayed
        pause_us = PLACE_AGAIN_US if urgent else PLACE_AT_REST_US
        since_us = self._tried_us if urgent else self._placed_us
        return since_us is None or at_us - since_us >= pause_us

    def _remember(self, picture: Shrunk, seen: Sighting, claimed: PoseEstimate, verdict: Verdict) -> None:
        """Where picture and status agree, later pictures are compared with this one."""
        if not isinstance(verdict, Agrees) or not self._hearing.trusts_claim():
            return
        if claimed.growth_deg > 0 or self._on_anchor or not self._hearing.has_arrived(seen.at_us):
            return
        if not seen.placed or seen.error_deg > _STRAYED_DEG[False]:
            # Where they agree, the status is nearer than what was followed so far or recognised in a spot.
            self._view, self._error_deg = claimed.view, _STEADY_ERROR_DEG
            self._vouched = self._vouched and seen.placed
            self._placed_us = self._placed_us if seen.placed else None
        if self._view is not None:
            self._anchor = _Anchor(Still(picture), self._view, self._error_deg)
            self._learn(picture, self._view)

    def _learn(self, picture: Shrunk, view: ViewDeg) -> None:
        if not self._learns or len(self._learned) >= _MAX_LEARNED:
            return
        near = (angle_between_deg(view, known) < _LEARN_SHARE * view.hfov_deg for known in self._learned)
        similar = (0.8 < view.hfov_deg / known.hfov_deg < 1.25 for known in self._learned)
        if any(is_near and is_similar for is_near, is_similar in zip(near, similar, strict=True)):
            return
        self._learned.append(view)
        for keypoints in keypoints_of(picture.fine, view):
            self._known.add(keypoints)


def _moved(before: ViewDeg, now: ViewDeg, size: FrameSize) -> Moved:
    return lambda pixels: pixels_of_directions(now, unit_directions(directions_of_pixels(before, pixels, size)), size)


def _px_deg(view: ViewDeg, size: FrameSize) -> float:
    return math.degrees(1 / focal_px(view, size))
