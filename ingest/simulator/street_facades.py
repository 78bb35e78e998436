"""The façades of the simulated square, drawn flat in metres: homes, shops and their roofs. Pure.

A façade strip runs along the walls of the square; u is metres along the walls, z metres above the ground. What
has to be true for tests is a value (Home, HomeWindow), the rest is decoration from a seeded generator.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ingest.simulator.model import WINDOW_BGR
from ingest.simulator.overlay import draw_text

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]
"""Blue, green, red."""

STRIP_HEIGHT_M = 15.0
FRAME_M = 0.10
"""Width of the frame round a window: part of its ground-truth polygon, not painted in the reserved colour."""
_SHIFT = 4
_BRICKS: tuple[Color, ...] = (
    (62, 72, 116),
    (74, 86, 138),
    (88, 104, 132),
    (58, 62, 92),
    (96, 120, 150),
    (128, 148, 168),
    (84, 92, 104),
    (70, 90, 120),
)
_TRIMS: tuple[Color, ...] = ((198, 206, 212), (180, 190, 198), (206, 210, 206))
_DOORS: tuple[Color, ...] = ((60, 74, 40), (84, 52, 34), (44, 44, 104), (50, 50, 52), (92, 84, 48))
_SIGNS: tuple[tuple[str, Color], ...] = (
    ("Bakkerij Bos", (38, 66, 96)),
    ("De Zwaan", (46, 80, 46)),
    ("Boekhandel", (96, 60, 34)),
    ("Fietsen", (30, 92, 120)),
    ("Apotheek", (60, 92, 32)),
    ("Café Markt", (34, 34, 92)),
    ("Bloemen", (70, 96, 40)),
    ("Slagerij", (48, 44, 110)),
    ("Kapper", (92, 76, 60)),
    ("Optiek", (88, 88, 36)),
)


@dataclass(frozen=True, slots=True)
class HomeWindow:
    """Rectangle of one window with its frame, in metres on the strip."""

    u0: float
    u1: float
    z0: float
    z1: float


@dataclass(frozen=True, slots=True)
class House:
    """number: house number when it is a home, else 0. sign: index of the shop's sign, −1 for none."""

    u0: float
    width: float
    eaves: float
    gable: str
    brick: Color
    trim: Color
    door: Color
    number: int
    sign: int
    windows: tuple[HomeWindow, ...]


def _row(u0: float, width: float, count: int, window_m: tuple[float, float], z0: float) -> list[HomeWindow]:
    pitch = width / count
    half = window_m[0] / 2
    centres = [u0 + pitch * (index + 0.5) for index in range(count)]
    return [HomeWindow(centre - half, centre + half, z0, z0 + window_m[1]) for centre in centres]


def _windows(rng: np.random.Generator, u0: float, width: float, eaves: float, shop: bool) -> list[HomeWindow]:
    columns = 3 if width > 6.4 else 2
    wide = min(1.35, width / columns * 0.5)
    windows: list[HomeWindow] = []
    if not shop:
        door_m = 1.9
        windows += _row(u0 + door_m, width - door_m - 0.3, columns - 1, (wide * 1.1, 1.75), 0.85)
    windows += _row(u0 + 0.3, width - 0.6, columns, (wide, 1.7), 4.0)
    if eaves > 8.4:
        windows += _row(u0 + 0.3, width - 0.6, columns, (wide * 0.9, 1.3 + 0.1 * rng.integers(2)), 6.75)
    return windows


def build_houses(rng: np.random.Generator, wall_lengths: list[float]) -> list[House]:
    """Houses that fill every wall exactly, from left to right."""
    houses: list[House] = []
    number = 1
    start = 0.0
    signs = 0
    for length in wall_lengths:
        count = max(1, round(length / 6.6))
        shares = rng.uniform(0.85, 1.15, count)
        widths = shares / shares.sum() * length
        u0 = start
        for width in widths.tolist():
            shop = signs < len(_SIGNS) and rng.random() < 0.36
            eaves = float(rng.choice((7.2, 8.6, 9.1, 9.6)))
            houses.append(
                House(
                    u0,
                    width,
                    eaves,
                    str(rng.choice(("flat", "step", "bell", "tiles", "tiles"))),
                    _BRICKS[int(rng.integers(len(_BRICKS)))],
                    _TRIMS[int(rng.integers(len(_TRIMS)))],
                    _DOORS[int(rng.integers(len(_DOORS)))],
                    number,
                    signs if shop else -1,
                    tuple(_windows(rng, u0, width, eaves, shop)),
                )
            )
            signs += shop
            number += 2 if number % 2 == 0 else 1
            u0 += width
        start += length
    return houses


