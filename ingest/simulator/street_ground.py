"""Geometry of the simulated square, its pavement and its sky. Pure.

x = metres east, y = metres north of the camera's pole, z = metres above the ground; pan 0 looks north, 90 east.
"""

import bisect

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.street_facades import Image

Floats = npt.NDArray[np.float32]

CAMERA_HEIGHT_M = 6.0
CORNERS_M = np.array(
    ((-44, 21), (-16, 27), (16, 25), (44, 18), (52, -8), (36, -30), (-2, -34), (-38, -27), (-52, -4)), np.float64
)
"""Corners of the square, clockwise: a convex ring of façades, so that no wall hides another."""
WALLS_M = np.roll(CORNERS_M, -1, axis=0) - CORNERS_M
WALL_LENGTHS_M: list[float] = np.hypot(WALLS_M[:, 0], WALLS_M[:, 1]).tolist()
_LENGTHS_M = np.array(WALL_LENGTHS_M)
WALL_STARTS_M = np.concatenate(((0.0,), np.cumsum(WALL_LENGTHS_M)[:-1]))
_STARTS: list[float] = WALL_STARTS_M.tolist()
_CORNERS: list[list[float]] = CORNERS_M.tolist()
_WALLS: list[list[float]] = WALLS_M.tolist()
AROUND_M = sum(WALL_LENGTHS_M)
PAVEMENT_SCALE, ROAD_SCALE = 0.88, 0.66
GROUND_PX_PER_M = 20.0
_HALF_X_M, _HALF_Y_M = 55.0, 38.0
LAMPS_M = ((-24.0, 12.5), (0.0, 15.0), (24.0, 12.0), (29.0, -9.0), (10.0, -19.5), (-14.0, -18.5), (-29.0, -7.0))
TREES_M = ((-15.0, 13.5), (10.5, 13.8), (21.0, -12.5), (-3.0, -19.0), (-24.0, -12.0), (-30.0, 4.0))


