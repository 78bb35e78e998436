"""The simulated street: a square at dusk round a camera pole, as the camera sees it, for every direction.

`Street` paints the whole sphere once (about a second, deterministic) as Y, U and V planes in equirectangular
projection, knows where every home window is (the privacy ground truth), and where people and cars are at a given
time. Immutable once made: any thread may read it. All cameras share the pole and hence the panorama.
"""

import itertools
import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator import street_ground as ground
from ingest.simulator.picture import Plane, resized
from ingest.simulator.street_facades import STRIP_HEIGHT_M, FacadePainter, brick_texture, build_houses
from ingest.simulator.street_figures import Sprite, blend, car, lamp, person, tree
from vms.units import US_PER_SECOND

PX_PER_DEG: Final = 24.0
TOP_TILT_DEG: Final = 40.0
BOTTOM_TILT_DEG: Final = -90.0
_FACADE_PX_PER_M = 50.0
_FACADE_MIN_TILT_DEG, _FACADE_MAX_TILT_DEG = -18.0, 26.0
_SEED = 151
_STRIDES = 8
_PEOPLE = 18
_CARS = 4
_STRIDE_M = 1.5


@dataclass(frozen=True, slots=True)
class WindowPolygon:
    """One window of a home. points: (pan, tilt) in degrees, clockwise from the top left, window frame included."""

    name: str
    points: tuple[tuple[float, float], ...]

    @property
    def centre(self) -> tuple[float, float]:
        return (
            sum(pan for pan, _ in self.points) / len(self.points),
            sum(tilt for _, tilt in self.points) / len(self.points),
        )


