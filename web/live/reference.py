"""A camera's surroundings as keypoints with their directions: any picture can be placed among them.

Made from pictures whose direction is known (calibration, or views that status and picture agreed on). It holds no
pixels: per keypoint a direction, a size and 256 comparisons of grey values round it (ORB).
"""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from vms.rules.picture_geometry import (
    aimed_anew,
    aimed_at,
    directions_of_pixels,
    focal_px,
    pixels_of_directions,
    unit_directions,
)
from vms.rules.placements import Placement, placement_document, placement_of_document
from vms.rules.ptz_geometry import Floats, FrameSize, ViewDeg, camera_axes, half_diagonal_tan
from web.live.registration import Grey, centre_of

Descriptors = npt.NDArray[np.uint8]

MAX_KEYPOINTS = 400_000
_WIDTHS = (320, 640, 1280)
_PER_PICTURE = 500
_LOOKED_FOR = 350
_FAST = 8
_RATIO = 0.85
_SAME_PLACE_DEG = 1.0
"""Two keypoints nearer than this are the same thing, seen twice: they do not make a match doubtful."""
_SIZE_RANGE = 2.0
"""A keypoint may look this much larger or smaller than it was."""
_TRIES = ((12.0, 10), (4.0, 12))
"""Reprojection threshold in pixels of the picture, and how many keypoints must agree: coarse, then fine."""
_FITS_PX, _FITS_LEAST, _FITS_STEPS = 2.0, 15, 3
"""In the end only pan, tilt and zoom are sought: a camera on a pole does not roll."""
_MAX_CANDIDATES = 2500
_MAX_HFOV_RATIO = 1.35
_VOTE_DEG = 8.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a picture was taken, by the picture. error_deg: of its worst corner. inliers: keypoints that agree."""

    view: ViewDeg
    error_deg: float
    inliers: int


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """pan_tilt_deg (n, 2), size_deg (n,): what they span on the sphere; descriptors (n, 32)."""

    pan_tilt_deg: npt.NDArray[np.float32]
    size_deg: npt.NDArray[np.float32]
    descriptors: Descriptors

    def __len__(self) -> int:
        return len(self.size_deg)


NOTHING = Keypoints(np.empty((0, 2), np.float32), np.empty(0, np.float32), np.empty((0, 32), np.uint8))


def keypoints_of(grey: Grey, view: ViewDeg) -> list[Keypoints]:
    """Of a picture taken at `view`: as pictures of this field of view show it, and narrower ones."""
    found = []
    for width in _WIDTHS:
        if width <= grey.shape[1]:
            height = round(width * grey.shape[0] / grey.shape[1])
            smaller = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            found.append(_keypoints(smaller, view, _PER_PICTURE))
    return found


def _keypoints(grey: Grey, view: ViewDeg, most: int) -> Keypoints:
    pixels, sizes, descriptors = _detect(grey, most)
    if len(pixels) == 0:
        return NOTHING
    size = FrameSize(grey.shape[1], grey.shape[0])
    directions = directions_of_pixels(view, pixels, size)
    return Keypoints(
        directions.astype(np.float32), (sizes * np.degrees(1 / focal_px(view, size))).astype(np.float32), descriptors
    )


class Reference:
    """Immutable but for `add`; one thread each, or add no more."""

    def __init__(self, keypoints: Iterable[Keypoints] = ()) -> None:
        self.status_lag_ms: float | None = None
        """How late the camera's status is, when that was measured."""
        self.placement: Placement | None = None
        """Where the camera hung when they were made; None: that was not noted."""
        self._set(list(keypoints))

    def __len__(self) -> int:
        return len(self.points)

    def add(self, keypoints: Keypoints) -> None:
        if len(self.points) + len(keypoints) <= MAX_KEYPOINTS:
            self._set([self.points, keypoints])

    def join(self, other: "Reference") -> None:
        """Its keypoints too, as many as there is room for."""
        self.add(other.points)

    def place(self, grey: Grey, hint: ViewDeg, *, everywhere: bool = False) -> Placed | None:
        """Where `grey` was taken. hint: where to look first; its field of view is to be right within a third.

        everywhere: look in all directions when it is not there. None: cannot be told.
        """
        if not len(self.points):
            return None
        pixels, sizes, descriptors = _detect(grey, _LOOKED_FOR)
        if len(pixels) < _TRIES[0][1]:
            return None
        seen = _Seen(pixels, sizes, descriptors, FrameSize(grey.shape[1], grey.shape[0]))
        found = self._place(seen, hint, self._near(hint, seen.size))
        if found is not None or not everywhere:
            return found
        return self._place_anywhere(seen, hint)

    def content(self) -> bytes:
        buffer = io.BytesIO()
        points = self.points
        lag_ms = np.nan if self.status_lag_ms is None else self.status_lag_ms
        np.savez(
            buffer,
            pan_tilt_deg=points.pan_tilt_deg,
            size_deg=points.size_deg,
            descriptors=points.descriptors,
            lag_ms=lag_ms,
            placement=json.dumps(placement_document(self.placement)),
        )
        return buffer.getvalue()

    @staticmethod
    def of_content(content: bytes) -> "Reference":
        """Raises ValueError."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                lag_ms = float(file["lag_ms"])
                found = Keypoints(file["pan_tilt_deg"], file["size_deg"], file["descriptors"])
                placed = json.loads(str(file["placement"])) if "placement" in file else None
        except (KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError("no reference") from error
        count = len(found)
        shapes = (found.pan_tilt_deg.shape, found.size_deg.shape, found.descriptors.shape)
        if shapes != ((count, 2), (count,), (count, 32)) or count > MAX_KEYPOINTS:
            raise ValueError("the reference is damaged")
        reference = Reference([found])
        reference.status_lag_ms = None if np.isnan(lag_ms) else lag_ms
        reference.placement = placement_of_document(placed)
        return reference

    def _set(self, parts: list[Keypoints]) -> None:
        parts = parts or [NOTHING]
        self.points = Keypoints(
            np.concatenate([part.pan_tilt_deg for part in parts]),
            np.concatenate([part.size_deg for part in parts]),
            np.concatenate([part.descriptors for part in parts]),
        )
        self._directions = unit_directions(self.points.pan_tilt_deg.astype(np.float64))

    def _near(self, hint: ViewDeg, size: FrameSize) -> npt.NDArray[np.bool_]:
        """In the picture, and a third of it beyond."""
        forward = camera_axes(hint)[2]
        reach = np.arctan(half_diagonal_tan(hint.hfov_deg, size)) * 1.33
        return np.asarray(self._directions @ forward > np.cos(min(reach, np.pi)))

    def _place(self, seen: "_Seen", hint: ViewDeg, among: npt.NDArray[np.bool_]) -> Placed | None:
        matches = self._matches(seen, hint, among)
        if matches is None:
            return None
        pixels, directions = matches
        view: ViewDeg | None = hint
        for threshold_px, least in _TRIES:
            view = None if view is None else _refined(view, pixels, directions, seen.size, threshold_px, least)
        placed = None if view is None else _fitted(view, pixels, directions, seen.size)
        if placed is None or not 1 / _MAX_HFOV_RATIO < placed.view.hfov_deg / hint.hfov_deg < _MAX_HFOV_RATIO:
            return None
        return placed

    def _place_anywhere(self, seen: "_Seen", hint: ViewDeg) -> Placed | None:
        """Most matches point to one place: there the search begins anew."""
        everything = np.ones(len(self.points), np.bool_)
        matches = self._matches(seen, hint, everything, limited=False)
        if matches is None:
            return None
        pixels, directions = matches
        offsets = directions_of_pixels(ViewDeg(0.0, 0.0, hint.hfov_deg), pixels, seen.size)
        pan = np.degrees(np.arctan2(directions[:, 0], directions[:, 2])) - offsets[:, 0]
        tilt = np.degrees(np.arcsin(np.clip(directions[:, 1], -1, 1))) - offsets[:, 1]
        near = np.abs((pan[:, None] - pan[None, :] + 180) % 360 - 180) < _VOTE_DEG
        near &= np.abs(tilt[:, None] - tilt[None, :]) < _VOTE_DEG
        votes = near.sum(axis=1)
        best = int(votes.argmax())
        if votes[best] < _TRIES[0][1]:
            return None
        view = ViewDeg(float(pan[best]), float(np.clip(np.median(tilt[near[best]]), -89, 89)), hint.hfov_deg)
        return self._place(seen, view, self._near(view, seen.size))

    def _matches(
        self, seen: "_Seen", hint: ViewDeg, among: npt.NDArray[np.bool_], *, limited: bool = True
    ) -> tuple[Floats, Floats] | None:
        """(pixels, directions) of what looks alike and unlike anything elsewhere."""
        sizes_deg = seen.sizes * np.degrees(1 / focal_px(hint, seen.size))
        known = self.points.size_deg
        fits = among & (known < sizes_deg.max() * _SIZE_RANGE) & (known > sizes_deg.min() / _SIZE_RANGE)
        chosen = np.flatnonzero(fits)
        if limited and len(chosen) > _MAX_CANDIDATES:
            chosen = chosen[:: len(chosen) // _MAX_CANDIDATES + 1]
        if len(chosen) < _TRIES[0][1]:
            return None
        pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(seen.descriptors, self.points.descriptors[chosen], k=3)
        at = self._directions[chosen]
        same = np.cos(np.radians(_SAME_PLACE_DEG))
        kept: list[tuple[int, int]] = []
        for first, *others in pairs:
            rival = next((o for o in others if at[o.trainIdx] @ at[first.trainIdx] < same), None)
            alike = 1 / _SIZE_RANGE < known[chosen[first.trainIdx]] / sizes_deg[first.queryIdx] < _SIZE_RANGE
            if alike and (rival is None or first.distance < _RATIO * rival.distance):
                kept.append((first.queryIdx, first.trainIdx))
        if len(kept) < _TRIES[0][1]:
            return None
        query, train = np.array(kept).T
        return seen.pixels[query], at[train]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    pixels: Floats
    sizes: Floats
    descriptors: Descriptors
    size: FrameSize


def _detect(grey: Grey, most: int) -> tuple[Floats, Floats, Descriptors]:
    orb = cv2.ORB.create(nfeatures=most, scaleFactor=1.25, nlevels=6, fastThreshold=_FAST, edgeThreshold=20)
    found, descriptors = orb.detectAndCompute(grey, _unwritten(grey.shape[0], grey.shape[1]))
    if not found:
        return np.empty((0, 2)), np.empty(0), np.empty((0, 32), np.uint8)
    pixels = np.array([point.pt for point in found], np.float64) + 0.5
    return pixels, np.array([point.size for point in found], np.float64), np.asarray(descriptors, np.uint8)


def _unwritten(height: int, width: int) -> Grey:
    """Without the edges where cameras burn in names and clocks."""
    mask = np.zeros((height, width), np.uint8)
    mask[round(height * 0.16) : round(height * 0.92)] = 255
    return mask


def _refined(
    view: ViewDeg, pixels: Floats, directions: Floats, size: FrameSize, threshold_px: float, least: int
) -> ViewDeg | None:
    """One step towards the view at which the keypoints lie where they are seen."""
    expected = pixels_of_directions(view, directions, size)
    ahead = np.isfinite(expected).all(axis=1)
    if ahead.sum() < least:
        return None
    matrix, inliers = cv2.estimateAffinePartial2D(
        expected[ahead], pixels[ahead], method=cv2.RANSAC, ransacReprojThreshold=threshold_px, maxIters=500
    )
    if matrix is None or inliers.sum() < least:
        return None
    centre = centre_of(np.asarray(matrix, np.float64), size, float(size.width))
    return None if centre is None else aimed_at(view, *centre, size)


def _fitted(view: ViewDeg, pixels: Floats, directions: Floats, size: FrameSize) -> Placed | None:
    """The view at which those keypoints that lie where they are seen do so best; `view` is near it."""
    for _ in range(_FITS_STEPS):
        off_px = np.hypot(*(pixels_of_directions(view, directions, size) - pixels).T)
        fits = off_px < _FITS_PX
        if fits.sum() < _FITS_LEAST:
            return None
        view = aimed_anew(view, directions[fits], pixels[fits], size)
    error_px = _FITS_PX * _worst_corner(pixels[fits], size)
    return Placed(view, float(error_px * np.degrees(1 / focal_px(view, size))), int(fits.sum()))


def _worst_corner(pixels: Floats, size: FrameSize) -> float:
    """How unsure the picture's farthest corner is, as a share of what one keypoint is unsure by: keypoints on a heap
    say well where the heap is, and badly how large the picture is."""
    middle = pixels.mean(axis=0)
    corners = np.array([(x, y) for x in (0.0, size.width) for y in (0.0, size.height)])
    farthest = ((corners - middle) ** 2).sum(axis=1).max()
    return float(np.sqrt(1 / len(pixels) + farthest / ((pixels - middle) ** 2).sum()))