def wall_hits(pan_deg: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each pan: metres along the walls (u) and horizontal distance to the wall, from the pole."""
    pan = np.radians(pan_deg.astype(np.float64))
    dx, dy = np.sin(pan), np.cos(pan)
    best = np.full(pan.shape, np.inf)
    along = np.zeros(pan.shape)
    for corner, wall, length, start in zip(CORNERS_M, WALLS_M, WALL_LENGTHS_M, WALL_STARTS_M, strict=True):
        determinant = dx * wall[1] - dy * wall[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = (corner[0] * wall[1] - corner[1] * wall[0]) / determinant
            share = (corner[0] * dy - corner[1] * dx) / determinant
        hit = (distance > 0) & (share >= -1e-9) & (share <= 1 + 1e-9) & (distance < best)
        best = np.where(hit, distance, best)
        along = np.where(hit, start + share * length, along)
    return along, best


def wall_point(u: float) -> tuple[float, float]:
    """x, y of the point u metres along the walls."""
    index = bisect.bisect_right(_STARTS, u) - 1
    share = (u - _STARTS[index]) / WALL_LENGTHS_M[index]
    (x, y), (dx, dy) = _CORNERS[index], _WALLS[index]
    return x + share * dx, y + share * dy


def wall_points(u: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """x and y of the points u metres along the walls."""
    index = np.searchsorted(WALL_STARTS_M, u, side="right") - 1
    share = (u - WALL_STARTS_M[index]) / _LENGTHS_M[index]
    x, y = (CORNERS_M[index] + share[:, None] * WALLS_M[index]).T
    return x, y


def direction_deg(x: float, y: float, z: float) -> tuple[float, float]:
    """Pan and tilt under which the camera sees the point."""
    pan = np.degrees(np.arctan2(x, y))
    tilt = np.degrees(np.arctan2(z - CAMERA_HEIGHT_M, np.hypot(x, y)))
    return float(pan), float(tilt)


def _ring(scale: float) -> npt.NDArray[np.int32]:
    points = CORNERS_M * scale
    pixels = np.stack(((points[:, 0] + _HALF_X_M), (_HALF_Y_M - points[:, 1])), axis=1) * GROUND_PX_PER_M
    return pixels.round().astype(np.int32)


def _pattern(rng: np.random.Generator, shape: tuple[int, int], stone_px: tuple[int, int], spread: float) -> Floats:
    """Stones in stretching bond, mean 1."""
    height, width = stone_px
    rows, columns = shape[0] // height + 1, shape[1] // width + 2
    tones = rng.normal(1.0, spread, (rows, columns)).astype(np.float32)
    tile = np.repeat(np.repeat(tones, height, 0), width, 1)
    tile[::height] *= 0.9
    tile[:, ::width] *= 0.94
    for row in range(1, rows, 2):
        tile[row * height : (row + 1) * height] = np.roll(tile[row * height : (row + 1) * height], width // 2, 1)
    return tile[: shape[0], : shape[1]]


def paint_ground(rng: np.random.Generator) -> Image:
    """The ground from above, north up, GROUND_PX_PER_M: pavement, ring road with lane marks, paved square."""
    shape = (round(2 * _HALF_Y_M * GROUND_PX_PER_M), round(2 * _HALF_X_M * GROUND_PX_PER_M))
    color = np.full((*shape, 3), (112, 116, 120), np.uint8)
    cv2.fillPoly(color, [_ring(PAVEMENT_SCALE)], (84, 80, 78))
    cv2.fillPoly(color, [_ring(ROAD_SCALE)], (98, 108, 126))
    road = np.zeros(shape, np.uint8)
    cv2.fillPoly(road, [_ring(PAVEMENT_SCALE)], 255)
    cv2.fillPoly(road, [_ring(ROAD_SCALE)], 0)
    stones = _pattern(rng, shape, (6, 12), 0.07)
    asphalt = rng.normal(1.0, 0.045, shape).astype(np.float32)
    patches = cv2.resize(rng.normal(1.0, 0.06, (24, 34)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    light = np.where(road > 0, asphalt, stones) * patches
    _draw_marks(color)
    light = light * (np.float32(0.82) + _lamplight(shape))
    warm = np.array((0.93, 1.0, 1.06), np.float32)
    return np.clip(color * (light[:, :, None] * warm), 0, 255).astype(np.uint8)


def _draw_marks(color: Image) -> None:
    for scale in (PAVEMENT_SCALE, ROAD_SCALE):
        cv2.polylines(color, [_ring(scale)], True, (146, 150, 152), 6, cv2.LINE_AA)
        cv2.polylines(color, [_ring(scale * 0.996)], True, (60, 58, 58), 2, cv2.LINE_AA)
    middle = (PAVEMENT_SCALE + ROAD_SCALE) / 2
    for corner, wall, length in zip(CORNERS_M, WALLS_M, WALL_LENGTHS_M, strict=True):
        dashes = int(length * middle / 4)
        for index in range(dashes):
            start, end = corner + wall * (index + 0.2) / dashes, corner + wall * (index + 0.65) / dashes
            _stripe(color, start * middle, end * middle, 0.14)
        for stripe in range(6):
            inner = corner + wall * (0.5 + (stripe - 2.5) * 0.9 / length)
            _stripe(color, inner * (ROAD_SCALE + 0.02), inner * (PAVEMENT_SCALE - 0.02), 0.45)
    cv2.circle(color, _pixel(0, 0), 9, (52, 50, 50), -1, cv2.LINE_AA)
    for radius in (4.0, 9.0):
        cv2.circle(color, _pixel(0, 0), round(radius * GROUND_PX_PER_M), (78, 84, 102), 8, cv2.LINE_AA)


def _pixel(x: float, y: float) -> tuple[int, int]:
    return round((x + _HALF_X_M) * GROUND_PX_PER_M), round((_HALF_Y_M - y) * GROUND_PX_PER_M)


def _stripe(color: Image, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], width_m: float) -> None:
    thickness = max(1, round(width_m * GROUND_PX_PER_M))
    cv2.line(color, _pixel(*start), _pixel(*end), (176, 180, 182), thickness, cv2.LINE_AA)


def _lamplight(shape: tuple[int, int]) -> Floats:
    light = np.zeros((shape[0] // 8, shape[1] // 8), np.float32)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]].astype(np.float32)
    for x, y in LAMPS_M:
        column, row = _pixel(x, y)
        squared = (rows - row / 8) ** 2 + (columns - column / 8) ** 2
        light += 0.5 / (1 + squared / 120)
    return cv2.resize(light, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)


def ground_maps(pan_deg: Floats, tilt_deg: Floats) -> tuple[Floats, Floats]:
    """Where each pan × tilt (below the horizon) meets the ground, in pixels of `paint_ground`."""
    reach = CAMERA_HEIGHT_M / np.tan(np.radians(np.maximum(-tilt_deg, 3.0)))
    pan = np.radians(pan_deg)
    x = np.outer(reach, np.sin(pan)) * GROUND_PX_PER_M + _HALF_X_M * GROUND_PX_PER_M
    y = _HALF_Y_M * GROUND_PX_PER_M - np.outer(reach, np.cos(pan)) * GROUND_PX_PER_M
    return x.astype(np.float32), y.astype(np.float32)


def paint_sky(pan_deg: Floats, tilt_deg: Floats, clouds: Floats) -> Image:
    """Dusk: a warm horizon under blue grey, thin clouds. clouds: small random field, 360° × 60°, repeats in pan."""
    height = np.clip(tilt_deg / 38, 0, 1)[:, None] ** 0.75
    low, high = np.array((168, 190, 226), np.float32), np.array((124, 100, 82), np.float32)
    base = low * (1 - height[:, :, None]) + high * height[:, :, None]
    x = np.broadcast_to((pan_deg[None, :] + 180) / 360 * clouds.shape[1], (len(tilt_deg), len(pan_deg)))
    y = np.broadcast_to(np.clip(tilt_deg, 0, 60)[:, None] / 60 * (clouds.shape[0] - 1), x.shape)
    cloud = cv2.remap(clouds, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    toward_sun = 0.5 + 0.5 * np.cos(np.radians(pan_deg - 250))[None, :]
    glow = (1 - height) * toward_sun * 22
    tint = np.array((0.5, 1.0, 1.6), np.float32)
    sky = base + cloud[:, :, None] * np.array((10, 13, 18), np.float32) + glow[:, :, None] * tint
    return np.clip(sky, 0, 255).astype(np.uint8)