def brick_texture(rng: np.random.Generator, px_per_m: float) -> Image:
    """A grey tile of about 4 m square: 128 = unchanged, mortar lines and mottled bricks. Repeats seamlessly."""
    course = max(2, round(0.1 * px_per_m))
    brick = course * 3
    rows, columns = max(2, round(4 * px_per_m / course)) // 2 * 2, max(2, round(4 * px_per_m / brick))
    tones = rng.normal(128, 8, (rows, columns))
    tile = np.repeat(np.repeat(tones, course, 0), brick, 1)
    for row in range(rows):
        if row % 2:
            tile[row * course : (row + 1) * course] = np.roll(tile[row * course : (row + 1) * course], brick // 2, 1)
        tile[row * course] += 9
    mottle = cv2.resize(rng.normal(0, 8, (9, 9)), (tile.shape[1], tile.shape[0]), interpolation=cv2.INTER_CUBIC)
    tile += mottle + rng.normal(0, 5, tile.shape)
    return np.clip(tile, 0, 255).astype(np.uint8)


def _shade(color: Color, factor: float) -> Color:
    return (
        min(255, int(color[0] * factor)),
        min(255, int(color[1] * factor)),
        min(255, int(color[2] * factor)),
    )


class FacadePainter:
    """Paints a piece of the strip, [u0, u1) metres, at any scale. The result is BGRA; alpha 0 is sky."""

    def __init__(self, u0: float, u1: float, px_per_m: float, texture: Image) -> None:
        self.px_per_m = px_per_m
        self.u0 = u0
        height, width = round(STRIP_HEIGHT_M * px_per_m), max(2, round((u1 - u0) * px_per_m))
        self.image: Image = np.zeros((height, width, 4), np.uint8)
        self._texture = texture

    def paint(self, houses: list[House]) -> Image:
        for house in houses:
            self._wall(house)
        self._texturize()
        for house in houses:
            self._details(house)
        return self.image

    def _polygon(self, points: list[tuple[float, float]], color: Color) -> None:
        scale = self.px_per_m * (1 << _SHIFT)
        top = STRIP_HEIGHT_M
        pixels = np.array([((u - self.u0) * scale, (top - z) * scale) for u, z in points]).round().astype(np.int32)
        cv2.fillPoly(self.image, [pixels], (*color, 255), cv2.LINE_AA, _SHIFT)

    def _box(self, u0: float, u1: float, z0: float, z1: float, color: Color) -> None:
        self._polygon([(u0, z0), (u1, z0), (u1, z1), (u0, z1)], color)

    def _texturize(self) -> None:
        height, width = self.image.shape[:2]
        tile_h, tile_w = self._texture.shape
        phase = round(self.u0 * self.px_per_m) % tile_w
        tile = np.roll(self._texture, -phase, axis=1)
        tiled = np.tile(tile, (-(-height // tile_h), -(-width // tile_w)))[:height, :width]
        keep = np.full_like(tiled, 128)
        shaded = cv2.multiply(self.image, cv2.merge([tiled, tiled, tiled, keep]), scale=1 / 128)
        self.image = np.asarray(shaded, np.uint8)

    def _wall(self, house: House) -> None:
        u0, u1, eaves = house.u0, house.u0 + house.width, house.eaves
        middle, width = (u0 + u1) / 2, house.width
        roof = (64, 58, 62) if house.number % 3 else (56, 62, 92)
        if house.gable in ("tiles", "flat"):
            top = eaves + (3.2 if house.gable == "tiles" else 1.1)
            inset = 0.25 if house.gable == "tiles" else 0.0
            self._polygon([(u0, eaves), (u1, eaves), (u1 - inset, top), (u0 + inset, top)], roof)
        elif house.gable == "step":
            for step in range(4):
                half = width / 2 * (1 - step * 0.24)
                self._box(middle - half, middle + half, eaves, eaves + 0.85 * (step + 1), house.brick)
        else:
            curve = [(1.0, 0.0), (0.82, 0.5), (0.5, 1.1), (0.42, 2.2), (0.24, 2.7), (0.0, 2.95)]
            left = [(middle - width / 2 * x, eaves + z) for x, z in curve]
            right = [(middle + width / 2 * x, eaves + z) for x, z in reversed(curve)]
            self._polygon(left + right, house.brick)
        self._box(u0, u1, 0.0, eaves, house.brick)
        self._box(u0, u1, 0.0, 0.5, _shade(house.brick, 0.62))

    def _details(self, house: House) -> None:
        u0, u1, eaves = house.u0, house.u0 + house.width, house.eaves
        self._box(u0, u0 + 0.06, 0, eaves, _shade(house.brick, 0.55))
        self._box(u0 - 0.02, u1 + 0.02, eaves - 0.12, eaves + 0.16, house.trim)
        self._box(u0, u1, 3.38, 3.52, _shade(house.trim, 0.8))
        if house.gable == "tiles":
            self._dormer(house)
        elif house.gable in ("step", "bell"):
            middle = (u0 + u1) / 2
            self._box(middle - 0.42, middle + 0.42, eaves + 0.75, eaves + 1.75, house.trim)
            self._box(middle - 0.3, middle + 0.3, eaves + 0.85, eaves + 1.65, (48, 44, 42))
        if house.sign >= 0:
            self._shop(house)
        else:
            self._door(house)
        for window in house.windows:
            self._window(house, window)

    def _dormer(self, house: House) -> None:
        middle, base = house.u0 + house.width / 2, house.eaves + 0.7
        self._box(middle - 0.9, middle + 0.9, base, base + 1.5, _shade(house.trim, 0.9))
        self._box(middle - 0.7, middle + 0.7, base + 0.2, base + 1.25, (52, 48, 46))
        self._box(middle - 1.05, middle + 1.05, base + 1.5, base + 1.68, (70, 66, 64))
        chimney = house.u0 + house.width * 0.85
        self._box(chimney - 0.3, chimney + 0.3, house.eaves + 2.6, house.eaves + 4.0, _shade(house.brick, 0.7))

    def _door(self, house: House) -> None:
        left = house.u0 + 0.55
        self._box(left - 0.12, left + 1.12, 0, 2.95, house.trim)
        self._box(left, left + 1.0, 0.12, 2.2, house.door)
        self._box(left + 0.12, left + 0.88, 2.3, 2.8, (96, 150, 186))
        self._box(left + 0.15, left + 0.85, 0.35, 1.0, _shade(house.door, 0.75))
        self._box(left + 0.15, left + 0.85, 1.15, 2.0, _shade(house.door, 0.75))
        self._box(left - 0.2, left + 1.2, 0, 0.12, (120, 124, 126))

    def _shop(self, house: House) -> None:
        text, color = _SIGNS[house.sign]
        u0, u1 = house.u0 + 0.25, house.u0 + house.width - 0.25
        self._box(u0, u1, 0, 3.35, _shade(color, 0.9))
        door = u1 - 1.25
        self._box(u0 + 0.2, door - 0.25, 0.55, 2.45, (118, 176, 206))
        self._box(u0 + 0.2, door - 0.25, 0.55, 0.95, (86, 122, 148))
        for share in (0.33, 0.66):
            bar = u0 + (door - u0) * share
            self._box(bar - 0.04, bar + 0.04, 0.55, 2.45, _shade(color, 0.7))
        self._box(door, door + 1.0, 0.1, 2.45, (104, 158, 188))
        self._box(door + 0.06, door + 0.94, 0.1, 0.8, _shade(color, 0.75))
        stripes = max(6, int((u1 - u0) / 0.45))
        step = (u1 - u0) / stripes
        for index in range(stripes):
            shade = (204, 208, 210) if index % 2 else _shade(color, 1.25)
            self._polygon(
                [
                    (u0 + index * step, 2.75),
                    (u0 + (index + 1) * step, 2.75),
                    (u0 + (index + 1) * step, 2.4),
                    (u0 + (index + 0.5) * step, 2.28),
                    (u0 + index * step, 2.4),
                ],
                shade,
            )
        self._box(u0, u1, 2.75, 3.35, _shade(color, 0.72))
        self._sign(text, (u0 + u1) / 2, u1 - u0 - 0.4)

    def _sign(self, text: str, middle: float, room_m: float) -> None:
        em_px = round(0.46 * self.px_per_m)
        if em_px < 6:
            return
        ink = draw_text(text, em_px, 700)
        ink = ink[:, : round(room_m * self.px_per_m)]
        left = round((middle - self.u0) * self.px_per_m - ink.shape[1] / 2)
        top = round((STRIP_HEIGHT_M - 3.05) * self.px_per_m - ink.shape[0] / 2)
        cut = max(0, -left)
        if cut >= ink.shape[1]:
            return
        target = self.image[top : top + ink.shape[0], left + cut : left + ink.shape[1], :3]
        share = ink[: target.shape[0], cut : cut + target.shape[1], None].astype(np.float32) / 255
        target[:] = target * (1 - share) + np.array((206, 226, 236), np.float32) * share

    def _window(self, house: House, window: HomeWindow) -> None:
        u0, u1, z0, z1 = window.u0, window.u1, window.z0, window.z1
        self._box(u0 - 0.06, u1 + 0.06, z0 - 0.16, z0, _shade(house.trim, 0.7))
        self._box(u0 - 0.03, u1 + 0.03, z1, z1 + 0.2, _shade(house.brick, 0.7))
        self._box(u0, u1, z0, z1, house.trim)
        self._box(u0 + FRAME_M, u1 - FRAME_M, z0 + FRAME_M, z1 - FRAME_M, WINDOW_BGR)