@dataclass(frozen=True, slots=True)
class Panorama:
    """Planes of a part of the sphere. left_deg, top_deg: direction of the top-left corner; chroma is half as fine."""

    y: Plane
    u: Plane
    v: Plane
    left_deg: float
    top_deg: float
    px_per_deg: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that stands on the ground at (x, y) metres. mirrored: heads left instead of right.

    moves: not part of the painted panorama.
    """

    sprite: Sprite
    x: float
    y: float
    mirrored: bool
    moves: bool = False


@dataclass(frozen=True, slots=True)
class _Walk:
    kind: int
    is_car: bool
    ring_scale: float
    speed_m_s: float
    start_m: float


class Street:
    """seed: the default is the demo's street; other seeds give other façades and walkers."""

    def __init__(self, seed: int = _SEED) -> None:
        cv2.setNumThreads(1)
        rng = np.random.default_rng(seed)
        self._houses = build_houses(rng, ground.WALL_LENGTHS_M)
        self._texture_seed = int(rng.integers(1 << 30))
        self._ground = ground.paint_ground(rng)
        clouds = cv2.GaussianBlur(rng.normal(0, 1.6, (14, 40)).astype(np.float32), (0, 0), 0.8)
        self._clouds = np.asarray(clouds, np.float32)
        self._static = self._place_static(rng)
        self._static_ground = _on_the_ground(self._static)
        self._people = [
            [person(kind, math.sin(2 * math.pi * step / _STRIDES)) for step in range(_STRIDES)] for kind in range(6)
        ]
        self._cars = [car(kind) for kind in range(4)]
        self._walks = _plan_walks(rng)
        self._starts_m = np.array([walk.start_m for walk in self._walks])
        self._speeds_m_s = np.array([walk.speed_m_s for walk in self._walks])
        self._rings = np.array([walk.ring_scale for walk in self._walks])
        self.panorama = self.paint(-180.0, 180.0, TOP_TILT_DEG, BOTTOM_TILT_DEG, PX_PER_DEG)
        self.half = _halved(self.panorama)

    def window_polygons(self) -> list[WindowPolygon]:
        """Every home window, by home: several polygons share one name."""
        found: list[WindowPolygon] = []
        for house in self._houses:
            for window in house.windows:
                corners = (
                    (window.u0, window.z1),
                    (window.u1, window.z1),
                    (window.u1, window.z0),
                    (window.u0, window.z0),
                )
                points = tuple(ground.direction_deg(*ground.wall_point(u), z) for u, z in corners)
                found.append(WindowPolygon(f"woning {house.number}", _unwrapped(points)))
        return found

    def home_names(self) -> list[str]:
        return list(dict.fromkeys(polygon.name for polygon in self.window_polygons()))

    def figures(self, at_us: int) -> list[Figure]:
        """People and cars at that time, the farthest first, and what stands between them and the camera.

        Depends on the time only.
        """
        moving = self._moving(at_us)
        hiding = itertools.compress(self._static, _hide_any(self._static_ground, _on_the_ground(moving)))
        return sorted((*moving, *hiding), key=lambda figure: -math.hypot(figure.x, figure.y))

    def paint(
        self, left_deg: float, right_deg: float, top_deg: float, bottom_deg: float, px_per_deg: float
    ) -> Panorama:
        """A part of the sphere at any scale (narrow views ask for detail). Standing things only."""
        width = round((right_deg - left_deg) * px_per_deg / 2) * 2
        height = round((top_deg - bottom_deg) * px_per_deg / 2) * 2
        pan = (left_deg + (np.arange(width, dtype=np.float32) + 0.5) / px_per_deg).astype(np.float32)
        tilt = (top_deg - (np.arange(height, dtype=np.float32) + 0.5) / px_per_deg).astype(np.float32)
        image = np.empty((height, width, 3), np.uint8)
        self._paint_sky_and_ground(image, pan, tilt)
        self._paint_facades(image, pan, tilt, px_per_deg)
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
        size = height * width
        y = planes[:size].reshape(height, width)
        u = planes[size : size * 5 // 4].reshape(height // 2, width // 2)
        v = planes[size * 5 // 4 :].reshape(height // 2, width // 2)
        part = Panorama(y, u, v, left_deg, top_deg, px_per_deg)
        for figure in self._static:
            _paint_standing(part, figure)
        return part

    def _paint_sky_and_ground(self, image: Plane, pan: ground.Floats, tilt: ground.Floats) -> None:
        horizon = int(np.count_nonzero(tilt > -3.0))
        if horizon:
            coarse_tilt, coarse_pan = tilt[:horizon][::4], pan[::4]
            sky = ground.paint_sky(coarse_pan, coarse_tilt, self._clouds)
            image[:horizon] = resized(sky, (len(pan), horizon), cv2.INTER_LINEAR)
        for top in range(horizon, len(tilt), 256):
            rows = tilt[top : top + 256]
            # Looking down, the pan's pixels crowd together: fewer columns carry the same picture.
            columns = pan if rows[0] > -40 else pan[::4]
            x, y = ground.ground_maps(columns, rows)
            painted = cv2.remap(self._ground, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            if len(columns) != len(pan):
                painted = cv2.resize(painted, (len(pan), len(rows)), interpolation=cv2.INTER_LINEAR)
            image[top : top + 256] = painted

    def _paint_facades(self, image: Plane, pan: ground.Floats, tilt: ground.Floats, px_per_deg: float) -> None:
        first = int(np.count_nonzero(tilt > _FACADE_MAX_TILT_DEG))
        last = int(np.count_nonzero(tilt > _FACADE_MIN_TILT_DEG))
        if first == last:
            return
        wrapped = ((pan + 180) % 360 - 180).astype(np.float32)
        along, distance = ground.wall_hits(wrapped)
        scale = _FACADE_PX_PER_M * max(1.0, px_per_deg / PX_PER_DEG)
        texture = brick_texture(np.random.default_rng(self._texture_seed), scale)
        # The strip is painted in pieces (bounded memory); a view may also straddle its ends.
        for columns in _runs(along, limit=max(64, int(1_500_000 / scale))):
            u0, u1 = float(along[columns].min()) - 0.5, float(along[columns].max()) + 0.5
            houses = [house for house in self._houses if house.u0 < u1 + 1 and house.u0 + house.width > u0 - 1]
            strip = FacadePainter(u0, u1, scale, texture).paint(houses)
            rows = slice(first, last)
            z = ground.CAMERA_HEIGHT_M + np.outer(np.tan(np.radians(tilt[rows])), distance[columns])
            y = ((STRIP_HEIGHT_M - z) * scale - 0.5).astype(np.float32)
            x = np.broadcast_to(((along[columns] - u0) * scale - 0.5).astype(np.float32), y.shape)
            layer = cv2.remap(strip, np.ascontiguousarray(x), y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
            _composite(image[rows, columns], np.asarray(layer, np.uint8))

    def _place_static(self, rng: np.random.Generator) -> list[Figure]:
        figures = [Figure(tree(rng), x, y, False) for x, y in ground.TREES_M]
        figures += [Figure(lamp(), x, y, False) for x, y in ground.LAMPS_M]
        return sorted(figures, key=lambda figure: -math.hypot(figure.x, figure.y))

    def _moving(self, at_us: int) -> list[Figure]:
        walks = self._walks
        travelled = self._speeds_m_s * ((at_us % (86_400 * US_PER_SECOND)) / US_PER_SECOND)
        xs, ys = ground.wall_points((self._starts_m + travelled / self._rings) % ground.AROUND_M)
        places = zip(
            walks, np.abs(travelled).tolist(), (xs * self._rings).tolist(), (ys * self._rings).tolist(), strict=True
        )
        return [
            Figure(self._sprite(walk, metres), x, y, walk.speed_m_s < 0, moves=True) for walk, metres, x, y in places
        ]

    def _sprite(self, walk: _Walk, travelled_m: float) -> Sprite:
        if walk.is_car:
            return self._cars[walk.kind % len(self._cars)]
        return self._people[walk.kind % len(self._people)][int(travelled_m / _STRIDE_M * _STRIDES) % _STRIDES]


def _plan_walks(rng: np.random.Generator) -> list[_Walk]:
    around = ground.AROUND_M
    walks = [
        _Walk(
            index,
            False,
            float(rng.choice((0.42, 0.5, 0.57, 0.92, 0.94))),
            float(rng.uniform(0.9, 1.6)) * (1 if index % 2 else -1),
            around * index / _PEOPLE + float(rng.uniform(0, 8)),
        )
        for index in range(_PEOPLE)
    ]
    for index in range(_CARS):
        right = index % 2 == 0
        lane = 0.80 if right else 0.72
        walks.append(_Walk(index, True, lane, 6.2 if right else -5.4, around * index / _CARS))
    return walks


def _unwrapped(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """A polygon across pan ±180 keeps its shape: its pans then pass 180."""
    first = points[0][0]
    return tuple((first + (pan - first + 180) % 360 - 180, tilt) for pan, tilt in points)


def _runs(along: npt.NDArray[np.float64], limit: int) -> list[slice]:
    """Column ranges in which u rises steadily and spans at most `limit` metres' worth of pixels."""
    slices: list[slice] = []
    start = 0
    metres = limit / 48
    for column in range(1, len(along) + 1):
        ends = column == len(along) or along[column] < along[column - 1] or along[column] - along[start] > metres
        if ends:
            slices.append(slice(start, column))
            start = column
    return slices


def _composite(target: Plane, layer: Plane) -> None:
    color, alpha = layer[:, :, :3], layer[:, :, 3]
    opaque = alpha == 255
    cv2.copyTo(color, opaque.astype(np.uint8), target)
    rows, columns = np.nonzero((alpha > 0) & ~opaque)
    share = alpha[rows, columns, None].astype(np.float32) / 255
    # The strip's edge pixels are not premultiplied by their coverage: interpolation darkens them, as a rim.
    target[rows, columns] = (target[rows, columns] * (1 - share) + color[rows, columns]).clip(0, 255).astype(np.uint8)


def _halved(panorama: Panorama) -> Panorama:
    y, u, v = (
        resized(plane, (plane.shape[1] // 2, plane.shape[0] // 2)) for plane in (panorama.y, panorama.u, panorama.v)
    )
    return Panorama(y, u, v, panorama.left_deg, panorama.top_deg, panorama.px_per_deg / 2)


def _on_the_ground(figures: list[Figure]) -> npt.NDArray[np.float64]:
    """Rows of x, y, distance, half a width (metres), one column per figure."""
    places = [(it.x, it.y, math.hypot(it.x, it.y), it.sprite.width_m / 2) for it in figures]
    return np.array(places, np.float64).T


def _hide_any(still: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> list[bool]:
    """For each standing thing, whether it is nearer than any of the others, in about the same direction."""
    x, y, near, half = (row[:, None] for row in still)
    other_x, other_y, far, other_half = others
    aside = np.abs(x * other_y - y * other_x) < (half + other_half) * far
    hides = (near < far) & aside & (x * other_x + y * other_y > 0)
    hidden: list[bool] = hides.any(axis=1).tolist()
    return hidden


def _paint_standing(part: Panorama, figure: Figure) -> None:
    distance = math.hypot(figure.x, figure.y)
    pan, foot = ground.direction_deg(figure.x, figure.y, 0)
    _, head = ground.direction_deg(figure.x, figure.y, figure.sprite.height_m)
    half = math.degrees(math.atan2(figure.sprite.width_m / 2, distance))
    for turn in (-360.0, 0.0, 360.0):
        left = (pan + turn - half - part.left_deg) * part.px_per_deg
        right = (pan + turn + half - part.left_deg) * part.px_per_deg
        top, bottom = (part.top_deg - head) * part.px_per_deg, (part.top_deg - foot) * part.px_per_deg
        blend((part.y, part.u, part.v), figure.sprite, ((left, top), (right, top), (left, bottom)))
