"""What a camera's neighbours and patrols say of other keys: cameras that exist, that turn, that stand still."""

from collections import Counter
from collections.abc import Iterator

from vms.config.model import Camera, SiteConfig

Problem = tuple[tuple[str | int, ...], str]
"""Where below the camera, and what is wrong."""


def link_problems(config: SiteConfig, camera: Camera) -> Iterator[Problem]:
    yield from _neighbour_problems(config, camera)
    sides = Counter(neighbour.side for neighbour in camera.neighbours if neighbour.side)
    for side, count in sides.items():
        if count > 1:
            yield ("neighbours",), f'side "{side}" is given to {count} neighbours; give each its own'
    if camera.patrols and not camera.can_turn:
        yield ("patrols",), "this camera cannot turn; remove its patrols"
    for name, count in Counter(patrol.name for patrol in camera.patrols).items():
        if count > 1:
            yield ("patrols",), f"{name!r} is used {count} times; make it unique"


def _neighbour_problems(config: SiteConfig, camera: Camera) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, neighbour in enumerate(camera.neighbours):
        where = ("neighbours", index)
        other = config.camera(neighbour.id)
        if other is None:
            yield where, f"no camera {neighbour.id!r} in this file"
        elif other.id == camera.id:
            yield where, "a camera is not its own neighbour"
        elif other.id in seen:
            yield where, f"{other.id!r} is named twice"
        elif neighbour.preset and not other.can_turn:
            yield (*where, "preset"), f"{other.id!r} cannot turn to a preset; remove it"
        if neighbour.outline and camera.can_turn:
            yield (*where, "outline"), "this camera turns, and the outline would not; give side instead"
        seen.add(neighbour.id)
