"""What `vms bench glass` measures with: each picture once, decoded, its age by its own clock."""

from pathlib import Path

from live_site import FPS, HEIGHT, WIDTH, running_site, site_config

from vms.cli.bench_glass import glass_figure
from vms.clock import SystemClock
from web.live.glass import Seen, watch_glass


def test_every_picture_of_a_stream_is_decoded_and_asked_for_its_clock(tmp_path: Path) -> None:
    clock, shapes = SystemClock(), []

    def read_clock(luma: object) -> int | None:
        shapes.append(luma.shape)  # type: ignore[attr-defined]
        return clock.now_us() - 30_000 if len(shapes) % 2 else None

    with running_site(site_config(tmp_path, [{"id": "vrij", "masks": "none"}])) as site:
        camera = site.add("vrij")
        before: list[int] = []

        def measured() -> None:
            before.append(camera.encoded)
            clock.sleep_s(1.0)
            before.append(camera.encoded)

        [seen] = watch_glass(site.config.live_socket, [("vrij", "tile")], clock, read_clock, 0.3, measured)
    assert set(shapes) == {(HEIGHT, WIDTH)}
    sent = before[1] - before[0]
    assert abs(len(seen.ages_us) + seen.unreadable - sent) <= 2
    assert sent >= FPS / 2
    assert all(0 < age_us <= 30_000 for age_us in seen.ages_us)


def test_percentiles_are_of_the_pictures_that_could_be_read() -> None:
    figure = glass_figure("passed", Seen("markt", "tile", tuple(range(1000, 101_000, 1000)), 3))
    assert (figure.p50_ms, figure.p95_ms, figure.max_ms) == (51.0, 96.0, 100.0)
    assert (figure.pictures, figure.unreadable) == (100, 3)
    assert glass_figure("passed", Seen("markt", "tile", (), 7)).pictures == 0
