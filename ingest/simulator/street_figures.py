"""Figures in the simulated street: sprites of people, cars, trees and lamps, as planes with alpha. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.picture import Planes, resized

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]
_SHIFT = 4
_PEOPLE: tuple[tuple[Color, Color, Color], ...] = (
    ((96, 74, 52), (52, 46, 44), (40, 44, 52)),
    ((58, 76, 128), (70, 60, 54), (30, 38, 56)),
    ((92, 110, 84), (44, 44, 50), (60, 84, 110)),
    ((62, 62, 66), (96, 84, 66), (22, 26, 30)),
    ((120, 140, 150), (60, 58, 66), (50, 66, 92)),
    ((50, 60, 150), (48, 44, 42), (30, 30, 34)),
)
_CARS: tuple[Color, ...] = ((88, 84, 80), (70, 62, 118), (136, 132, 126), (104, 82, 54))
_TAIL_LAMP: Color = (24, 92, 200)
"""Amber: a coder mixes red beside blue paint into the colour that is reserved for windows, this one more rarely."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """image: Y, U, V and what shines through (255 − alpha); the colours premultiplied.

    Four channels, because OpenCV warps those at half the cost of two or three.
    Stands on the ground, width_m × height_m. smaller: the same at halved sizes.
    """

    image: Image
    width_m: float
    height_m: float
    smaller: list["Sprite"] = field(default_factory=list)

    def level(self, height_px: float) -> "Sprite":
        """The version of this sprite that is at most about twice as large as it will be drawn."""
        chosen = self
        for smaller in self.smaller:
            if smaller.image.shape[0] < height_px:
                break
            chosen = smaller
        return chosen

    def with_levels(self) -> "Sprite":
        image = self.image
        while min(image.shape[:2]) >= 8:
            image = resized(image, (image.shape[1] // 2, image.shape[0] // 2))
            self.smaller.append(Sprite(image, self.width_m, self.height_m))
        return self


class _Canvas:
    def __init__(self, width_m: float, height_m: float, px_per_m: float) -> None:
        self.scale = px_per_m
        self.size_m = (width_m, height_m)
        self.image: Image = np.zeros((round(height_m * px_per_m), round(width_m * px_per_m), 4), np.uint8)

    def _at(self, x: float, z: float) -> tuple[int, int]:
        unit = self.scale * (1 << _SHIFT)
        return round(x * unit), round((self.size_m[1] - z) * unit)

    def polygon(self, points: list[tuple[float, float]], color: Color) -> None:
        pixels = np.array([self._at(x, z) for x, z in points], np.int32)
        cv2.fillPoly(self.image, [pixels], (*color, 255), cv2.LINE_AA, _SHIFT)

    def disc(self, x: float, z: float, radius: float, color: Color) -> None:
        pixels = round(radius * self.scale * (1 << _SHIFT))
        cv2.circle(self.image, self._at(x, z), pixels, (*color, 255), -1, cv2.LINE_AA, _SHIFT)

    def line(self, a: tuple[float, float], b: tuple[float, float], width: float, color: Color) -> None:
        thickness = max(1, round(width * self.scale))
        cv2.line(self.image, self._at(*a), self._at(*b), (*color, 255), thickness, cv2.LINE_AA, _SHIFT)

    def shadow(self, x: float, half_width: float, height: float) -> None:
        """What keeps a figure on the ground instead of floating above it."""
        axes = round(half_width * self.scale), max(1, round(height * self.scale))
        foot = round(x * self.scale), self.image.shape[0] - axes[1]
        cv2.ellipse(self.image, foot, axes, 0, 0, 360, (24, 22, 22, 120), -1, cv2.LINE_AA)

    def sprite(self) -> Sprite:
        return sprite_of(self.image, *self.size_m)


def sprite_of(image: Image, width_m: float, height_m: float) -> Sprite:
    """A BGRA picture (straight alpha; edge pixels darkened towards black count as ink) as a sprite."""
    alpha = image[:, :, 3]
    planes = [cv2.multiply(plane, alpha, scale=1 / 255) for plane in bgr_to_yuv444(image[:, :, :3])]
    ink = np.asarray(cv2.merge([*planes, cv2.bitwise_not(alpha)]), np.uint8)
    return Sprite(ink, width_m, height_m).with_levels()


def bgr_to_yuv444(image: Image) -> tuple[Image, Image, Image]:
    """BT.601 limited range, the range of every plane in the simulator."""
    blue, green, red = (image[..., index].astype(np.float32) for index in range(3))
    y = 16 + 0.0979 * blue + 0.5041 * green + 0.2568 * red
    u = 128 + 0.4392 * blue - 0.2910 * green - 0.1482 * red
    v = 128 - 0.0714 * blue - 0.3678 * green + 0.4392 * red
    planes = [np.clip(plane + 0.5, 0, 255).astype(np.uint8) for plane in (y, u, v)]
    return planes[0], planes[1], planes[2]


def person(kind: int, stride: float) -> Sprite:
    """A walker facing right. stride −1…1: where the legs are."""
    coat, trousers, hair = _PEOPLE[kind % len(_PEOPLE)]
    height = 1.7 + 0.04 * (kind % 4)
    canvas = _Canvas(1.0, 1.95, 130)
    hip, shoulder, x = height * 0.5, height * 0.82, 0.5
    dark: Color = (int(trousers[0] * 0.7), int(trousers[1] * 0.7), int(trousers[2] * 0.7))
    reach = 0.24 * stride
    canvas.shadow(x, 0.4, 0.05)
    canvas.line((x, hip), (x - reach, 0.06), 0.15, dark)
    canvas.line((x - reach, 0.05), (x - reach + 0.12, 0.05), 0.09, (34, 32, 32))
    canvas.line((x, hip), (x + reach, 0.06), 0.15, trousers)
    canvas.line((x + reach, 0.05), (x + reach + 0.12, 0.05), 0.09, (34, 32, 32))
    canvas.polygon(
        [(x - 0.19, hip - 0.1), (x + 0.19, hip - 0.1), (x + 0.2, shoulder), (x, shoulder + 0.08), (x - 0.2, shoulder)],
        coat,
    )
    sleeve: Color = (int(coat[0] * 0.8), int(coat[1] * 0.8), int(coat[2] * 0.8))
    canvas.line((x, shoulder - 0.06), (x - reach * 0.8, hip + 0.02), 0.11, sleeve)
    canvas.disc(x - reach * 0.8, hip, 0.05, (116, 142, 182))
    canvas.disc(x + 0.02, height - 0.12, 0.115, (122, 150, 192))
    canvas.disc(x - 0.015, height - 0.085, 0.115, hair)
    canvas.disc(x + 0.06, height - 0.15, 0.07, (122, 150, 192))
    return canvas.sprite()


def car(kind: int) -> Sprite:
    """A car seen from its right side, driving to the right."""
    paint = _CARS[kind % len(_CARS)]
    low: Color = (int(paint[0] * 0.72), int(paint[1] * 0.72), int(paint[2] * 0.72))
    canvas = _Canvas(4.4, 1.6, 90)
    canvas.shadow(2.2, 2.1, 0.13)
    canvas.polygon([(0.1, 0.3), (4.3, 0.3), (4.33, 0.7), (4.1, 0.86), (3.2, 0.98), (0.3, 1.0), (0.08, 0.8)], paint)
    canvas.polygon([(0.5, 0.95), (3.3, 0.95), (2.6, 1.46), (1.2, 1.5)], paint)
    canvas.polygon([(0.75, 1.0), (1.86, 1.0), (1.86, 1.4), (1.28, 1.41)], (70, 62, 54))
    canvas.polygon([(1.96, 1.0), (3.0, 1.0), (2.5, 1.38), (1.96, 1.4)], (78, 70, 60))
    canvas.polygon([(0.1, 0.3), (4.3, 0.3), (4.32, 0.48), (0.1, 0.48)], low)
    canvas.polygon([(4.1, 0.66), (4.32, 0.62), (4.32, 0.74), (4.12, 0.8)], (190, 236, 250))
    canvas.polygon([(0.08, 0.7), (0.2, 0.7), (0.22, 0.86), (0.1, 0.84)], _TAIL_LAMP)
    for x in (0.9, 3.45):
        canvas.disc(x, 0.33, 0.33, (30, 28, 28))
        canvas.disc(x, 0.33, 0.19, (128, 126, 122))
    return canvas.sprite()


def tree(rng: np.random.Generator) -> Sprite:
    canvas = _Canvas(4.6, 6.2, 60)
    canvas.line((2.3, 0.0), (2.3, 3.2), 0.22, (44, 54, 66))
    canvas.line((2.3, 2.4), (1.5, 3.6), 0.12, (44, 54, 66))
    canvas.line((2.3, 2.6), (3.1, 3.7), 0.12, (44, 54, 66))
    for _ in range(210):
        angle, radius = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1) ** 0.6
        x, z = 2.3 + 1.75 * radius * np.cos(angle), 4.2 + 1.45 * radius * np.sin(angle)
        light = 0.65 + 0.35 * (z - 2.8) / 3.0 + rng.uniform(-0.16, 0.16)
        canvas.disc(float(x), float(z), rng.uniform(0.12, 0.36), (int(52 * light), int(92 * light), int(84 * light)))
    return canvas.sprite()


def lamp() -> Sprite:
    canvas = _Canvas(1.0, 4.6, 80)
    canvas.line((0.5, 0.0), (0.5, 4.1), 0.09, (54, 50, 48))
    canvas.polygon([(0.42, 0), (0.58, 0), (0.55, 0.8), (0.45, 0.8)], (54, 50, 48))
    canvas.polygon([(0.3, 4.4), (0.7, 4.4), (0.62, 4.0), (0.38, 4.0)], (170, 226, 250))
    canvas.polygon([(0.24, 4.4), (0.76, 4.4), (0.5, 4.58)], (54, 50, 48))
    return canvas.sprite()


Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
Box = tuple[int, int, int, int]
"""left, top, right, bottom."""
_MIN_HEIGHT_PX = 2.0


def blend(
    planes: Planes, sprite: Sprite, corners: Corners, *, mirrored: bool = False, clips: Sequence[Box] | None = None
) -> Box | None:
    """Draw the sprite so that its top-left, top-right and bottom-left come to `corners` (x, y in luma pixels).

    clips: even boxes; only what lies in their common frame is drawn, as far as the sprite meets any of them.
    Returns the box that may have changed, in even luma pixels; None if nothing did.
    """
    if mirrored:
        (left_x, left_y), (right_x, right_y), (foot_x, foot_y) = corners
        moved = (foot_x + right_x - left_x, foot_y + right_y - left_y)
        corners = ((right_x, right_y), (left_x, left_y), moved)
    height = math.hypot(corners[2][0] - corners[0][0], corners[2][1] - corners[0][1])
    if height < _MIN_HEIGHT_PX:
        return None
    box: Box | None = _box(planes, corners)
    if box is not None and clips is not None:
        box = _frame([common for clip in clips if (common := _common(box, clip)) is not None])
    if box is None:
        return None
    level = sprite.level(height)
    left, top, right, bottom = box
    _blend_planes({0: planes[0]}, level.image, corners, box)
    a, b, c = corners
    halves = ((a[0] / 2, a[1] / 2), (b[0] / 2, b[1] / 2), (c[0] / 2, c[1] / 2))
    _blend_planes({1: planes[1], 2: planes[2]}, level.image, halves, (left // 2, top // 2, right // 2, bottom // 2))
    return box


def _box(planes: Planes, corners: Corners) -> Box | None:
    """What a sprite at `corners` takes of the picture, with a margin."""
    (ax, ay), (bx, by), (cx, cy) = corners
    xs, ys = (ax, bx, cx, bx + cx - ax), (ay, by, cy, by + cy - ay)
    left, top = max(0, math.floor(min(xs) / 2) - 1), max(0, math.floor(min(ys) / 2) - 1)
    right = min(math.ceil(max(xs) / 2) + 1, planes[1].shape[1])
    bottom = min(math.ceil(max(ys) / 2) + 1, planes[1].shape[0])
    return None if left >= right or top >= bottom else (left * 2, top * 2, right * 2, bottom * 2)


def _common(a: Box, b: Box) -> Box | None:
    left, top, right, bottom = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return None if left >= right or top >= bottom else (left, top, right, bottom)


def _frame(boxes: list[Box]) -> Box | None:
    """The smallest box round all of them."""
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


_CLEAR = (0, 0, 0, 255)
"""Beyond a sprite's edge: no colour, everything shines through."""


def _blend_planes(targets: dict[int, Image], source: Image, corners: Corners, box: Box) -> None:
    """targets: by the sprite's channel that goes there."""
    left, top, right, bottom = box
    rows, columns = source.shape[:2]
    (ax, ay), (bx, by), (cx, cy) = corners
    matrix = np.array(
        (((bx - ax) / columns, (cx - ax) / rows, ax - left), ((by - ay) / columns, (cy - ay) / rows, ay - top))
    )
    size = (right - left, bottom - top)
    warped = cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderValue=_CLEAR)
    through = cv2.extractChannel(warped, 3)
    for channel, target in targets.items():
        under = target[top:bottom, left:right]
        cv2.multiply(under, through, dst=under, scale=1 / 255)
        cv2.add(under, cv2.extractChannel(warped, channel), dst=under)
